"""What is wrong with the values of X or y that were refused, and what to do.

All functions are slow, and meant for values that have been refused.
"""

import math
import reprlib
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Complex, Real
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skscratch._compat import InvalidParameterError

__all__ = [
    "DATES",
    "KNOWN",
    "OF_KIND",
    "RAW_TABLE",
    "first_line",
    "in_any_target",
    "in_features",
    "in_labels",
    "in_numbers",
    "in_targets",
    "refuse_class",
    "refuse_columns",
    "shown",
]

# Faults of values, and what to do.
DATES = "dates", "Turn them into numbers, for instance the days since a date, or the month"
SPANS = "time spans", "Turn them into numbers, for instance with .dt.total_seconds()"
TIMES = "times of day", "Turn them into numbers, for instance the hour"
OF_KIND = {"M": DATES, "m": SPANS, "t": TIMES}
KNOWN = "The column held numbers in fit"
TEXT = "text", "Encode it, for instance with OneHotEncoder in a ColumnTransformer, or leave it out"
MISSING = "a missing value", "Fill it, for instance with SimpleImputer, or leave out the row"
INFINITE = "an infinite number", "Replace it, or leave out the row"
COMPLEX = "complex numbers", "Give the real and the imaginary part as two columns"
NESTED = "nested values", "Make them columns of numbers or text, or leave the column out"
RAW_TABLE = (
    " A table is taken as it is by make_tabular_pipeline(model).fit(X, y), from "
    "skscratch.preprocessing."
)
PROBABILITIES = " For probabilities of classes, set soft_labels=True."
LEAVE_OUT = "Leave out such rows of X and y."
# a message lists at most this many other rows
SOME = 3
REGRESSION = " A classifier predicts classes. For numbers there is ScratchMLPRegressor."


def first_line(error: Exception) -> str:
    """Return the message of an error without the values that follow it, and without a full stop."""
    return str(error).partition("\n")[0].rstrip(".")


def in_features(X: Any) -> str:
    """Return a sentence on the first non-number in X, with a space before it, or an empty string.

    A missing value is named only if there is no other fault, because text is refused before it.
    """
    sentence = ""
    for name, row, value in _suspects(X, np.isfinite):
        found = _fault(value)
        if found and (found != MISSING or not sentence):
            is_raw = found in (TEXT, DATES, MISSING) and hasattr(X, "columns")
            sentence = _sentence(name, row, value, found) + (RAW_TABLE if is_raw else "")
            if found != MISSING:
                break
    return sentence


def in_numbers(X: Any, *, known: bool) -> str:
    """Return a sentence on the first value of X that is neither a number nor missing, or "".

    ``known`` says that the columns held numbers when they were seen before.
    """
    for name, row, value in _suspects(X, lambda values: ~np.isinf(values)):
        found = _fault(value)
        if found and found != MISSING:
            what, way_out = found
            if known and found != INFINITE:
                way_out = KNOWN
            return _sentence(name, row, value, (what, way_out))
    return ""


def refuse_columns(X: Any, *, known: bool = False) -> None:
    """Raise if a column of a table holds what no encoder takes: lists, time spans or such.

    ``known`` says that the columns held numbers when they were seen before. Then dates are refused,
    too. Of a column of objects, only the first value that is not missing is looked at.
    """
    refused = [NESTED, SPANS, COMPLEX, *([DATES, TIMES] if known else [])]
    for name, column in _columns(X):
        if getattr(column.dtype, "kind", "O") in "biuf":
            continue
        some = column.dropna() if hasattr(column, "dropna") else column.drop_nulls()
        if not len(some):
            continue
        value = some.iloc[0] if hasattr(some, "iloc") else some[0]
        value = value.to_list() if hasattr(value, "to_list") else value  # of polars
        found = _fault(value)
        if isinstance(value, (list, tuple, dict, set, np.ndarray)):
            found = NESTED
        if found in refused:
            what, way_out = found
            raise ValueError(
                f"Column {name} of X holds {what}: {shown(value)}. {KNOWN if known else way_out}."
            )


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
    if labels.ndim == 2 and np.asarray(y).dtype.kind == "f" and not np.isfinite(y).all():
        row = int(np.flatnonzero(~np.isfinite(np.asarray(y)).all(axis=1))[0])
        return f" Row {row} is {np.asarray(y)[row].tolist()}. Leave out such rows."
    if np.asarray(y).dtype.kind == "f":
        return (PROBABILITIES if labels.ndim == 2 else "") + REGRESSION
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
    """Return a sentence on targets that are not numbers, with a space before it, or ""."""
    faults = _target_faults(y)
    if not faults:
        return ""
    way_out = LEAVE_OUT
    if faults[0][2] not in (MISSING, INFINITE):
        way_out = "Convert such targets, for instance with astype(float), or leave out the rows."
    return f"{_on_rows(faults)} A regressor needs finite real numbers. {way_out}"


def in_any_target(y: Any) -> str:
    """Return a sentence on y for a classifier or a regressor, with a space before it, or ""."""
    faults = _target_faults(y)
    if faults and {found for *_, found in faults} <= {MISSING, INFINITE}:
        return f"{_on_rows(faults)} {LEAVE_OUT}"
    return in_labels(y)


def refuse_class(name: str, splitter: Any) -> None:
    """Raise if a parameter is the class of a splitter and not a splitter."""
    if isinstance(splitter, type):
        kind = splitter.__name__
        raise InvalidParameterError(
            f"{name} must be a number or an object that splits, not the class {kind}. Pass "
            f"{kind}(...)."
        )


def _target_faults(y: Any) -> list[tuple[int, Any, tuple[str, str]]]:
    """Return row, value and fault of each row that holds another thing than finite numbers."""
    targets = np.asarray(y, dtype=object)
    rows = targets.reshape(len(targets), -1).tolist() if targets.ndim else []
    faults = []
    for row, values in enumerate(rows):
        for value in values:
            found = TEXT if isinstance(value, (str, bytes)) else _fault(value)
            if found:
                faults.append((row, value, found))
                break
    return faults


def _on_rows(faults: list[tuple[int, Any, tuple[str, str]]]) -> str:
    """Return a sentence on the first of the faults, and one on the rows of the others."""
    (row, value, found), *others = faults
    sentence = f" Row {row} holds {found[0]}: {shown(value)}."
    if others:
        rows = ", ".join(str(other) for other, *_ in others[:SOME])
        more = f" and {len(others) - SOME} more" if len(others) > SOME else ""
        sentence += f" Other such rows: {rows}{more}."
    return sentence


def _suspects(X: Any, is_good: Callable[[Any], Any]) -> Iterator[tuple[str, int, Any]]:
    """Yield column, row and value of possible non-numbers, column by column.

    Of a column of floats, it is the first value that is not good.
    """
    if issparse(X):
        entries = X.copy().tocoo()  # SciPy notes in the user's matrix that it is sorted
        for i in np.flatnonzero(~np.isfinite(entries.data))[:1]:
            yield str(entries.col[i]), int(entries.row[i]), entries.data[i]
        return
    for name, column in _columns(X):
        values = np.asarray(column)
        rows: Any = range(0 if values.dtype.kind in "biu" else len(values))
        if values.dtype.kind == "f":
            rows = np.flatnonzero(~is_good(values))[:1]
        for row in rows:
            yield name, int(row), values[row]


def _columns(X: Any) -> list[tuple[str, Any]]:
    """Return the names, as they are shown, and the columns of a table or an array."""
    if hasattr(X, "columns"):
        by_place = X.iloc if hasattr(X, "iloc") else X  # pandas, or polars
        return [(repr(name), by_place[:, i]) for i, name in enumerate(X.columns)]
    array = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)
    return [(str(i), array[:, i]) for i in range(array.shape[1] if array.ndim == 2 else 0)]


def _sentence(name: str, row: int, value: Any, fault: tuple[str, str]) -> str:
    what, way_out = fault
    return f" Column {name} holds {what}: {shown(value)} in row {row}. {way_out}."


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
    if isinstance(value, time):
        return TIMES
    if isinstance(value, (Real, Decimal)):
        try:
            return None if math.isfinite(value) else INFINITE
        except OverflowError:  # an int that is too large for a float
            return INFINITE
    if isinstance(value, Complex):
        return COMPLEX
    return f"an object of type {type(value).__name__}", "Turn it into numbers, or leave it out"


def shown(value: Any) -> str:
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
