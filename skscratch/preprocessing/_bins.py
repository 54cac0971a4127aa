"""Edges of bins, feature by feature. NaN has been removed, and every weight is positive."""

from __future__ import annotations

import heapq
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

__all__ = ["is_continuous", "tree_edges", "tree_targets", "weighted_quantiles"]

# A bin of a tree holds at least this many rows, and at least this share of the rows.
FEWEST, SMALLEST = 8, 1 / 200
# The tree makes this share of the bins. The others halve bins.
OF_TREE = 0.75
# Whole numbers with more distinct values than this are amounts or counts, not classes.
MOST_CLASSES = 50
# A split must reduce the impurity, which is of order 1, by more than rounding can.
LEAST = 1e-9
# Sums of weights are compared with this relative tolerance.
ROUNDING = 1e-12


def weighted_quantiles(x: Any, w: Any, q: Any) -> NDArray[Any]:
    """Return quantiles of x: where the share of the weight reaches q.

    Where a share is exactly q, the quantile is the mean of the two values around it. So a weight of
    2 is a value that is there twice, and the quantile at 0.5 is the usual median. This is NumPy's
    method ``averaged_inverted_cdf``.
    """
    if w is None:
        x, shares = np.sort(x), np.arange(1, len(x) + 1) / len(x)
    else:
        order = np.argsort(x, kind="stable")
        x, shares = x[order], np.cumsum(w[order])
        shares /= shares[-1]
    low = np.searchsorted(shares, np.multiply(q, 1 - ROUNDING))
    high = np.searchsorted(shares, np.multiply(q, 1 + ROUNDING))
    return np.asarray(x[low] / 2 + x[np.minimum(high, len(x) - 1)] / 2)


def tree_edges(x: Any, y: Any, w: Any, n_bins: int, continuous: bool) -> NDArray[Any]:
    """Return the thresholds of a decision tree that predicts y from x alone, and further edges.

    The tree has at most three quarters of the bins. Then the bins that hold most weight are halved,
    because a tree cannot see what a feature does together with others.

    The tree sees ranks: trees compute in float32, which would merge values of a feature that is far
    from zero.
    """
    values, ranks = np.unique(x, return_inverse=True)
    n = len(x)
    if n == 0:  # no row of the sample has a value
        return np.empty(0)
    if w is not None and (w == np.rint(w)).all():  # repetitions of rows
        n = w.sum()
    kind = DecisionTreeRegressor if continuous else DecisionTreeClassifier
    share = min(max(FEWEST / n, SMALLEST) * (1 - ROUNDING), 0.5)
    tree = kind(
        max_leaf_nodes=max(2, int(OF_TREE * n_bins)),
        min_weight_fraction_leaf=share,
        min_impurity_decrease=LEAST,
        random_state=0,
    ).fit(ranks.reshape(-1, 1).astype(np.float32), y, w)
    split = tree.tree_.children_left >= 0
    starts = np.floor(tree.tree_.threshold[split]).astype(int) + 1
    shares = np.r_[0, np.cumsum(np.bincount(ranks, w))]
    starts = _halved([0, *np.sort(starts), len(values)], shares / shares[-1], n_bins, share)
    return np.asarray(values[starts - 1] / 2 + values[starts] / 2)


def _halved(bounds: list[Any], shares: Any, n_bins: int, least: float) -> NDArray[np.intp]:
    """Halve the bins that hold most, until there are ``n_bins``; return where bins start.

    Bins hold the values ``bounds[i]`` to ``bounds[i + 1]``. ``shares[i]`` is the share of the
    values before i. Each half holds at least the share ``least``.
    """
    queue = [(shares[a] - shares[b], a, b) for a, b in pairwise(bounds)]  # largest first
    starts = {*bounds[1:-1]}
    heapq.heapify(queue)
    while queue and len(starts) < n_bins - 1:
        _, a, b = heapq.heappop(queue)
        middle = (shares[a] + shares[b]) / 2
        k = int(np.searchsorted(shares[a + 1 : b], middle)) + a + 1
        if k == b or (k > a + 1 and middle - shares[k - 1] < shares[k] - middle):
            k -= 1
        if a < k and min(shares[k] - shares[a], shares[b] - shares[k]) >= least:
            starts.add(k)
            for part in ((a, k), (k, b)):
                heapq.heappush(queue, (shares[part[0]] - shares[part[1]], *part))
    return np.sort(np.fromiter(starts, np.intp))


def is_continuous(y: Any) -> bool:
    """Return whether targets are amounts or counts: fractions, or many different whole numbers."""
    if issparse(y) or y.dtype.kind not in "iuf":
        return False
    columns = y.reshape(len(y), -1).T
    return any(
        (column != np.rint(column)).any() or len(np.unique(column)) > MOST_CLASSES
        for column in columns
    )


def tree_targets(y: Any, w: Any, continuous: bool) -> Any:
    """Return targets as trees take them: standardised numbers, or the numbers of classes.

    Several targets count alike, whatever their units.
    """
    y = y.toarray() if issparse(y) else y
    columns = y.reshape(len(y), -1).T
    encode = partial(_standardised, w=w) if continuous else _class_numbers
    return np.column_stack([encode(column) for column in columns])


def _standardised(y: Any, w: Any) -> Any:
    y = y.astype(np.float64)
    y /= np.exp2(np.frexp(np.abs(y).max())[1])  # squares of y itself may overflow
    y -= np.average(y, weights=w)
    return y / (np.sqrt(np.average(y**2, weights=w)) or 1.0)


def _class_numbers(y: Any) -> Any:
    return np.unique(y, return_inverse=True)[1]
