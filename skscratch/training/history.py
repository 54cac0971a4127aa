"""The history of training: the numbers that are recorded for every epoch."""

import math
from typing import Any

import numpy as np

__all__ = ["History", "empty_columns"]

# Curves that later runs continue must stay exact. For the other columns, float32 saves memory.
COLUMNS: dict[str, Any] = {
    "loss": np.float64,
    "penalty": np.float32,
    "validation_loss": np.float32,
    "validation_score": np.float64,
    "learning_rate": np.float32,
    "gradient_norm": np.float32,
    "seconds": np.float32,
}
VALIDATION = "validation_loss", "validation_score"
LARGEST = float(np.finfo(np.float32).max)


class History:
    """Columns with one number per epoch; NaN where nothing was recorded.

    Parameters
    ----------
    arrays : dict of ndarray
        The columns of earlier runs, as ``arrays`` returned them. Columns of other names than those
        of this package come from callbacks.

    Attributes
    ----------
    columns : dict of list of float
        One number per epoch.

    Examples
    --------
    >>> from skscratch.training.history import History
    >>> history = History({})
    >>> history.append(loss=0.5, penalty=0.25)
    >>> history.update_last(validation_score=0.75)
    >>> [(name, column.tolist()) for name, column in history.arrays().items()]
    [('loss', [0.5]), ('penalty', [0.25]), ('validation_score', [0.75])]
    """

    def __init__(self, arrays: dict[str, Any]) -> None:
        n = len(arrays.get("loss", ()))
        nothing = np.full(n, math.nan)
        self.columns: dict[str, list[float]] = {
            name: arrays.get(name, nothing).tolist() for name in COLUMNS | arrays
        }

    def __len__(self) -> int:
        return len(self.columns["loss"])

    def __getitem__(self, name: str) -> list[float]:
        return self.columns[name]

    def objective(self) -> list[float]:
        """Return loss and penalty together."""
        return [a + b for a, b in zip(self["loss"], self["penalty"], strict=True)]

    def append(self, **row: float) -> None:
        """Add an epoch."""
        for name, column in self.columns.items():
            column.append(row.get(name, math.nan))

    def update_last(self, **row: float) -> None:
        """Set numbers of the last epoch."""
        for name, value in row.items():
            self.columns[name][-1] = value

    def adopt(self, arrays: dict[str, Any]) -> None:
        """Take the last numbers of columns that a callback has added to ``arrays``."""
        for name in [name for name in arrays if name not in COLUMNS]:
            self.columns.setdefault(name, [math.nan] * len(self))[-1] = float(arrays[name][-1])

    def keep_first(self, n: int) -> None:
        """Remove all epochs but the first n."""
        for column in self.columns.values():
            del column[n:]

    def keep_last(self, n: int) -> None:
        """Remove all epochs but the last n."""
        for column in self.columns.values():
            del column[:-n]

    def arrays(self) -> dict[str, Any]:
        """Return the columns that have any recorded number, as new arrays."""
        arrays = {}
        for name in self.columns:
            kind, column = COLUMNS.get(name, np.float64), np.array(self.columns[name])
            if column.size and not (math.isnan(column[-1]) and np.isnan(column).all()):
                if kind is np.float32:
                    column = column.clip(-LARGEST, LARGEST).astype(kind)
                arrays[name] = column
        return arrays


def empty_columns(names: Any, n: int) -> dict[str, Any]:
    """Return columns like those of ``arrays``, with n zeros.

    Validation columns, and those of callbacks, are returned only if they are in names.

    Examples
    --------
    >>> from skscratch.training.history import empty_columns
    >>> [*empty_columns(["loss", "validation_loss"], 2)]
    ['loss', 'penalty', 'validation_loss', 'learning_rate', 'gradient_norm', 'seconds']
    """
    kinds = COLUMNS | {name: np.float64 for name in names if name not in COLUMNS}
    return {
        name: np.broadcast_to(np.zeros((), kind), n)
        for name, kind in kinds.items()
        if name in names or name not in VALIDATION
    }
