"""Input validation. All arguments of the user are checked here, once.

Errors name the argument, the position of the bad value, and what to do.
"""

import math
import re
import reprlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from numbers import Complex, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import RegressorMixin
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from skscratch._compat import check_sample_weight, check_y

__all__ = [
    "FLOATS",
    "check_prediction_data",
    "check_target",
    "check_training_data",
    "check_validation_data",
    "check_weights",
    "in_labels",
    "in_targets",
    "naming",
    "raise_named",
    "refuse_dates",
]

FLOATS = [np.float64, np.float32]
WHOLE = [np.dtype(code) for code in "?bBhHiIlLqQ"]
# In a message of scikit-learn: here the fault ends and a guess at the cause begins.
SUPPOSED = r"\n|\. Maybe you are trying"
# In a message of scikit-learn: words on a fault of a single value.
ABOUT_VALUES = (
    r"NaN|infinity|convert|float\(\)|Complex|DType|label type|ambiguous|supported between"
)
# Faults of values, and what to do.
DATES = "dates", "Turn them into numbers, for instance the days since a date, or the month"
SPANS = "time spans", "Turn them into numbers, for instance with .dt.total_seconds()"
OF_KIND = {"M": DATES, "m": SPANS}
TEXT = "text", "Encode it, for instance with OneHotEncoder in a ColumnTransformer, or leave it out"
MISSING = "a missing value", "Fill it, for instance with SimpleImputer, or leave out the row"
INFINITE = "an infinite number", "Replace it, or leave out the row"
COMPLEX = "complex numbers", "Give the real and the imaginary part as two columns"
REGRESSION = " A classifier predicts classes. For numbers there is ScratchMLPRegressor."


def check_training_data(
    estimator: Any, X: Any, y: Any, sample_weight: Any, floats: list[Any], first: bool
) -> tuple[Any, Any, NDArray[Any] | None, np.dtype[Any]]:
    """Return X as C-ordered or CSR numbers, y, the weights or None, and the dtype to compute in.

    ``floats`` are the allowed dtypes to compute in, the preferred one first. An X of another float
    dtype is converted to the preferred one. Integers keep their dtype, and are converted batch by
    batch. ``first`` says whether X defines the features; otherwise X must have the known features.
    """
    if y is None:
        validate_data(estimator, X, y)  # raises, because the tags say that y is required
    refuse_dates("X", X)
    with naming("X", in_features, X):
        # C-ordered: gathering rows from a column-major X would copy all of X for every batch
        X = validate_data(
            estimator, X, accept_sparse="csr", dtype=[*floats, *WHOLE], order="C", reset=first
        )
    dtype = X.dtype if X.dtype.kind == "f" else np.dtype(floats[0])
    y = check_target("y", estimator, X, y)
    return X, y, check_weights("sample_weight", sample_weight, X), dtype


def check_validation_data(
    estimator: Any, X_val: Any, y_val: Any, sample_weight_val: Any, dtype: Any
) -> tuple[Any, Any, NDArray[Any] | None]:
    """Return a validation set, checked like training data."""
    if X_val is None or y_val is None:
        given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        names = [name for name, value in given.items() if value is not None]
        raise ValueError(
            f"X_val and y_val must be given both or not at all; got only {' and '.join(names)}."
        )
    refuse_dates("X_val", X_val)
    with naming("X_val", in_features, X_val):
        X = validate_data(
            estimator, X_val, accept_sparse="csr", dtype=[dtype, *WHOLE], order="C", reset=False
        )
    y = check_target("y_val", estimator, X, y_val)
    return X, y, check_weights("sample_weight_val", sample_weight_val, X)


def check_target(argument: str, estimator: Any, X: Any, y: Any) -> Any:
    """Return y as an array, with as many rows as X."""
    regression = isinstance(estimator, RegressorMixin)
    if not regression:
        refuse_mixed(argument, y)
    with naming(argument, in_targets if regression else in_labels, y):
        checked = check_y(y, multi_output=True, estimator=estimator)
    with naming(argument):
        check_consistent_length(X, checked)
    return checked


def check_weights(argument: str, weights: Any, X: Any) -> NDArray[Any] | None:
    """Return the weights as an array, one for each row of X, or None if there are none."""
    if weights is None:
        return None
    refuse_dates(argument, weights)
    with naming(argument):
        # float64 for every network dtype: weights have no unit, and may be tiny
        checked: NDArray[Any] = check_sample_weight(weights, X, np.float64)
        return checked


def check_prediction_data(estimator: Any, X: Any) -> Any:
    """Return X as numbers, after a check that it has the known features."""
    # scikit-learn, too, finds non-finite values by a sum
    if _is_plain(estimator, X) and math.isfinite(X.sum()):
        return X
    refuse_dates("X", X)
    with naming("X", in_features, X):
        return validate_data(
            estimator, X, accept_sparse="csr", dtype=[*FLOATS, *WHOLE], reset=False
        )


def _is_plain(estimator: Any, X: Any) -> bool:
    """Return whether X is an array of floats that needs no conversion.

    For a single row, ``validate_data`` would take longer than the prediction.
    """
    return (
        type(X) is np.ndarray
        and X.dtype.char in "fd"
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
    )


@contextmanager
def naming(
    argument: str, explain: Callable[[Any], str] | None = None, value: Any = None
) -> Iterator[None]:
    """Make errors in the block name the argument, see ``raise_named``."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise_named(error, argument, explain, value)
        raise


def raise_named(
    error: ValueError | TypeError,
    argument: str,
    explain: Callable[[Any], str] | None = None,
    value: Any = None,
) -> None:
    """Raise an error that names the argument, unless ``error`` already does.

    ``explain(value)`` returns a sentence on the fault of a value. The sentence replaces
    scikit-learn's guess at the cause.
    """
    message = str(error)
    if argument not in ("X", "y"):  # scikit-learn knows no other names
        message = re.sub(r"^Input [Xy]\b", argument, message)
    about_values = re.search(ABOUT_VALUES, message.partition("\n")[0])
    more = explain(value) if explain is not None and about_values else ""
    named = re.search(rf"\b{argument}\b", message)
    if named and not more and message == str(error):
        return
    if more:
        message = f"{re.split(SUPPOSED, message)[0].rstrip('.')}.{more}"
    kind = TypeError if isinstance(error, TypeError) else ValueError
    raise kind(message if named else f"{argument}: {message}") from error


def refuse_dates(argument: str, X: Any) -> None:
    """Raise if X holds dates or time spans, which NumPy would convert to nanoseconds."""
    for name, kind in _kinds(X):
        if kind in OF_KIND:
            what, way_out = OF_KIND[kind]
            place = f"column {name} of {argument}" if name else argument
            raise ValueError(f"{place} holds {what}, which are no numbers. {way_out}.")


def refuse_mixed(argument: str, y: Any) -> None:
    """Raise if y mixes strings and other labels; NumPy would convert all to strings."""
    of_objects = getattr(y, "dtype", None) == np.dtype(object) and y.ndim > 0
    if (of_objects or isinstance(y, (list, tuple))) and len(
        {isinstance(label, str) for label in y}
    ) > 1:
        raise ValueError(f"{argument} must hold labels of one kind.{in_labels(y)}")


def in_features(X: Any) -> str:
    """Return a sentence on the first non-number in X, with a space before it, or an empty string.

    It is slow, and meant for an X that has already been refused.
    """
    for name, row, value in _suspects(X):
        found = _fault(value)
        if found:
            what, way_out = found
            return f" Column {name} holds {what}: {_shown(value)} in row {row}. {way_out}."
    return ""


def in_labels(y: Any) -> str:
    """Return a sentence on refused labels, with a space before it, or an empty string."""
    labels = np.asarray(y, dtype=object)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    rows = [] if labels.ndim != 1 else list(enumerate(labels.tolist()))
    for row, label in rows:
        if _is_missing(label) or _fault(label) in (INFINITE, COMPLEX):
            what = "missing" if _is_missing(label) else "no class"
            return (
                f" The label in row {row} is {what}: {label!r}. Leave out such rows, or give them "
                "a class of their own."
            )
    if np.asarray(y).dtype.kind == "f":
        return REGRESSION
    kinds = {type(label): (row, label) for row, label in reversed(rows)}
    if len(kinds) > 1:
        (i, one), (j, other) = sorted(kinds.values(), key=lambda found: found[0])[:2]
        return (
            f" It mixes {type(one).__name__} and {type(other).__name__}: {one!r} in row {i}, "
            f"{other!r} in row {j}. Make them one, for instance with astype(str)."
        )
    if np.asarray(y).dtype.kind == "O" and kinds and str not in kinds:
        return " Its values are Python objects. Convert them, for instance with astype(str)."
    return ""


def in_targets(y: Any) -> str:
    """Return a sentence on the first target that is no number, with a space before it, or ""."""
    targets = np.asarray(y, dtype=object)
    rows = targets.reshape(len(targets), -1).tolist() if targets.ndim else []
    for row, values in enumerate(rows):
        for value in values:
            found = TEXT if isinstance(value, (str, bytes)) else _fault(value)
            if found:
                return (
                    f" Row {row} holds {found[0]}: {_shown(value)}. A regressor needs finite real "
                    "numbers. Convert such targets, for instance with astype(float), or leave out "
                    "the rows."
                )
    return ""


def _kinds(X: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the dtype's kind of each column; the name is "" for an array."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        for name, dtype in zip(X.columns, X.dtypes, strict=False):
            inner = getattr(getattr(dtype, "categories", None), "dtype", dtype)
            yield repr(name), getattr(inner, "kind", "O")
        return
    kind = getattr(getattr(X, "dtype", None), "kind", None)
    if kind is not None and kind != "O":
        yield "", kind
        return
    rows: Any = X if isinstance(X, np.ndarray) and X.ndim == 2 else []
    if isinstance(X, (list, tuple)):  # only the first row is looked at
        rows = X[:1]
    for row in rows:
        for i, value in enumerate(row if isinstance(row, (list, tuple, np.ndarray)) else []):
            if isinstance(value, (np.datetime64, np.timedelta64)):
                yield str(i), value.dtype.kind


def _suspects(X: Any) -> Iterator[tuple[str, int, Any]]:
    """Yield column, row and value of possible non-numbers, column by column."""
    if issparse(X):
        entries = X.tocoo()
        for i in np.flatnonzero(~np.isfinite(entries.data))[:1]:
            yield str(entries.col[i]), int(entries.row[i]), entries.data[i]
        return
    if hasattr(X, "columns") and hasattr(X, "iloc"):
        columns = [(repr(name), X.iloc[:, i]) for i, name in enumerate(X.columns)]
    else:
        array = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)
        columns = [(str(i), array[:, i]) for i in range(array.shape[1] if array.ndim == 2 else 0)]
    for name, column in columns:
        values = np.asarray(column)
        rows: Any = range(0 if values.dtype.kind in "biu" else len(values))
        if values.dtype.kind == "f":
            rows = np.flatnonzero(~np.isfinite(values))[:1]
        for row in rows:
            yield name, int(row), values[row]


def _fault(value: Any) -> tuple[str, str] | None:
    """Return the fault of a value that is not a finite number, and the remedy, or None."""
    if _is_missing(value):
        return MISSING
    if isinstance(value, (str, bytes)):
        return None if _is_numeral(value) else TEXT
    if isinstance(value, (date, np.datetime64)):
        return DATES
    if isinstance(value, (timedelta, np.timedelta64)):
        return SPANS
    if isinstance(value, Real):
        number: Any = value  # an int may be too large for a float
        return None if abs(number) <= sys.float_info.max else INFINITE
    if isinstance(value, Complex):
        return COMPLEX
    return f"an object of type {type(value).__name__}", "Turn it into numbers, or leave it out"


def _shown(value: Any) -> str:
    """Return a short repr of a value."""
    return reprlib.repr(value.item() if isinstance(value, (np.number, np.str_)) else value)


def _is_missing(value: Any) -> bool:
    from pandas import isna

    return np.ndim(value) == 0 and bool(isna(value))


def _is_numeral(text: str | bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
