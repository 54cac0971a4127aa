"""The columns of X, and which of them the transformers of a pipeline make each column from.

Transformers do not say which columns they use, so this module tries it out. It exchanges the values
of some columns of X between rows. The transformed columns that change are made from those columns.
A column of X has a number, and two such exchanges find one digit of the binary number. So a table
of 100 columns is transformed 14 times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse, vstack

from skscratch.estimators._validation import naming

__all__ = ["Table"]

# Numbers that differ by less than this share of their column's range are equal.
EQUAL = 1e-5
# Least number of rows that a probe takes at random. One exchange may hide what a column does.
AT_RANDOM = 256


@dataclass(frozen=True)
class Table:
    """X and a background, before and after the transformers of a pipeline.

    Parameters
    ----------
    X : ndarray, sparse matrix or DataFrame of shape (n, p)
        The rows to explain.
    transformed : tuple of (n, q) and (m, q)
        X and the background as the network gets them.
    owners : ndarray of shape (q,) or None
        Number of the column of X that each transformed column is made from. None without
        transformers.
    """

    X: Any
    transformed: tuple[Any, Any]
    owners: Any

    @classmethod
    def of(cls, transformers: list[Any], X: Any, background: Any) -> Table:
        """Return the table of X and a background.

        Raises
        ------
        ValueError
            If one of them is not a table, if their columns differ, or if a transformer makes a
            column from several columns.
        """
        X, background = _as_table("X", X), _as_table("background", background)
        if not transformers:
            return cls(X, (X, background), None)
        background = _with_columns_of(X, background)
        Z = _transformed(transformers, X)
        with naming("background"):
            B = _transformed(transformers, background)
        probe = _Probe(X, background, Z, B)
        owners = probe.owners(transformers)
        if (owners < 0).any():
            raise ValueError(_mixes(transformers, X, background))
        return cls(X, (Z, B), owners)

    @property
    def data(self) -> Any:
        """The rows of X without names: an array or a sparse matrix."""
        return self.X.to_numpy() if hasattr(self.X, "columns") else self.X

    def names(self, network: Any) -> list[str]:
        """Return the names of the columns of X."""
        p = self.X.shape[1]
        known = getattr(self.X, "columns", None)
        if known is None and self.owners is None:
            known = getattr(network, "feature_names_in_", None)
        return [f"x{i}" for i in range(p)] if known is None else [str(name) for name in known]

    def summed(self, values: Any) -> Any:
        """Return contributions (n, q, r) of transformed columns as those (n, p, r) of X."""
        if self.owners is None:
            return values
        out = np.zeros((len(values), self.X.shape[1], values.shape[2]))
        for column, owner in enumerate(self.owners):
            out[:, owner] += values[:, column]
        return out


class _Probe:
    """Rows in which every transformed column has its smallest and its largest value.

    Each of them comes before and after rows that are drawn at random. A shift by one row then gives
    a row the values of many others. So two columns that are compared, as in ``x0 != x1``, both
    change the result in some row.
    """

    def __init__(self, X: Any, background: Any, Z: Any, B: Any) -> None:
        both = np.concatenate([_dense(Z), _dense(B)])
        self.n_columns = X.shape[1]
        ends = np.unique([both.argmin(axis=0), both.argmax(axis=0)])
        ends = np.tile(ends, -(-AT_RANDOM // len(ends)))
        drawn = np.random.default_rng(0).integers(len(both), size=len(ends))
        chosen, places = np.unique(np.stack([ends, drawn], axis=1), return_inverse=True)
        n = X.shape[0]
        in_X = chosen < n
        some = _stacked(_taken(X, chosen[in_X]), _taken(background, chosen[~in_X] - n))
        self.rows = _taken(some, places.ravel())
        with np.errstate(invalid="ignore"):  # infinity is refused later, by name
            spread = np.ptp(both, axis=0).astype(float)
        digits = np.finfo(both.dtype).eps * np.abs(both).max(axis=0)
        self.equal = np.maximum(EQUAL * spread, 8 * digits)
        self.varies = spread > self.equal

    def owners(self, transformers: list[Any]) -> Any:
        """Return the column that each transformed column is made from; -1 if there are several.

        A shift by one row passes every value of a column on to each row in turn. So a transformed
        column that varies must change in some row. One that does not vary contributes nothing, and
        gets the number 0.
        """
        before = _dense(_transformed(transformers, self.rows))
        owners, bad = np.zeros(before.shape[1], int), np.zeros(before.shape[1], bool)
        numbers = np.arange(self.n_columns)
        for bit in range((self.n_columns - 1).bit_length()):
            changed = []
            for digit in (0, 1):
                columns = numbers[(numbers >> bit) & 1 == digit]
                after = _dense(_transformed(transformers, _shifted(self.rows, columns)))
                with np.errstate(invalid="ignore"):
                    changed.append((np.abs(after - before) > self.equal).any(axis=0))
            bad |= changed[0] == changed[1]
            owners |= changed[1].astype(int) << bit
        owners[bad] = -1
        return np.where(self.varies, owners, 0)


def _mixes(transformers: list[Any], X: Any, background: Any) -> str:
    """Return the message on a step that makes a column from several columns."""
    name = _mixing_step(transformers, X, background)
    return (
        f"The step {name!r} of the pipeline makes a column from several columns of X, so the "
        "contribution of this column belongs to none of them. Explain the network by its own input "
        "columns: contributions(pipeline[-1], pipeline[:-1].transform(X), "
        "pipeline[:-1].transform(background))."
    )


def _mixing_step(transformers: list[Any], X: Any, background: Any) -> str:
    """Return the name of the first such step, or of the last one if those before yield text."""
    chains = [
        (step, [*transformers[:i], pipeline[:k]])
        for i, pipeline in enumerate(transformers)
        for k, (step, _) in enumerate(pipeline.steps, 1)
    ]
    for step, chain in chains[:-1]:
        Z, B = (_transformed(chain, rows) for rows in (X, background))
        numeric = _is_numeric(Z) and _is_numeric(B)
        if numeric and (_Probe(X, background, Z, B).owners(chain) < 0).any():
            return str(step)
    return str(chains[-1][0])


def _transformed(transformers: list[Any], rows: Any) -> Any:
    """Return rows as the transformers pass them on."""
    for pipeline in transformers:
        rows = pipeline.transform(rows)
    return rows


def _as_table(argument: str, rows: Any) -> Any:
    """Return rows as something with two dimensions, at least one row, and columns to take."""
    table: Any = rows if hasattr(rows, "shape") else np.asarray(rows)
    if len(table.shape) != 2 or not all(table.shape):
        raise ValueError(
            f"{argument} must have rows and columns, at least one of each. Got an array of shape "
            f"{table.shape}."
        )
    return table.tocsr() if issparse(table) else table


def _with_columns_of(X: Any, background: Any) -> Any:
    """Return the background with the columns of X, in their order."""
    if type(X) is not type(background):
        raise ValueError(
            f"X and background must be of one type. X is a {type(X).__name__}, and background is a "
            f"{type(background).__name__}."
        )
    if not hasattr(X, "columns"):
        if X.shape[1] != background.shape[1]:
            raise ValueError(
                f"background has {background.shape[1]} columns, but X has {X.shape[1]}."
            )
        return background
    missing = [name for name in X.columns if name not in background.columns]
    if missing:
        raise ValueError(f"background lacks columns of X: {missing}.")
    return background[list(X.columns)]


def _taken(rows: Any, index: Any) -> Any:
    """Return some rows of a table."""
    return rows.iloc[index].reset_index(drop=True) if hasattr(rows, "iloc") else rows[index]


def _stacked(above: Any, below: Any) -> Any:
    """Return two tables as one."""
    if not (above.shape[0] and below.shape[0]):
        return above if above.shape[0] else below
    if hasattr(above, "iloc"):
        import pandas as pd

        return pd.concat([above, below], ignore_index=True)
    if hasattr(above, "vstack"):  # a DataFrame of polars
        return above.vstack(below)
    return vstack([above, below]).tocsr() if issparse(above) else np.concatenate([above, below])


def _shifted(rows: Any, columns: Any) -> Any:
    """Return a copy of a table in which some columns are shifted by one row."""
    order = np.roll(np.arange(rows.shape[0]), 1)
    if hasattr(rows, "with_columns"):  # a DataFrame of polars
        return rows.with_columns([rows.to_series(int(j)).gather(order) for j in columns])
    if hasattr(rows, "isetitem"):  # a DataFrame of pandas
        rows = rows.copy()
        for j in columns:
            rows.isetitem(j, rows.iloc[order, j].array)
        return rows
    shifted = rows.toarray() if issparse(rows) else rows.copy()
    shifted[:, columns] = shifted[np.ix_(order, columns)]
    return type(rows)(shifted) if issparse(rows) else shifted


def _dense(Z: Any) -> Any:
    """Return numbers as a dense array of floats."""
    Z = np.asarray(Z.toarray() if issparse(Z) else Z)
    return Z if Z.dtype.kind == "f" else Z.astype(float)


def _is_numeric(Z: Any) -> bool:
    """Return whether all values are numbers."""
    return bool(issparse(Z) or np.asarray(Z).dtype.kind in "biuf")
