"""Validation rows that are not drawn row by row: whole groups, or the splits of the user.

Each member has its own rows. Members are trained side by side, so all have the same number of
training rows and the same number of validation rows. A member with more rows leaves out the
surplus, chosen at random.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["ByGroup", "BySplits", "Holdout"]

# A group is skipped if it would make the validation set larger than wanted by this factor.
MOST_TOO_MANY = 1.5


class Holdout(Protocol):
    """A way to choose the rows that each member holds out."""

    def n_held_out(self, rows: NDArray[np.intp], fraction: Any) -> int:
        """Return about how many of the rows a member will hold out."""

    def split(
        self, rows: Any, strata: Any, fraction: Any, rng: np.random.Generator, members: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the rows to train on and those to hold out, each (members, n) and sorted."""


@dataclass(frozen=True)
class ByGroup:
    """Holds out whole groups, at random, until there are enough rows.

    Each member holds out different groups, as long as there are any left. The last group of a class
    is never held out.

    Parameters
    ----------
    groups : ndarray of int of shape (n,)
        The group of each row of the data.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.holdout import ByGroup
    >>> groups, rng = np.array([0, 0, 1, 1, 2, 2]), np.random.default_rng(0)
    >>> kept, held_out = ByGroup(groups).split(np.arange(6), None, 1 / 3, rng, members=3)
    >>> held_out.tolist()
    [[4, 5], [0, 1], [2, 3]]
    """

    groups: NDArray[np.intp]

    def n_held_out(self, rows: NDArray[np.intp], fraction: float) -> int:
        several = len(np.unique(self.groups[rows])) > 1
        return min(max(1, round(fraction * len(rows))), len(rows) - 1) if several else 0

    def split(
        self, rows: Any, strata: Any, fraction: float, rng: np.random.Generator, members: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        _, group = np.unique(self.groups[rows], return_inverse=True)
        stratum = np.zeros(len(rows), int) if strata is None else strata[rows]
        table = np.zeros((group.max() + 1, stratum.max() + 1), int)
        np.add.at(table, (group, stratum), 1)
        order, masks = rng.permutation(len(table)), []
        for _ in range(members):
            chosen = _some_groups(table[order], fraction * len(rows))
            if not chosen:
                raise ValueError(
                    "groups: no group can be held out, because each is the only one of a class. "
                    "Leave groups out, or set early_stopping=False."
                )
            masks.append(np.isin(group, order[chosen]))
            order = np.r_[np.delete(order, chosen), order[chosen]]
        kept, held_out = ([rows[mask == out] for mask in masks] for out in (False, True))
        return _even(kept, rng), _even(held_out, rng)


def _some_groups(table: Any, n_rows: float) -> list[int]:
    """Return groups of about so many rows; table has the rows of each group and stratum."""
    left, n, chosen = table.sum(axis=0), 0, list[int]()
    sizes = table.sum(axis=1)
    may = [i for i in range(len(table)) if sizes[i] <= MOST_TOO_MANY * n_rows]
    for i in [*may, *np.argsort(sizes, kind="stable").tolist()]:
        of_last = ((left > 0) & (left == table[i])).any()
        if i in chosen or of_last or (chosen and n + sizes[i] > MOST_TOO_MANY * n_rows):
            continue
        chosen.append(i)
        left, n = left - table[i], n + int(sizes[i])
        if n >= n_rows:
            break
    return chosen


@dataclass(frozen=True)
class BySplits:
    """Holds out the test rows of given splits.

    Member i takes split i; if there are fewer splits than members, they are used again. With a time
    series, all members take the last split. Splits are those of a time series if each trains on
    rows before its test rows, or on all rows of the split before it and on more.

    Parameters
    ----------
    splits : list of (train, test)
        Rows of the data.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.holdout import BySplits
    >>> splits = [(np.array([0, 1]), np.array([2])), (np.array([1, 2]), np.array([0]))]
    >>> rows, rng = np.arange(3), np.random.default_rng(0)
    >>> kept, held_out = BySplits(splits).split(rows, None, None, rng, members=2)
    >>> kept.tolist(), held_out.tolist()
    ([[0, 1], [1, 2]], [[2], [0]])
    """

    splits: list[tuple[NDArray[np.intp], NDArray[np.intp]]]

    def n_held_out(self, rows: NDArray[np.intp], fraction: Any) -> int:
        return min(len(np.intersect1d(test, rows)) for _, test in self._used())

    def split(
        self, rows: Any, strata: Any, fraction: Any, rng: np.random.Generator, members: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        used = self._used()
        own = [used[i % len(used)] for i in range(members)]
        kept, held_out = ([np.intersect1d(split[k], rows) for split in own] for k in (0, 1))
        return _even(kept, rng), _even(held_out, rng)

    def sizes(self, rows: Any) -> list[int]:
        """Return how many of the rows are training rows of each split that members take."""
        return [len(np.intersect1d(train, rows)) for train, _ in self._used()]

    def _used(self) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        ahead = all(train.max() < test.min() for train, test in self.splits)
        grow = len(self.splits) > 1 and all(
            len(before) < len(after) and np.isin(before, after).all()
            for (before, _), (after, _) in pairwise(self.splits)
        )
        return self.splits[-1:] if ahead or grow else self.splits


def _even(parts: list[Any], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return equally many entries of each part, sorted; the others are left out at random."""
    n = min(map(len, parts))
    return np.array(
        [np.sort(part if len(part) == n else rng.choice(part, n, replace=False)) for part in parts]
    )
