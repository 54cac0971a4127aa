"""The columns of a table that a pipeline has seen in ``fit``: they are of the same kinds again."""

from __future__ import annotations

from datetime import datetime
from numbers import Number
from typing import Any

import numpy as np

from skscratch._faults import refuse_columns, shown
from skscratch._kinds import kind_of

__all__ = ["as_in_fit"]


def as_in_fit(X: Any, table: Any) -> Any:
    """Return a table with dates in the columns of dates, or raise.

    ``table`` is the fitted ``ColumnTransformer``. It and skrub know what the columns held in
    ``fit``. A column without values counts as missing, whatever its type.

    Raises
    ------
    ValueError
        If a column holds what ``fit`` refuses, numbers where dates were, dates where numbers were,
        or dates that have a time zone and had none, or the reverse.
    """
    parts = {name: columns for name, _, columns in table.transformers_}
    numbers, others = ({*parts.get(name, ())} for name in ("numbers", "others"))
    dates, numerals = _read_by_skrub(table)
    found = [name for name in X.columns if name in others]
    refuse_columns(X[[name for name in found if name not in numerals]])
    refuse_columns(X[[name for name in found if name in numerals]], known=True)
    changed = {}
    for name in X.columns:
        column = X[name]
        if name in dates:
            changed[name] = _dates(column, name, dates[name])
        elif name not in numbers | others:
            continue
        elif kind_of(column.dtype) not in "biuf" and not len(_present(column)):
            changed[name] = _like(column, [None] * len(column))
        elif name in numerals and hasattr(column, "cast"):
            changed[name] = column if kind_of(column.dtype) in "bf" else column.cast(str)
    return _replaced(X, changed)


def _read_by_skrub(table: Any) -> tuple[dict[str, Any], set[str]]:
    """Return skrub's readers of dates by column, and the columns of numbers as text."""
    steps = getattr(table.named_transformers_.get("others"), "named_steps", {}).values()
    for vectorizer in steps:
        if hasattr(vectorizer, "all_processing_steps_"):
            of_columns = vectorizer.all_processing_steps_.items()
            dates = {
                name: step
                for name, readers in of_columns
                for step in readers
                if hasattr(step, "output_time_zone_")
            }
            return dates, {*vectorizer.kind_to_columns_["numeric"]}
    return {}, set()


def _dates(column: Any, name: str, reader: Any) -> Any:
    """Return a column of dates for skrub's reader of dates.

    What cannot be read becomes missing. Text in the format of ``fit`` is left to the reader.
    """
    values = _present(column)
    of_dates = kind_of(column.dtype) == "M" and not hasattr(column.dtype, "categories")
    if not of_dates:
        _refuse_numbers(values, name)
        if reader.format_ is not None and str(column.dtype) == "String":  # of polars
            return column
        column, zoned = _read(column, reader.format_)
    elif len(values):
        dtype = column.dtype
        zoned = {getattr(dtype, "time_zone", getattr(dtype, "tz", None)) is not None}
    else:
        zoned = set()
    had = reader.output_time_zone_ is not None
    if zoned - {had}:
        has, before, way_out = ("no time zone", "one", ".dt.tz_localize('UTC')")
        if not had:
            has, before, way_out = ("a time zone", "none", ".dt.tz_localize(None)")
        raise ValueError(
            f"Column {name!r} of X holds dates with {has}, and with {before} in fit. Convert them "
            f"as they were in fit, for instance with {way_out} of pandas or "
            ".dt.replace_time_zone of polars."
        )
    return column


def _refuse_numbers(values: Any, name: str) -> None:
    """Raise if one of the values is a number, which would count as nanoseconds since 1970."""
    for value in values:
        if isinstance(value, (Number, np.bool_)):
            raise ValueError(
                f"Column {name!r} of X holds a number: {shown(value)}. The column held dates in "
                "fit. Convert it, for instance with pandas.to_datetime, or with astype(str) if it "
                "was text."
            )


def _read(column: Any, form: str | None) -> tuple[Any, set[bool]]:
    """Return the dates in a column of text or objects, in UTC, and whether they have a time zone.

    As in skrub, ``form`` is the format of text, or None: then pandas finds it in the first value.
    """
    import pandas

    values = pandas.Series(column.to_list(), getattr(column, "index", None), dtype=object)
    dates = pandas.to_datetime(values, format=form, errors="coerce", utc=True)
    readable = values[dates.notna().to_numpy()]
    zoned = {value.tzinfo is not None for value in readable if isinstance(value, datetime)}
    if len(readable) and not zoned:
        first = pandas.to_datetime(readable.iloc[:1], format=form, errors="coerce")
        zoned = {first.dt.tz is not None}
    if not hasattr(column, "index"):  # of polars
        naive = dates.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
        return _like(column, naive).dt.replace_time_zone("UTC"), zoned
    return dates, zoned


def _present(column: Any) -> Any:
    """Return the values of a column that are not missing."""
    if hasattr(column, "dropna"):
        return column.dropna()
    column = column.drop_nulls()
    return column.drop_nans() if column.dtype.is_float() else column


def _like(column: Any, values: Any) -> Any:
    """Return a column of pandas or polars that holds other values."""
    if hasattr(column, "index"):
        return type(column)(values, column.index, dtype=object)
    return type(column)(column.name, values)


def _replaced(X: Any, columns: dict[str, Any]) -> Any:
    """Return a table of pandas or polars with other columns."""
    if hasattr(X, "with_columns"):
        return X.with_columns([*columns.values()])
    X = X.copy(deep=False)
    for name, column in columns.items():
        X[name] = column
    return X
