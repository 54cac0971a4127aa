"""Fitted attributes, which come from a fit, a file or the user's hand, as the core takes them."""

import reprlib
from itertools import pairwise
from typing import Any

import numpy as np

from skscratch.core.network import Parameters
from skscratch.estimators._constraints import CONSTRAINTS

__all__ = ["check_complete", "fitted_parameters"]

# What a fitted model cannot predict without, and what it cannot be trained further without.
PREDICTS = (
    "coefs_", "intercepts_", "classes_", "n_features_in_", "n_outputs_", "out_activation_",
    "_activation", "_label_dtype",
)  # fmt: skip
GOES_ON = ("history_", "n_iter_", "t_", "best_loss_", "best_validation_score_", "_continuation")
STREAMS = ("seed", "shuffle", "dropout", "memory")


def check_complete(estimator: Any) -> None:
    """Raise unless a loaded estimator has its parameters and, if it is fitted, a whole network.

    Raises
    ------
    ValueError
        Naming what is missing, or the arrays that do not fit each other.
    """
    state = vars(estimator)
    needed = [name for name in estimator._get_param_names() if name in CONSTRAINTS]
    fitted = "coefs_" in state or "intercepts_" in state
    if fitted:
        needed += PREDICTS
        if any(name in state for name in GOES_ON):
            needed += GOES_ON
    missing = [name for name in needed if name not in state]
    streams = state.get("_continuation", dict.fromkeys(STREAMS))
    missing += [f"_continuation[{name!r}]" for name in STREAMS if name not in streams]
    if missing:
        raise ValueError(
            f"The saved state of a {type(estimator).__name__} is incomplete: it lacks "
            f"{', '.join(missing)}. Load it as it was saved, by pickle, joblib or skops."
        )
    if fitted:
        fitted_parameters(estimator)


def fitted_parameters(estimator: Any) -> Parameters:
    """Return ``coefs_`` and ``intercepts_`` as arrays of one dtype; those that have it are shared.

    The dtype is that of the first weights, in the byte order of this machine; but numbers that are
    neither float32 nor float64, lists among them, become float64.

    Raises
    ------
    ValueError
        If they do not make a network of the features and outputs that the estimator knows.
    """
    weights, biases = _arrays(estimator, "coefs_", 2), _arrays(estimator, "intercepts_", 1)
    sizes = [estimator.n_features_in_, *(b.shape[0] for b in biases)]
    shapes = [W.shape for W in weights]
    if shapes != [*pairwise(sizes)] or sizes[-1] != estimator.n_outputs_:
        raise ValueError(
            f"coefs_ of shapes {shapes} and intercepts_ of shapes {[b.shape for b in biases]} do "
            f"not make a network of {estimator.n_features_in_} features and "
            f"{estimator.n_outputs_} outputs: a layer of shape (p, q) needs q intercepts, and the "
            "next layer the shape (q, r)."
        )
    dtype = weights[0].dtype
    dtype = dtype.newbyteorder("=") if dtype.char in "fd" else np.dtype(float)
    return Parameters(
        *([array.astype(dtype, copy=False) for array in p] for p in (weights, biases))
    )


def _arrays(estimator: Any, name: str, ndim: int) -> list[Any]:
    """Return an attribute's arrays; what users have put there may be lists of numbers."""
    try:
        arrays = [np.asarray(array) for array in getattr(estimator, name)]
        good = all(array.ndim == ndim and array.dtype.kind in "fiub" for array in arrays)
    except (TypeError, ValueError):  # nothing to iterate over; rows of several lengths
        good = False
    if not good:
        raise ValueError(
            f"{name} must be a list with an array of numbers, of {ndim} dimension(s), for each "
            f"layer. Got {reprlib.repr(getattr(estimator, name))}."
        )
    return arrays
