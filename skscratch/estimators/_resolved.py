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
# More members than this improve little; no layer is made narrower than those that were measured.
MOST_MEMBERS, NARROWEST = 8, 16


def resolved(estimator: Any, data: Any, whole: bool) -> Any:
    """Return a copy of the estimator that says whether it stops early, and how many members it has.

    Parameters
    ----------
    estimator : estimator
    data : Data
    whole : bool
        Whether it is a fit; otherwise it is a ``partial_fit``.
    """
    settings = copy.copy(estimator)
    settings.standardize = estimator.standardize and whole
    n_rows = data.X.shape[0] if data.w is None else int(np.count_nonzero(data.w))
    lbfgs = isinstance(estimator.solver, str) and estimator.solver == "lbfgs"
    if estimator.early_stopping == "auto":
        enough = n_rows >= FEW_ROWS or data.validation is not None
        settings.early_stopping = whole and not lbfgs and not estimator.warm_start and enough
    widths = _params.hidden_layer_sizes(estimator.hidden_layer_sizes)
    missing = _missing(estimator, data, lbfgs)
    if not whole:
        settings.n_members = 1
    elif estimator.n_members != "auto":
        _check_members(estimator.n_members, widths, missing)
    elif widths and n_rows >= FEW_ROWS and not missing:
        settings.n_members = _members(widths)
    else:
        settings.n_members = 1
    return settings


def _missing(estimator: Any, data: Any, lbfgs: bool) -> str:
    """Return what would have to be different for several members to be possible."""
    needed = {
        "warm_start=False": not estimator.warm_start,
        "refit=False": not estimator.refit,
        "another solver than 'lbfgs'": not lbfgs,
        "a dense X": not issparse(data.X),
    }
    return " and ".join(need for need, met in needed.items() if not met)


def _members(widths: tuple[int, ...]) -> int:
    """Return into how many members the layers are divided: as many as divide every width."""
    most, common = min(MOST_MEMBERS, min(widths) // NARROWEST), math.gcd(*widths)
    return max((m for m in range(1, most + 1) if common % m == 0), default=1)


def _check_members(n_members: int, widths: tuple[int, ...], missing: str) -> None:
    if n_members == 1:
        return
    if missing:
        raise InvalidParameterError(
            f"n_members={n_members} needs {missing}; otherwise it must be 1."
        )
    common = math.gcd(*widths)
    if common % n_members or not widths:
        raise InvalidParameterError(
            f"n_members={n_members} must divide every width in hidden_layer_sizes={widths}."
        )
