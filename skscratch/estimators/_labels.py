"""Class labels and weights: class indices from y, and weights in units of rows."""

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skscratch._faults import in_labels
from skscratch.estimators._validation import naming, raise_named

__all__ = ["check_labels", "class_indices", "class_weights", "counted_in_rows", "find_classes"]

# A larger multiple of the smallest weight is not taken as a number of repetitions.
MOST_REPETITIONS = 1000


def check_labels(y: Any, argument: str) -> Any:
    """Return y as a vector of labels (n,) or as a 0/1 indicator matrix (n, L).

    A sparse indicator matrix becomes an array of int8. Besides the result, the memory is bounded.
    Errors name the argument.
    """
    try:
        return _checked(y)
    except (ValueError, TypeError) as error:
        raise_named(error, argument, in_labels, y)
        raise


def _checked(y: Any) -> Any:
    if issparse(y):
        y = _dense(y)
    if y.ndim == 2 and y.shape[1] > 1 and _is_indicator(y):
        return y
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    if y.ndim == 2 and type_of_target(y) != "multilabel-indicator":
        raise ValueError(
            "y of shape (n_samples, n_outputs) must be a multilabel indicator of zeros and ones; "
            f"got {type_of_target(y)!r}. sklearn.multioutput.MultiOutputClassifier fits several "
            "multiclass outputs."
        )
    if y.ndim == 2:
        raise ValueError(
            f"A multilabel y must hold only zeros and ones; got the values {np.unique(y)}."
        )
    return y


def _parts(y: Any) -> list[slice]:
    """Return slices of the rows, small enough that a copy of one takes a few MiB."""
    n = max(1, 2**18 // y.shape[1])
    return [slice(start, start + n) for start in range(0, y.shape[0], n)]


def _is_indicator(y: Any) -> bool:
    """Return whether all entries are numbers 0 or 1."""
    return y.dtype.kind in "biuf" and all(
        ((y[rows] == 0) | (y[rows] == 1)).all() for rows in _parts(y)
    )


def _dense(y: Any) -> Any:
    """Return a sparse y as an array, of int8 if it holds only zeros and ones."""
    if y.shape[1] > 1 and y.dtype.kind in "biuf":
        y = y.tocsr()
        dense = np.empty(y.shape, np.int8)
        for rows in _parts(y):
            part = y[rows].toarray()
            if not _is_indicator(part):
                return y.toarray()
            dense[rows] = part
        return dense
    return y.toarray()


def find_classes(y: Any, classes: Any = None) -> Any:
    """Return the sorted classes: those in ``classes`` if given, otherwise those in y."""
    if classes is None:
        return np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])
    with naming("classes"):
        labels = np.asarray(classes)
    kinds = {isinstance(label, str) for label in classes} if labels.ndim == 1 else {}
    if len(kinds) != 1 or (labels != labels).any():
        raise ValueError(
            f"classes must be a one-dimensional sequence of strings or of numbers; got {classes!r}."
        )
    if y.ndim == 1:
        return np.unique(labels)
    if len(labels) != y.shape[1]:
        raise ValueError(
            f"classes must name each of the {y.shape[1]} columns of a multilabel y; "
            f"got {classes!r}."
        )
    return np.arange(y.shape[1])


def class_indices(y: Any, classes: Any, argument: str) -> Any:
    """Return the index of each label in classes; an indicator matrix is returned as it is."""
    if y.ndim == 2:
        return y
    found, inverse = np.unique(y, return_inverse=True)
    position = np.searchsorted(classes, found).clip(max=len(classes) - 1)
    # compared, not cast: a cast to the dtype of classes could truncate a label or wrap around
    unknown = found[classes[position] != found]
    if unknown.size:
        raise ValueError(
            f"{argument} must hold only the classes {classes.tolist()}; it holds "
            f"{unknown.tolist()} besides."
        )
    return position[inverse]


def class_weights(class_weight: Any, index: Any, classes: Any, w: Any) -> Any:
    """Return the factor on each row's weight; "balanced" counts rows by their weights w."""
    if class_weight == "balanced":
        columns = index.T if index.ndim == 2 else [index]
        factors = _product(_balanced(column.astype(int), w) for column in columns)
    else:
        factors = _given(class_weight, index, classes)
    if not (np.isfinite(factors).all() and (factors >= 0).all()):
        raise ValueError(
            f"class_weight must give finite weights, none of them negative. Got {class_weight!r}."
        )
    return factors


def _product(factors: Iterable[Any]) -> Any:
    """Return the product of arrays, with at most two of them in memory at a time."""
    return functools.reduce(np.multiply, factors)


def _balanced(index: Any, w: Any) -> Any:
    """Return factors that give each class in index the same total weight."""
    totals = np.bincount(index, w).astype(float)
    present = totals > 0
    np.divide(totals.sum() / present.sum(), totals, where=present, out=totals)
    return totals[index]


def _given(class_weight: Any, index: Any, classes: Any) -> Any:
    """Return factors from a dict, or for a multilabel y from a list of dicts."""
    try:
        if index.ndim == 2:
            pairs = zip(class_weight, index.T, strict=True)
            return _product(compute_sample_weight(weights, column) for weights, column in pairs)
        if not isinstance(class_weight, dict):
            raise TypeError("a list is for multilabel y")
        per_class = compute_class_weight(class_weight, classes=classes, y=classes)
        return per_class.astype(float)[index]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"class_weight must map the classes {classes.tolist()} to weights, or be a list with "
            f"one dict per label of a multilabel y. Got {class_weight!r}: {error}."
        ) from error


def counted_in_rows(w: Any) -> Any:
    """Return the weights in units of rows; their sum is the number of rows that they stand for.

    If all weights are integer multiples of the smallest weight, they are repetitions: the smallest
    weight counts as one row. Other weights are relative: the mean weight counts as one row. Zero
    weights stay 0, and enter neither the smallest weight nor the mean.
    """
    positive = w[w > 0].astype(np.float64)
    # only ratios count: multiplying all weights by a number changes nothing
    shares = positive / positive.max()
    rows = np.zeros(w.shape)
    rows[w > 0] = shares / shares.mean()
    if shares.min() * MOST_REPETITIONS >= 1:
        multiples = shares / shares.min()
        counts = np.round(multiples)
        if np.allclose(multiples, counts, rtol=1e-5):
            rows[w > 0] = counts
    return rows
