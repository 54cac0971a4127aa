"""What the data decide: the values of parameters that are "auto"."""

import copy
import math
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skscratch._compat import InvalidParameterError
from skscratch.estimators import _params

__all__ = ["resolved"]

# Fewer rows have none to spare: their number with a weight counts, for the others are not there.
FEW_ROWS = 50
# More members than this improve little, narrower ones than this learn little.
MOST_MEMBERS, NARROWEST = 8, 16


def resolved(estimator: Any, data: Any, first: bool, whole: bool) -> Any:
    """Return a copy of the estimator that says whether it stops early, and how many members it has.

    Parameters
    ----------
    estimator : estimator
    data : Data
    first : bool
        Whether training starts anew.
    whole : bool
        Whether it is a fit; otherwise it is a ``partial_fit``.
    """
    settings = copy.copy(estimator)
    settings.standardize = estimator.standardize and whole
    n_rows = data.X.shape[0] if data.w is None else int(np.count_nonzero(data.w))
    lbfgs = isinstance(estimator.solver, str) and estimator.solver == "lbfgs"
    ends = whole and not lbfgs and not estimator.warm_start
    if estimator.early_stopping == "auto":
        enough = n_rows >= FEW_ROWS or data.validation is not None
        settings.early_stopping = ends and enough
    widths = _params.hidden_layer_sizes(estimator.hidden_layer_sizes)
    alone = _alone(estimator, data, first and ends)
    if estimator.n_members == "auto":
        several = widths and not alone and n_rows >= FEW_ROWS
        settings.n_members = _members(widths) if several else 1
    elif not whole:
        settings.n_members = 1
    else:
        _check_members(estimator.n_members, widths, alone)
    return settings


def _alone(estimator: Any, data: Any, anew: bool) -> str:
    """Return what allows for a single network only, if anything does."""
    reasons = {
        "a fit that starts anew, ends, and is not by L-BFGS": not anew,
        "refit=False": estimator.refit,
        "a dense X": issparse(data.X),
    }
    return " and ".join(reason for reason, holds in reasons.items() if holds)


def _members(widths: tuple[int, ...]) -> int:
    """Return into how many members the layers are divided: as many as divide every width."""
    most, common = min(MOST_MEMBERS, min(widths) // NARROWEST), math.gcd(*widths)
    return max((m for m in range(1, most + 1) if common % m == 0), default=1)


def _check_members(n_members: int, widths: tuple[int, ...], alone: str) -> None:
    if n_members == 1:
        return
    if alone:
        raise InvalidParameterError(f"n_members={n_members} needs {alone}; otherwise it must be 1.")
    common = math.gcd(*widths)
    if common % n_members or not widths:
        raise InvalidParameterError(
            f"n_members={n_members} must divide every width in hidden_layer_sizes={widths}."
        )
