"""Class labels and weights: class indices from y, and weights in units of rows."""

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import (
    check_classification_targets,
    is_multilabel,
    type_of_target,
)

from skscratch._faults import in_labels
from skscratch.estimators._validation import naming, raise_named

__all__ = [
    "check_classes", "check_known_classes", "check_labels", "checked", "class_indices",
    "class_weights", "counted_in_rows", "find_classes", "is_soft", "weights",
]  # fmt: skip

# Rows of probabilities may sum to 1 within this, and are then divided by their sum.
ROUNDING = 1e-3
# A larger multiple of the smallest weight is not taken as a number of repetitions.
MOST_REPETITIONS = 1000


class Checked(NamedTuple):
    """A checked y: labels (n,) or (n, L), probabilities (n, K) of soft labels or None, the dtype of
    the labels, and the user's statement about the classes.
    """

    labels: Any
    probabilities: Any
    kind: str
    known: Any


def is_soft(estimator: Any) -> bool:
    """Return whether y holds probabilities."""
    given = estimator.soft_labels
    return not isinstance(given, (bool, np.bool_)) or bool(given)


def checked(estimator: Any, y: Any, argument: str, known: Any = None) -> Checked:
    """Return a checked y; the label of a soft label is the most probable class."""
    if not is_soft(estimator):
        return Checked(check_labels(y, argument), None, y.dtype.str, known)
    if estimator.class_weight is not None:
        raise ValueError(
            f"class_weight={estimator.class_weight!r} needs labels, and soft_labels are "
            "probabilities. Multiply sample_weight by (y * factors).sum(axis=1) instead."
        )
    P, classes = _check_soft_labels(y, estimator.soft_labels, argument)
    known = classes if known is None else known
    return Checked(classes[P.argmax(axis=1)], P, classes.dtype.str, known)


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


def _check_soft_labels(y: Any, classes: Any, argument: str) -> tuple[Any, Any]:
    """Return probabilities (n, K) whose rows sum to 1, and the classes of the columns, sorted.

    ``classes`` are those of the columns of y, or True for 0 to K - 1.
    """
    shape = np.shape(y)
    if len(shape) != 2 or shape[1] < 2:
        raise ValueError(
            f"With soft_labels, {argument} must hold probabilities, one row per sample and one "
            f"column per class. Got shape {shape}. For labels, set soft_labels=False."
        )
    P = (y.toarray() if issparse(y) else y).astype(np.float64)
    totals = P.sum(axis=1)
    wrong = (P < 0).any(axis=1) | (abs(totals - 1) > ROUNDING)
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"With soft_labels, each row of {argument} must hold probabilities that sum to 1. Row "
            f"{i} is {P[i].tolist()}. Divide each row by its sum."
        )
    P /= totals[:, None]
    if isinstance(classes, (bool, np.bool_)):
        return P, np.arange(shape[1])
    try:
        with naming("soft_labels"):
            found, order = np.unique(np.asarray(classes), return_index=True)
    except TypeError as error:
        raise ValueError(
            f"soft_labels must name all columns by strings, or all by numbers. Got {classes!r}."
        ) from error
    if np.ndim(classes) != 1 or len(found) != len(classes) or len(found) != shape[1]:
        raise ValueError(
            f"soft_labels must be True or name each of the {shape[1]} columns of {argument} once. "
            f"Got {classes!r}."
        )
    return P[:, order], found


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


def check_classes(y: Any, classes: Any, is_initial: bool) -> None:
    """Raise if ``classes`` is missing in the first call, or holds sample weights."""
    columns = getattr(y, "shape", ())[1:]  # scikit-learn may copy a y without a shape
    if is_initial and classes is None and columns in ((), (1,)) and not is_multilabel(y):
        raise ValueError("classes must be passed on the first call to partial_fit.")
    with naming("classes"):  # MLPClassifier has sample_weight in this position
        given = np.asarray(classes)
    floats = given.dtype.kind == "f" and given.shape == np.shape(y)
    if floats and not np.isin(y, given).all():
        raise ValueError(
            f"classes holds {len(given)} floats, as many as X has rows, and not the labels "
            "in y. If these are sample weights, pass them by name: partial_fit(X, y, "
            "sample_weight=...). By position the order is (X, y, classes, sample_weight)."
        )


def check_known_classes(estimator: Any, y: Any, classes: Any) -> None:
    """Raise if later data have other classes than the fitted network."""
    fitted = estimator.classes_
    expected = len(fitted) if estimator._is_multilabel() else 0
    if expected != (y.shape[1] if y.ndim == 2 else 0):
        raise ValueError(
            f"y has shape {y.shape}, but the fitted network that training would continue was "
            f"trained on {f'{expected} labels a row' if expected else 'one class a row'}."
        )
    known = find_classes(y, fitted if classes is None else classes)
    if not np.array_equal(known, fitted):
        raise ValueError(
            f"classes={classes!r} differ from the classes of the fitted network, {fitted}."
        )


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
            f"{argument} must hold only the classes {classes.tolist()}. It also holds "
            f"{unknown.tolist()}."
        )
    return position[inverse]


def weights(
    estimator: Any, index: Any, sample_weight: NDArray[Any] | None, dtype: np.dtype[Any]
) -> NDArray[Any] | None:
    """Return the sample weights times the class weights, counted in rows."""
    w = counted_in_rows(sample_weight)
    class_weight = estimator.class_weight
    if class_weight is None:
        return None if w is None else w.astype(dtype, copy=False)
    factors = class_weights(class_weight, index, estimator.classes_, w)
    product: NDArray[Any] = factors if w is None else w * factors
    if not product.any():
        raise ValueError(
            f"sample_weight and class_weight={class_weight!r} leave no sample with a positive "
            "weight."
        )
    if not isinstance(class_weight, str):  # 'balanced' leaves the sum as it is
        product = counted_in_rows(product)
    return product.astype(dtype, copy=False)


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
            if isinstance(class_weight, dict):
                raise TypeError("a dict is for a y with one class per row")
            if len(class_weight) != index.shape[1]:
                raise ValueError(f"its length is {len(class_weight)}, for {index.shape[1]} labels")
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
    weights stay 0, and enter neither the smallest weight nor the mean. None stays None.
    """
    if w is None:
        return None
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
