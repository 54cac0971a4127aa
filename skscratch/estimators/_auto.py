"""The choices that depend on the data: precision, members, early stopping, rows per update."""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.base import RegressorMixin

from skscratch._compat import InvalidParameterError
from skscratch.core.losses import Loss
from skscratch.estimators._former import is_of_user
from skscratch.training.config import EarlyStopping
from skscratch.training.data import Dataset, holdout_sizes

__all__ = [
    "Choices", "batch_size", "can_have", "is_lbfgs", "precision", "settle", "stops_early",
]  # fmt: skip

# With fewer rows, "auto" holds out none for validation. Rows of weight 0 do not count.
FEW_ROWS = 50
# Members average out each other's errors, but more than 8 improve little. "auto" makes no layer of
# a member narrower than 16 units, the narrowest one measured.
MOST_MEMBERS, NARROWEST = 8, 16
# A layer narrower than the output layer is a bottleneck for many outputs. 64 units are enough.
ENOUGH_FOR_OUTPUTS = 64
# A narrow first layer is a bottleneck for many rows or features. It gets 64 units from 100,000 rows
# on, or 10,000 if it is the only hidden layer, and at least one unit for every 10 features.
WIDE, MANY_ROWS, MANY_ROWS_OF_ONE_LAYER, FEATURES_A_UNIT = 64, 100_000, 10_000, 10
# The loss on fewer validation rows is too noisy for early stopping.
LEAST_HELD_OUT = 5
SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
# The rule for the precision samples this many rows, and fewer if they have more numbers than this.
ROWS, NUMBERS = 1000, 2**20
# float32 must keep this share of the distinct values distinct. The standard deviation must exceed
# 1/COARSE of the largest value, because float32 rounds an offset as well.
APART, COARSE = 0.9, 1024
# A target this many interquartile ranges away from the median is a code, or an outlier.
FAR = 1e5
# Numbers must stay this factor away from the largest and the smallest float32.
HEADROOM = 1e6


class Choices(NamedTuple):
    """The choices that depend on the data.

    Parameters
    ----------
    members : int
        Number of ensemble members.
    early_stopping : EarlyStopping or None
    n_training : int
        Number of rows to train on, without validation rows.
    batch_size : int
        Rows per update.
    """

    members: int
    early_stopping: EarlyStopping | None
    n_training: int
    batch_size: int


def precision(
    estimator: Any, X: Any, y: Any, w: Any, is_partial: bool
) -> tuple[Any, np.dtype[Any]]:
    """Return X row by row, and the precision that ``dtype="auto"`` stands for.

    An X in float64 or float16 is copied if the result is float32. A float32 X and whole numbers
    keep their dtype. The few rows of a ``partial_fit`` say nothing about those that follow.

    Parameters
    ----------
    estimator : estimator
    X : {ndarray, CSR} of shape (n, p)
        Checked features.
    y : ndarray of shape (n,) or (n, q)
        Checked labels or targets.
    w : ndarray of shape (n,) or None
        Checked sample weights.
    """
    rows = np.arange(X.shape[0]) if w is None else np.flatnonzero(w)
    is_small = len(rows) < FEW_ROWS and not is_partial
    if X.dtype != SINGLE and (is_lbfgs(estimator.solver) or is_small):
        return _row_by_row(X), DOUBLE
    # not evenly spaced: data may be periodic
    n = min(len(rows), ROWS, max(32, NUMBERS // X.shape[1]))
    some = np.sort(np.random.default_rng(0).choice(rows, n, replace=False, shuffle=False))
    parts = [X[some].data[:, None] if issparse(X) else X[some]]
    is_numeric = isinstance(y, np.ndarray) and y.dtype.kind in "iuf"  # y is not yet encoded
    if isinstance(estimator, RegressorMixin) and is_numeric:
        targets = y[rows].reshape(len(rows), -1)
        if _has_codes(targets):
            return _row_by_row(X), DOUBLE
        parts.append(targets)
    if not all(map(_fits, parts)):
        return _row_by_row(X), DOUBLE
    if X.dtype.kind != "f" or X.dtype == SINGLE:
        return _row_by_row(X), SINGLE
    single = X.astype(SINGLE) if issparse(X) else X.astype(SINGLE, order="C")
    values = single.data if issparse(X) else single
    if values.size and not np.isfinite(_largest(values)):  # in a row outside of the sample
        return _row_by_row(X), DOUBLE
    return single, SINGLE


def _row_by_row(X: Any) -> Any:
    """Return X in C order, because gathering rows from columns would copy all of X."""
    return np.ascontiguousarray(X) if isinstance(X, np.ndarray) else X


def _fits(values: Any) -> bool:
    """Return whether float32 holds the values of each column apart."""
    if values.dtype == SINGLE or values.dtype.itemsize < SINGLE.itemsize or not values.size:
        return True
    exact = np.sort(values.astype(DOUBLE).T)  # contiguous
    rounded = exact.astype(SINGLE)  # keeps the order
    spread = exact.std(axis=1)
    varies, size = exact[:, 0] != exact[:, -1], np.abs(exact[:, [0, -1]]).max(axis=1)
    info = np.finfo(SINGLE)
    in_range = (size < info.max / HEADROOM) & (spread > info.tiny * HEADROOM)
    apart = _distinct(rounded) >= APART * _distinct(exact)
    return bool((~varies | (in_range & apart & (size < COARSE * spread))).all())


def _has_codes(y: Any) -> bool:
    """Return whether targets are so far from the others that float32 would not see their losses."""
    low, middle, high = np.quantile(y, [0.25, 0.5, 0.75], axis=0)
    furthest = np.maximum(y.max(axis=0) - middle, middle - y.min(axis=0))
    return bool(((low < high) & (furthest > FAR * (high - low))).any())


def _distinct(ordered: Any) -> Any:
    """Return the number of distinct values in each row of ordered values."""
    return 1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)


def _largest(values: Any) -> float:
    return float(max(values.max(), -values.min()))


def settle(
    estimator: Any, data: Dataset, widths: tuple[int, ...], asked: Any, is_partial: bool
) -> Choices:
    """Return the choices, given the number of members asked for.

    A ``partial_fit`` trains one member on all rows.

    Raises
    ------
    InvalidParameterError
        If ``n_members`` does not fit the other parameters or the data.
    """
    n_rows = data.X.shape[0] if data.w is None else int(np.count_nonzero(data.w))
    members, early, n_training = 1, None, n_rows
    if not is_partial:
        members = _n_members(estimator, asked, data, n_rows, widths)
        if stops_early(estimator, data, n_rows):
            n_held_out = _n_held_out(estimator, data)
            early = _early_stopping(estimator, data, n_rows, n_held_out)
            n_training -= 0 if early is None else n_held_out
    if members > 1 and estimator.n_jobs not in (None, 1):
        _check_workers(estimator, data.loss)
    return Choices(members, early, n_training, batch_size(estimator.batch_size, n_training))


def is_lbfgs(solver: Any) -> bool:
    """Return whether a solver is L-BFGS, the only solver without batches."""
    return isinstance(solver, str) and solver == "lbfgs"


def stops_early(estimator: Any, data: Dataset, n_rows: int) -> bool:
    """Return whether a fit on so many rows stops early; this resolves "auto"."""
    if is_lbfgs(estimator.solver):
        return False
    if estimator.early_stopping != "auto":
        return bool(estimator.early_stopping)
    return (n_rows >= FEW_ROWS or data.validation is not None) and not estimator.warm_start


def _early_stopping(
    estimator: Any, data: Dataset, n_rows: int, n_held_out: int
) -> EarlyStopping | None:
    """Return the configuration of early stopping, or None for too few validation rows."""
    fraction, refit = None, None
    if data.validation is None:
        if n_held_out < LEAST_HELD_OUT:
            return None
        fraction = estimator.validation_fraction
        refit = batch_size(estimator.batch_size, n_rows) if estimator.refit else None
    # a temperature changes the output layer
    temperature = bool(getattr(estimator, "temperature_scaling", False)) and _last(estimator)
    return EarlyStopping(fraction, estimator.n_updates_no_change, temperature, refit)


def _last(estimator: Any) -> bool:
    """Return whether the output layer is trained."""
    given = estimator.trainable
    return bool(given if isinstance(given, (bool, np.bool_)) else given[-1])


def _n_held_out(estimator: Any, data: Dataset) -> int:
    """Return how many rows would be held out for validation."""
    if data.validation is not None:
        return 0
    rows = data.weighted_rows()
    if data.holdout is not None:
        return data.holdout.n_held_out(rows, estimator.validation_fraction)
    counts = np.array([len(rows)]) if data.strata is None else np.bincount(data.strata[rows])
    return int(holdout_sizes(counts, estimator.validation_fraction).sum())


def can_have(members: int, estimator: Any, X: Any) -> bool:
    """Return whether a fit to X can divide the hidden layers into so many members."""
    widths = np.atleast_1d(estimator.hidden_layer_sizes)
    divisible = widths.size > 0 and not (widths % members).any()
    return members == 1 or (divisible and not _missing(estimator, X))


def _missing(estimator: Any, X: Any) -> str:
    """Return what several members need and a fit to X does not have."""
    needed = {
        "warm_start=False": not estimator.warm_start,
        "refit=False": not estimator.refit,
        "another solver than 'lbfgs'": not is_lbfgs(estimator.solver),
        "a dense X": not issparse(X),
        "coefs_init=None and intercepts_init=None": estimator.coefs_init is None
        and estimator.intercepts_init is None,
    }
    return " and ".join(need for need, met in needed.items() if not met)


def _n_members(estimator: Any, n: Any, data: Dataset, n_rows: int, widths: tuple[int, ...]) -> int:
    """Return the number of members into which the hidden layers are divided."""
    missing = _missing(estimator, data.X)
    common = math.gcd(*widths)
    if n == "auto":
        if missing or not widths or n_rows < FEW_ROWS:
            return 1
        many = MANY_ROWS if len(widths) > 1 else MANY_ROWS_OF_ONE_LAYER
        first = NARROWEST if n_rows < many else WIDE
        of_first = int(widths[0] // max(first, data.X.shape[1] / FEATURES_A_UNIT))
        narrowest = max(NARROWEST, min(data.n_outputs, ENOUGH_FOR_OUTPUTS))
        most = min(MOST_MEMBERS, min(widths) // narrowest, of_first)
        return max((m for m in range(1, most + 1) if common % m == 0), default=1)
    if n != 1 and missing:
        raise InvalidParameterError(f"n_members={n} needs {missing}; otherwise it must be 1.")
    if n != 1 and not widths:
        raise InvalidParameterError(
            f"n_members={n} needs hidden layers, and hidden_layer_sizes=() has none. Set "
            "n_members=1."
        )
    if n != 1 and common % n:
        raise InvalidParameterError(
            f"n_members={n} must divide every width in hidden_layer_sizes={widths}."
        )
    return int(n)


def _check_workers(estimator: Any, loss: Loss) -> None:
    """Raise if members depend on each other, so that they cannot be divided among workers."""
    if estimator.max_grad_norm is not None:
        raise InvalidParameterError(
            f"n_jobs={estimator.n_jobs} needs max_grad_norm=None, because max_grad_norm="
            f"{estimator.max_grad_norm!r} scales the gradient of all members together. Set "
            "n_jobs=None to train them in one process."
        )
    if is_of_user(loss):
        raise InvalidParameterError(
            f"n_jobs={estimator.n_jobs} needs a loss of this package. Set n_jobs=None to train "
            f"with loss={loss!r}."
        )


def batch_size(value: Any, n_rows: int) -> int:
    """Return the rows per update.

    "auto" gives small data several updates per epoch, and large data fewer but faster ones.
    """
    if isinstance(value, str):
        usual, of_many = min(200, -(-n_rows // 4)), min(800, n_rows // 128)
        return min(n_rows, max(32, usual, of_many))
    return min(n_rows, int(value))
