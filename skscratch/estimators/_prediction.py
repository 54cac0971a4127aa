"""Predictions: logits of checked rows, and functions of them, in bounded memory."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscratch._warnings import quiet
from skscratch.core.network import Architecture, Parameters, in_blocks, outputs, rows_per_buffer
from skscratch.estimators._fitted import fitted_network, fitted_parameters
from skscratch.estimators._messages import not_finite
from skscratch.estimators._validation import check_prediction_data
from skscratch.training.threads import blas_threads, largest_product

__all__ = ["FEW", "finished", "finished_by", "finished_checked"]

# For fewer rows, a prediction takes less time than finding the zeros between members.
FEW = 200


def finished(
    estimator: Any, X: Any, finish: Callable[[Any], Any], n_layers: int | None = None
) -> NDArray[Any]:
    """Return ``finish(logits)`` of X, some rows at a time; it may overwrite the logits.

    The logits have the finer precision of those of X and of the network. With ``n_layers``, they
    are the inputs of the activation of that layer, counted from 1.

    Raises
    ------
    ValueError
        If X is not as described, or if a logit is not finite.
    """
    # overflow is checked for below; differences of finite logits may overflow
    with quiet():
        return finished_checked(estimator, check_prediction_data(estimator, X), finish, n_layers)


def finished_checked(
    estimator: Any, X: Any, finish: Callable[[Any], Any], n_layers: int | None = None
) -> NDArray[Any]:
    """Return what ``finished`` does, for an X that is already checked."""
    params = fitted_parameters(estimator)  # first, because it checks coefs_
    arch = fitted_network(estimator)
    if estimator.n_members_ > 1 and X.shape[0] > FEW:
        params = in_blocks(params, estimator.n_members_)
    if n_layers is not None:
        sizes, functions = arch.sizes[: n_layers + 1], arch.activations[: n_layers - 1]
        arch = replace(arch, sizes=sizes, activations=functions, dropout=())
        params = Parameters(*(part[:n_layers] for part in params))
    return _computed(estimator, arch, params, X, finish)


def finished_by(
    estimator: Any,
    arch: Architecture,
    networks: Sequence[Parameters],
    X: Any,
    finish: Callable[[Any], Any],
) -> NDArray[Any]:
    """Return what ``finished`` would for each of some networks, parts of an estimator's.

    The array has one more axis in front.
    """
    with quiet():
        X = check_prediction_data(estimator, X)
        return np.stack([_computed(estimator, arch, params, X, finish) for params in networks])


def _computed(
    estimator: Any, arch: Architecture, params: Parameters, X: Any, finish: Callable[[Any], Any]
) -> NDArray[Any]:
    """Return ``finish(logits)`` of a network for checked X."""
    dtype = params.weights[0].dtype
    if X.dtype != dtype:
        dtype = np.result_type(X.dtype, dtype)

    def checked(z: Any) -> Any:
        # a sum is faster, but may overflow
        if not (math.isfinite(z.sum()) or np.isfinite(z).all()):
            raise ValueError(
                not_finite(estimator)
                or f"X or the network's parameters are too large for {z.dtype}: its output "
                "overflows."
            )
        return finish(z.astype(dtype, copy=False))

    rows = rows_per_buffer(arch, X)
    with blas_threads(largest_product(params, X, min(rows, X.shape[0]))):
        result: NDArray[Any] = outputs(arch, params, X, rows, checked)
    return result
