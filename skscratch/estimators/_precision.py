"""The precision of a new network: float32, unless that would lose what the data say."""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import RegressorMixin

from skscratch.estimators._auto import FEW_ROWS, is_lbfgs

__all__ = ["settled"]

SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
# The rule looks at so many rows, and at fewer if they have more numbers.
ROWS, NUMBERS = 1000, 2**20
# float32 must hold apart this share of the distinct values. The values must vary by more than
# this fraction of their size, inverted, because an offset is rounded as well.
APART, COARSE = 0.9, 2.0**13
# Numbers must be so many times smaller than the largest float32, and larger than the smallest one.
HEADROOM = 1e6


def settled(estimator: Any, X: Any, y: Any, w: Any) -> tuple[Any, np.dtype[Any]]:
    """Return X and the precision that ``dtype="auto"`` stands for.

    An X in float64 is copied if the result is float32. A float32 X and whole numbers are returned
    as they are.

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
    if X.dtype != SINGLE and (is_lbfgs(estimator.solver) or len(rows) < FEW_ROWS):
        return X, DOUBLE
    some = rows[:: -(-len(rows) // min(ROWS, max(32, NUMBERS // X.shape[1])))]
    parts = [X[some].data[:, None] if issparse(X) else X[some]]
    if isinstance(estimator, RegressorMixin):
        parts.append(y[rows].reshape(len(rows), -1))
    if not all(map(_fits, parts)):
        return X, DOUBLE
    if X.dtype != DOUBLE:
        return X, SINGLE
    single = X.astype(SINGLE)
    values = single.data if issparse(X) else single
    # a row outside of the sample may be too large
    return (single, SINGLE) if values.size == 0 or np.isfinite(_largest(values)) else (X, DOUBLE)


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


def _distinct(ordered: Any) -> Any:
    """Return the number of distinct values in each row of ordered values."""
    return 1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)


def _largest(values: Any) -> float:
    return float(max(values.max(), -values.min()))
