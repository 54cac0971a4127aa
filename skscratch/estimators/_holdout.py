"""Validation rows that the user's groups or splitter determine."""

import copy
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils import column_or_1d

from skscratch._faults import refuse_class
from skscratch._warnings import warn
from skscratch.estimators._auto import stops_early
from skscratch.estimators._validation import naming
from skscratch.training.config import TrainingConfig
from skscratch.training.data import Dataset
from skscratch.training.holdout import ByGroup, BySplits, Holdout

__all__ = ["holdout", "warn_of_holdout"]

# Training sets of splits whose sizes differ by less than this share are even enough.
EVEN = 0.9


def holdout(estimator: Any, data: Dataset, groups: Any) -> Holdout | None:
    """Return how to choose the validation rows, by groups or by a splitter; None without any.

    Raises
    ------
    ValueError
        If groups do not fit X, or a splitter fails or returns splits without rows.
    """
    n, splitter = data.X.shape[0], estimator.validation_fraction
    refuse_class("validation_fraction", splitter)
    is_used = data.validation is None and stops_early(estimator, data, len(data.weighted_rows()))
    index = None if groups is None else _group_index(groups, n, is_used)
    if not is_used:
        return None
    if isinstance(splitter, Real) and index is not None:
        return ByGroup(index)
    with naming("validation_fraction"):
        try:
            splits = list(_seeded(splitter).split(np.empty((n, 1)), data.labels, index))
        except (ValueError, TypeError) as error:
            if index is None and "group" in f"{splitter!r} {error}".lower():
                raise ValueError(f"{error} Pass fit(X, y, groups=...).") from error
            raise
        fold = getattr(splitter, "test_fold", None)  # of PredefinedSplit
        if fold is not None and len(fold) != n:
            raise ValueError(f"X has {n} samples, and {splitter!r} has {len(fold)} entries.")
        found = [(_rows(train, n), _rows(test, n)) for train, test in splits]
        if not found or min(len(part) for split in found for part in split) == 0:
            raise ValueError(f"{splitter!r} returned no splits, or a split without rows.")
        chosen = BySplits(found)
        if min(chosen.sizes(data.weighted_rows())) == 0:
            raise ValueError(
                f"All training rows of a split of {splitter!r} have weight 0, in sample_weight or "
                "class_weight. Use splits that leave some rows with weight to train on."
            )
    return chosen


def _group_index(groups: Any, n: int, is_used: bool) -> Any:
    """Return the number of each row's group. One group for all rows is an error if it is used."""
    with naming("groups"):
        # NumPy would convert the numbers in a list to strings if there is one string
        column = column_or_1d(
            np.array(groups, object) if isinstance(groups, (list, tuple)) else groups
        )
        if len(column) != n:
            raise ValueError(f"X has {n} samples, and groups has {len(column)} entries.")
        missing = [i for i, group in enumerate(column.tolist()) if group is None or group != group]
        if missing:
            raise ValueError(f"Row {missing[0]} has no group. Give such rows groups of their own.")
        try:
            values, index = np.unique(column, return_inverse=True)
        except TypeError as error:
            kinds = sorted({type(group).__name__ for group in column.tolist()})
            raise ValueError(
                f"groups must hold values of one kind, for instance strings. Got {kinds}. Convert "
                "them: [str(group) for group in groups]."
            ) from error
        if len(values) < 2 and is_used:
            raise ValueError(
                f"All rows are of the group {column.tolist()[0]!r}, so no group can be held out. "
                "Leave groups out, or set early_stopping=False."
            )
    return index


def _rows(part: Any, n: int) -> Any:
    """Return the row numbers of one side of a split, which may be a mask."""
    rows = np.asarray(part)
    rows = np.flatnonzero(rows) if rows.dtype == bool and rows.shape == (n,) else rows
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or (rows.size and not _within(rows, n)):
        raise ValueError(f"A split must have numbers of rows, from 0 to {n - 1}. Got {part!r}.")
    return rows


def _within(rows: Any, n: int) -> bool:
    return bool(rows.min() >= 0 and rows.max() < n)


def _seeded(splitter: Any) -> Any:
    """Return a splitter that does not draw from NumPy's global state."""
    if getattr(splitter, "random_state", 0) is None and getattr(splitter, "shuffle", True):
        splitter = copy.copy(splitter)
        splitter.random_state = 0
    return splitter


def warn_of_holdout(estimator: Any, config: TrainingConfig, data: Dataset, groups: Any) -> None:
    """Warn of groups that have no effect, and of splits that cost members many rows."""
    options = config.stochastic
    stops = options is not None and options.early_stopping is not None
    if stops and config.arch.members > 1 and isinstance(data.holdout, BySplits):
        sizes = data.holdout.sizes(data.weighted_rows())
        if min(sizes) < EVEN * max(sizes):
            warn(
                f"The splits of validation_fraction have {min(sizes)} to {max(sizes)} training "
                f"rows, and each member trains on {min(sizes)}. Use splits of one size, or set "
                "n_members=1 to train on the first split alone."
            )
    reason = ""
    if data.validation is not None:
        reason = "X_val is the validation set."
    elif options is None:
        reason = f"solver={estimator.solver!r} holds out no rows."
    elif not stops and data.holdout is not None:
        reason = "there are too few rows to hold out. Pass X_val and y_val instead."
    elif not stops:
        reason = "no rows are held out. Set early_stopping=True."
    if groups is not None and reason:
        warn(f"groups are not used, because {reason}")
