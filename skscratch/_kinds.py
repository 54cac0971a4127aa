"""Kinds of columns, by their types; columns that hold dates or time spans are refused."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from skscratch._faults import DATES, KNOWN, OF_KIND, RAW_TABLE

__all__ = ["kind_of", "refuse_dates", "refuse_uncomputed"]

# The letters of NumPy for types of polars; "t" are times of day, for which NumPy has no type.
OF_POLARS = {"Date": "M", "Datetime": "M", "Duration": "m", "Time": "t", "Boolean": "b"}


def kind_of(dtype: Any) -> str:
    """Return the letter of a type's kind, as in NumPy; it is "O" for text and objects.

    ``dtype`` is a type of NumPy, pandas or polars. Categories have the kind of their values.
    """
    inner = getattr(getattr(dtype, "categories", None), "dtype", dtype)
    if hasattr(inner, "base_type"):  # of polars
        return OF_POLARS.get(inner.base_type().__name__, "f" if inner.is_numeric() else "O")
    kind: str = getattr(inner, "kind", "O")
    return kind


def refuse_uncomputed(argument: str, X: Any) -> None:
    """Raise if X is a lazy table of polars."""
    if hasattr(X, "collect"):
        raise TypeError(
            f"{argument} is a {type(X).__name__}, which is not computed yet. Pass "
            f"{argument}.collect()."
        )


def refuse_dates(argument: str, X: Any, *, known: bool = False) -> None:
    """Raise if X is not computed, or holds dates, time spans or times of day.

    NumPy would convert these to whole numbers. ``known`` says that the columns held numbers when
    they were seen before.
    """
    refuse_uncomputed(argument, X)
    for name, kind in _kinds(X):
        if kind in OF_KIND:
            what, way_out = OF_KIND[kind]
            place = f"Column {name} of {argument}" if name else argument
            more = RAW_TABLE if name and argument == "X" and what == DATES[0] else ""
            if known and name:
                way_out, more = KNOWN, ""
            raise ValueError(f"{place} holds {what}, which are not numbers. {way_out}.{more}")


def _kinds(X: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the dtype's kind of each column; the name is "" for an array."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        for name, dtype in zip(X.columns, X.dtypes, strict=False):
            yield repr(name), kind_of(dtype)
        return
    kind = kind_of(getattr(X, "dtype", None))
    if kind != "O":
        yield "", kind
        return
    rows: Any = X if isinstance(X, np.ndarray) and X.ndim == 2 else []
    if isinstance(X, (list, tuple)):  # only the first row is looked at
        rows = X[:1]
    for row in rows:
        for i, value in enumerate(row if isinstance(row, (list, tuple, np.ndarray)) else []):
            if isinstance(value, (np.datetime64, np.timedelta64)):
                yield str(i), value.dtype.kind
