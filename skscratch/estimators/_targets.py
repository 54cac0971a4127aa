"""The targets of a regressor as numbers, and its loss."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from numbers import Real
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import column_or_1d

from skscratch._compat import InvalidParameterError
from skscratch._faults import in_targets
from skscratch._kinds import refuse_dates
from skscratch._warnings import warn
from skscratch.core.losses import REGRESSION_LOSSES, Loss, RegressionLoss
from skscratch.core.regression_losses import AbsoluteError, Quantile, SquaredError
from skscratch.estimators._former import is_of_user
from skscratch.estimators._objects import check_loss
from skscratch.estimators._validation import naming
from skscratch.training.scaling import FINENESS, TargetScaling

__all__ = [
    "check_continues",
    "check_own_loss",
    "columns",
    "find_target_scaling",
    "numbers",
    "regression_loss",
    "warn_of_other_targets",
    "warn_of_other_validation",
]

# The methods and attributes that a custom loss must have.
PROTOCOL = [
    name for kind in (Loss, RegressionLoss) for name in vars(kind) if not name.startswith("_")
]
# The number of targets on which such a loss is checked.
A_FEW = 8
# Targets that are all equal get a scale this much smaller, so that they are predicted closely.
OF_CONSTANTS = 2.0**-20
# One of at least so many targets that has more than this share of the variance is an outlier.
MANY, TOO_MUCH = 20, 0.5
# The losses that outliers dominate.
NOT_ROBUST = ("squared_error", "poisson", "gamma")
# Targets that are further from the median, in robust standard deviations, are outliers.
FAR = 1000
# Targets vary by less than this fraction of their size, inverted: too little for an exponential,
# and too little for float32.
SMALL_SPREAD, COARSE = 100, 2.0**13
# Predictions may be so many times as large as the scale of the targets.
HEADROOM = 1e6
# Targets that are larger than those of the first call by this factor do not suit its scale.
OTHER_SCALE = 10


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
        if all(isinstance(level, Real) for level in levels):
            with suppress(ValueError):  # from levels that do not increase between 0 and 1
                return Quantile(tuple(map(float, levels)))
        raise InvalidParameterError(
            "quantile must be a number between 0 and 1, or an increasing list of them. Got "
            f"{quantile!r}."
        )
    missing = [name for name in PROTOCOL if not hasattr(loss, name)]
    if isinstance(loss, type) or missing:
        lacks = "" if isinstance(loss, type) else f" It lacks {', '.join(missing)}."
        raise InvalidParameterError(
            f"loss must be one of {[*REGRESSION_LOSSES]}, or an object like "
            f"skscratch.core.regression_losses.Huber(0.5). Got {loss!r}.{lacks}"
        )
    return cast(RegressionLoss, loss)


def check_continues(estimator: Any, y: NDArray[Any], n_outputs: int) -> None:
    """Raise if the loss or the targets do not fit the fitted network."""
    asked, fitted = regression_loss(estimator.loss, estimator.quantile), estimator._fitted_loss
    if asked != fitted:
        raise ValueError(
            f"loss={estimator.loss!r} means {asked!r}, but the fitted network that training would "
            f"continue has {fitted!r}. Set warm_start=False and call fit to start anew."
        )
    if n_outputs != estimator.n_outputs_:
        raise ValueError(
            f"y has shape {y.shape}, but the fitted network that training would continue has "
            f"{estimator.n_outputs_} output(s)."
        )


def check_own_loss(loss: RegressionLoss, targets: NDArray[Any], n_outputs: int) -> None:
    """Raise if a loss of the user breaks its protocol on a few of the standardised targets."""
    if not is_of_user(loss):
        return
    with naming("loss"):
        few = targets[:A_FEW]
        check_loss(loss, few, n_outputs)
        w = np.full(len(few), 1 / len(few), few.dtype)
        _, least = loss.fit_constant(few, w)
        for far in (-100, 100):
            if loss.forward(np.full((len(few), n_outputs), far, few.dtype), few, w) < least:
                raise ValueError(
                    f"{type(loss).__name__}.forward: outputs of {far} for standardised targets "
                    "have a lower loss than the constant that fit_constant returns."
                )


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
            if any(isinstance(value, (str, bytes)) for value in given.ravel().tolist()):
                raise TypeError("text, even if it reads as a number")
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


def columns(y: NDArray[Any], w: Any, loss: RegressionLoss, argument: str) -> NDArray[Any]:
    """Return targets as columns (n, q) of float64; refuse those outside of the loss's range.

    A row of weight 0 is absent. It gets the targets of another row, which every loss accepts.
    """
    if w is not None and not np.all(w):
        y = y.copy()
        y[np.asarray(w) == 0] = y[np.argmax(w)]
    fault = loss.accepts(y)
    if fault:
        raise ValueError(f"{argument}: {fault.replace(' y ', f' {argument} ')}")
    return y.reshape(len(y), -1).astype(np.float64, copy=False)


def find_target_scaling(
    loss: RegressionLoss,
    targets: NDArray[Any],
    w: Any,
    dtype: Any,
    are_all: bool,
    rounds: bool,
) -> TargetScaling:
    """Return the scaling of the targets (n, q); warn of targets that do not suit the loss.

    ``are_all`` says that no later call adds targets. ``rounds`` rounds means, so that the order of
    the sum has no effect: a row of weight 2 is then two rows to the last bit, as L-BFGS needs.
    """
    center, scale = loss.target_scale(targets, w)
    constant = np.ptp(targets, axis=0) == 0
    if rounds and isinstance(loss, SquaredError):
        rounded = np.round(center / scale * FINENESS) * (scale / FINENESS)
        center = np.where(constant, center, rounded)
    if are_all and loss.output_activation == "identity":
        small = np.maximum(scale * OF_CONSTANTS, np.minimum(scale, HEADROOM * np.finfo(dtype).tiny))
        scale = np.where(constant, small, scale)
    with np.errstate(over="ignore", invalid="ignore"):
        _warn_of_outliers(loss, targets, w)
        _warn_of_offset(loss, targets[:, ~constant], dtype)
    return TargetScaling(*_representable(center, scale, dtype))


def _warn_of_outliers(loss: RegressionLoss, targets: NDArray[Any], w: Any) -> None:
    """Warn if a few targets determine the fit with a loss that is not robust."""
    if loss.name not in NOT_ROBUST or len(targets) < MANY:
        return
    weights = np.ones(len(targets)) if w is None else w
    center, spread = AbsoluteError().target_scale(targets, w)
    distances = np.abs(targets - center) / spread
    far = (distances > FAR) & (weights[:, None] > 0)
    if loss.name == "squared_error":
        mean, scale = loss.target_scale(targets, w)
        squares = np.square((targets - mean) / scale) * weights[:, None]
        far |= squares > TOO_MUCH * squares.sum(axis=0)
    rows = np.flatnonzero(far.any(axis=1))
    if 0 < len(rows) < len(targets) / 4:
        value = ", ".join(f"{v:.4g}" for v in targets[rows[0]])
        value = f"({value})" if targets.shape[1] > 1 else value
        n_more = len(rows) - 1
        more = f" {n_more} more row{'s are' if n_more > 1 else ' is'} like it." if n_more else ""
        others = " or ".join(f"loss={name!r}" for name in ("gamma", "poisson") if name != loss.name)
        warn(
            f"Row {rows[0]} of y is {value}, so far from all others that it dominates the fit."
            f"{more} Replace such values if they are errors. If they are right, "
            "loss='absolute_error' predicts the median, which they hardly change. For the mean of "
            f"positive targets, set {others}."
        )


def _warn_of_offset(loss: RegressionLoss, targets: NDArray[Any], dtype: Any) -> None:
    """Warn if the targets differ too little, compared with their size, to be told apart."""
    if not targets.size:
        return
    ratio = (np.abs(targets).max(axis=0) / np.ptp(targets, axis=0)).max()
    if loss.output_activation == "exp" and ratio > SMALL_SPREAD:
        warn(
            f"y varies by only 1/{ratio:.0f} of its size. loss={loss.name!r} predicts through an "
            "exponential, which is too coarse for that: set loss='squared_error'."
        )
    elif ratio > COARSE * 2 ** (np.finfo(dtype).nmant - 23):
        way_out = "set dtype='float64', or subtract" if np.finfo(dtype).nmant < 50 else "Subtract"
        warn(
            f"y varies by only 1/{ratio:.0f} of its size, which {np.dtype(dtype)} can hardly tell "
            f"apart: {way_out.lower()} a constant near y from it."
        )


def _representable(center: Any, scale: Any, dtype: Any) -> tuple[Any, Any]:
    """Return center and scale as dtype, in which weights times the scale must be numbers."""
    info = np.finfo(dtype)
    largest = np.maximum(np.abs(center), scale).max()
    if largest > info.max / HEADROOM or scale.min() < info.tiny * HEADROOM:
        unit = largest if largest > 1 else scale.min()
        way_out = " or set dtype='float64'" if np.dtype(dtype) == np.float32 else ""
        raise ValueError(
            f"y has a scale of about {unit:.0e}, too {'large' if unit > 1 else 'small'} for "
            f"{np.dtype(dtype)}. Divide y by that{way_out}."
        )
    return center.astype(dtype), scale.astype(dtype)


def warn_of_other_validation(scaled: NDArray[Any], scaled_val: NDArray[Any]) -> None:
    """Warn if the targets of a validation set have another scale than those of training."""
    sizes = [np.sqrt(np.square(y).mean(axis=0)) for y in (scaled, scaled_val)]
    spreads = [np.ptp(y, axis=0) for y in (scaled, scaled_val)]
    is_other = (sizes[1] > OTHER_SCALE * sizes[0]).any()
    if len(scaled_val) >= MANY:
        shifts = np.abs(scaled_val.mean(axis=0) - scaled.mean(axis=0)) / sizes[0]
        narrow = spreads[1] * OTHER_SCALE**2 < spreads[0]
        is_other |= (narrow | ((spreads[1] * 3 < spreads[0]) & (shifts > 1.5))).any()
    if is_other:
        warn(
            "y_val has another scale than y. The validation loss and early stopping are "
            "unreliable. Give y_val in the unit of y."
        )


def warn_of_other_targets(scaled: NDArray[Any]) -> None:
    """Warn if targets of a later call have another scale than those that settled the scale."""
    size = np.sqrt(np.square(scaled).mean(axis=0)).max()
    if size > OTHER_SCALE:
        warn(
            f"The targets are about {size:.0f} times as large as those of the first call, which "
            "determined the scale of y. Training will be slow or inaccurate. Fit a new estimator, "
            "with typical targets in the first call: shuffle the rows over the calls."
        )
