"""The targets of a regressor as numbers, and its loss."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import column_or_1d

from skscratch._compat import InvalidParameterError
from skscratch.core.losses import REGRESSION_LOSSES, Loss, RegressionLoss
from skscratch.core.regression_losses import Quantile
from skscratch.estimators._validation import in_targets, refuse_dates

__all__ = ["columns", "numbers", "regression_loss"]


def regression_loss(loss: str | Loss, quantile: float | Sequence[float]) -> RegressionLoss:
    """Return the loss that the parameters ask for.

    Raises
    ------
    InvalidParameterError
        If ``quantile`` holds no levels, or ``loss`` is no loss of regression.
    """
    if isinstance(loss, str):
        if loss != "quantile":
            return REGRESSION_LOSSES[loss]
        levels: list[Any] = np.atleast_1d(np.asarray(quantile, dtype=object)).tolist()
        real = all(isinstance(level, Real) for level in levels)
        if not (levels and real and all(a < b for a, b in pairwise([0, *levels, 1]))):
            raise InvalidParameterError(
                "quantile must be a number between 0 and 1, or an increasing list of them. Got "
                f"{quantile!r}."
            )
        return Quantile(tuple(map(float, levels)))
    if isinstance(loss, type) or not hasattr(loss, "target_scale"):
        raise InvalidParameterError(
            f"loss must be one of {[*REGRESSION_LOSSES]}, or an object like "
            f"skscratch.core.regression_losses.Huber(0.5). Got {loss!r}."
        )
    return cast(RegressionLoss, loss)


def numbers(y: Any, argument: str) -> NDArray[Any]:
    """Return targets as floats: (n,), or (n, q) for several."""
    if issparse(y):
        raise TypeError(f"{argument} must be dense for a regressor. Convert it with toarray().")
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    refuse_dates(argument, y)
    if y.dtype.kind not in "biuf":
        given = y
        try:
            y = given.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(
                f"{argument} must hold numbers; got {y.dtype}.{in_targets(y)} For classes there is "
                "ScratchMLPClassifier."
            ) from None
        if not np.isfinite(y).all():  # None becomes NaN
            raise ValueError(f"{argument} must hold finite numbers.{in_targets(given)}")
    floats: NDArray[Any] = y if y.dtype.kind == "f" else y.astype(np.float64)
    return floats


def columns(y: NDArray[Any], loss: RegressionLoss, argument: str) -> NDArray[Any]:
    """Return targets as columns (n, q) of float64; refuse those outside of the loss's range."""
    fault = loss.accepts(y)
    if fault:
        raise ValueError(f"{argument}: {fault}")
    return y.reshape(len(y), -1).astype(np.float64, copy=False)
