"""The choices that depend on the data: members, early stopping, rows per update."""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from skscratch._compat import InvalidParameterError
from skscratch.training.config import EarlyStopping
from skscratch.training.data import Dataset, holdout_sizes

__all__ = ["Choices", "batch_size", "is_lbfgs", "settle", "stops_early"]

# With fewer rows, "auto" holds out none for validation. Rows of weight 0 do not count.
FEW_ROWS = 50
# Members average out each other's errors, but more than 8 improve little. "auto" makes no layer of a
# member narrower than 16 units, the narrowest one measured.
MOST_MEMBERS, NARROWEST = 8, 16
# A narrow first layer cannot hold all that many rows or features say. It gets 64 units from so many
# rows, fewer for a single hidden layer, and at least one unit for so many features.
WIDE, MANY_ROWS, MANY_ROWS_OF_ONE_LAYER, FEATURES_A_UNIT = 64, 100_000, 10_000, 10
# The loss on fewer validation rows is too noisy for early stopping.
LEAST_HELD_OUT = 5


class Choices(NamedTuple):
    """The choices that depend on the data.

    Parameters
    ----------
    members : int
        Number of ensemble members.
    early_stopping : EarlyStopping or None
    n_training : int
        Number of rows to train on, without validation rows.
    batch_size : int
        Rows per update.
    """

    members: int
    early_stopping: EarlyStopping | None
    n_training: int
    batch_size: int


def settle(estimator: Any, data: Dataset, widths: tuple[int, ...], is_partial: bool) -> Choices:
    """Return the choices. A ``partial_fit`` trains one member on all rows.

    Raises
    ------
    InvalidParameterError
        If ``n_members`` does not fit the other parameters or the data.
    """
    n_rows = data.X.shape[0] if data.w is None else int(np.count_nonzero(data.w))
    members, early, n_training = 1, None, n_rows
    if not is_partial:
        members = _n_members(estimator, data, n_rows, widths)
        if stops_early(estimator, data, n_rows):
            n_held_out = _n_held_out(estimator, data)
            early = _early_stopping(estimator, data, n_rows, n_held_out)
            n_training -= 0 if early is None else n_held_out
    return Choices(members, early, n_training, batch_size(estimator.batch_size, n_training))


def is_lbfgs(solver: Any) -> bool:
    """Return whether a solver is L-BFGS, the only solver without batches."""
    return isinstance(solver, str) and solver == "lbfgs"


def stops_early(estimator: Any, data: Dataset, n_rows: int) -> bool:
    """Return whether a fit on so many rows stops early; this resolves "auto"."""
    if is_lbfgs(estimator.solver):
        return False
    if estimator.early_stopping != "auto":
        return bool(estimator.early_stopping)
    return (n_rows >= FEW_ROWS or data.validation is not None) and not estimator.warm_start


def _early_stopping(
    estimator: Any, data: Dataset, n_rows: int, n_held_out: int
) -> EarlyStopping | None:
    """Return the configuration of early stopping, or None for too few validation rows."""
    fraction, refit = None, None
    if data.validation is None:
        if n_held_out < LEAST_HELD_OUT:
            return None
        fraction = estimator.validation_fraction
        refit = batch_size(estimator.batch_size, n_rows) if estimator.refit else None
    temperature = bool(getattr(estimator, "temperature_scaling", False))
    return EarlyStopping(fraction, estimator.n_updates_no_change, temperature, refit)


def _n_held_out(estimator: Any, data: Dataset) -> int:
    """Return how many rows would be held out for validation."""
    if data.validation is not None:
        return 0
    rows = data.weighted_rows()
    counts = np.array([len(rows)]) if data.strata is None else np.bincount(data.strata[rows])
    return int(holdout_sizes(counts, estimator.validation_fraction).sum())


def _n_members(estimator: Any, data: Dataset, n_rows: int, widths: tuple[int, ...]) -> int:
    """Return the number of members into which the hidden layers are divided."""
    needed = {
        "warm_start=False": not estimator.warm_start,
        "refit=False": not estimator.refit,
        "another solver than 'lbfgs'": not is_lbfgs(estimator.solver),
        "a dense X": not issparse(data.X),
    }
    missing = " and ".join(need for need, met in needed.items() if not met)
    n, common = estimator.n_members, math.gcd(*widths)
    if n == "auto":
        if missing or not widths or n_rows < FEW_ROWS:
            return 1
        many = MANY_ROWS if len(widths) > 1 else MANY_ROWS_OF_ONE_LAYER
        first = NARROWEST if n_rows < many else WIDE
        of_first = int(widths[0] // max(first, data.X.shape[1] / FEATURES_A_UNIT))
        most = min(MOST_MEMBERS, min(widths) // NARROWEST, of_first)
        return max((m for m in range(1, most + 1) if common % m == 0), default=1)
    if n != 1 and missing:
        raise InvalidParameterError(f"n_members={n} needs {missing}; otherwise it must be 1.")
    if n != 1 and (common % n or not widths):
        raise InvalidParameterError(
            f"n_members={n} must divide every width in hidden_layer_sizes={widths}."
        )
    return int(n)


def batch_size(value: Any, n_rows: int) -> int:
    """Return the rows per update.

    "auto" gives small data several updates per epoch, and large data fewer but faster ones.
    """
    if isinstance(value, str):
        usual, of_many = min(200, -(-n_rows // 4)), min(800, n_rows // 128)
        return min(n_rows, max(32, usual, of_many))
    return min(n_rows, int(value))
