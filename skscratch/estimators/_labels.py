"""Labels in, labels out: from y to the core's targets, and from logits to classes."""

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, log_expit, softmax
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skscratch.estimators._validation import naming

__all__ = [
    "check_labels",
    "class_indices",
    "class_weights",
    "find_classes",
    "hits",
    "log_probabilities",
    "probabilities",
    "targets",
    "winners",
]


def check_labels(y: Any) -> Any:
    """Return y as a vector of labels (n,) or as a 0/1 indicator matrix (n, L), sparse ones in int8.

    Where y is such a matrix, what is allocated beside it is bounded.
    """
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
    """Return slices of some rows each, so that copies of them take a few MiB."""
    n = max(1, 2**18 // y.shape[1])
    return [slice(start, start + n) for start in range(0, y.shape[0], n)]


def _is_indicator(y: Any) -> bool:
    """Return whether numbers are all 0 or 1."""
    return y.dtype.kind in "biuf" and all(
        ((y[rows] == 0) | (y[rows] == 1)).all() for rows in _parts(y)
    )


def _dense(y: Any) -> Any:
    """Return a sparse y as an array, of one byte a label if it holds only zeros and ones."""
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
    """Return the sorted classes: those that ``classes`` names, otherwise those found in y."""
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


def class_indices(y: Any, classes: Any) -> Any:
    """Return the position of each label among the classes; an indicator matrix as it is."""
    if y.ndim == 2:
        return y
    found, inverse = np.unique(y, return_inverse=True)
    position = np.searchsorted(classes, found).clip(max=len(classes) - 1)
    # compared, not cast: in the dtype of the classes a label could be cut short or wrap around
    unknown = found[classes[position] != found]
    if unknown.size:
        raise ValueError(
            f"y must hold only the classes {classes.tolist()}; it holds {unknown.tolist()} besides."
        )
    return position[inverse]


def targets(index: Any, loss_name: str, dtype: Any) -> Any:
    """Return the core's targets: class indices for softmax, columns of 0 and 1 for logistic.

    An indicator matrix stays in its dtype, and is cast batch by batch.
    """
    if loss_name == "softmax":
        return index.astype(np.intp, copy=False)
    return np.ascontiguousarray(index) if index.ndim == 2 else index.astype(dtype).reshape(-1, 1)


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
    """Return the product of arrays, of which no more than two are there at a time."""
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


def winners(z: Any, link: str) -> Any:
    """Return the position of the most probable class of each row of logits."""
    return z.argmax(axis=1) if link == "softmax" else (z[:, 0] > 0).astype(int)


def probabilities(z: Any, link: str) -> Any:
    """Return the probability of each class or label, none exactly 0."""
    info = np.finfo(z.dtype)
    if link == "softmax":
        p = softmax(z, axis=1)
    elif z.shape[1] == 1:
        # 1 - expit(z) would round to 0 long before expit(-z) does
        p = expit(z * np.array([-1, 1], z.dtype))
    else:
        p = np.minimum(expit(z), 1 - info.epsneg)
    return np.maximum(p, info.tiny, out=p)


def log_probabilities(z: Any, link: str) -> Any:
    """Return the logarithm of ``probabilities``, from the logits: exact also near 1."""
    if link == "softmax":
        z = z - z.max(axis=1, keepdims=True)
        others = np.exp(z)
        np.put_along_axis(others, z.argmax(axis=1)[:, None], 0, axis=1)
        log_p = z - np.log1p(others.sum(axis=1, keepdims=True))
    else:
        log_p = log_expit(z * np.array([-1, 1], z.dtype) if z.shape[1] == 1 else z)
    return np.maximum(log_p, np.log(np.finfo(z.dtype).tiny), out=log_p)


def hits(p: Any, y: Any) -> Any:
    """Return for each row whether the prediction p is right in every label."""
    return p.argmax(axis=1) == y if y.ndim == 1 else ((p > 0.5) == y).all(axis=1)
