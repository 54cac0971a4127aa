"""X and y of the encoder as arrays; an error names the column or the rows that are at fault."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from skscratch._compat import check_y
from skscratch._faults import first_line, in_any_target, in_numbers
from skscratch._kinds import refuse_dates

__all__ = ["checked_features", "checked_targets"]

FLOATS: list[Any] = [np.float64, np.float32]


def checked_features(encoder: Any, X: Any, *, reset: bool) -> Any:
    """Return X as floats, finite or NaN. ``reset`` says that X defines the features."""
    refuse_dates("X", X, known=not reset)
    try:
        return validate_data(encoder, X, dtype=FLOATS, ensure_all_finite="allow-nan", reset=reset)
    except (ValueError, TypeError) as error:
        found = "" if issparse(X) else in_numbers(X, known=not reset)
        if not found:
            raise
        of_array = isinstance(error, TypeError) and not hasattr(X, "columns")
        raise (TypeError if of_array else ValueError)(f"{first_line(error)}.{found}") from error


def checked_targets(encoder: Any, y: Any, X: Any) -> Any:
    """Return y as an array with as many rows as X; decimals and fractions become floats."""
    try:
        checked = check_y(y, multi_output=True, estimator=encoder)
        if _are_numbers(checked):
            checked = check_y(checked.astype(np.float64), multi_output=True, estimator=encoder)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"y: {first_line(error)}.{in_any_target(y)}") from error
    try:
        check_consistent_length(X, checked)
    except ValueError as error:
        raise ValueError(f"y: {error}") from error
    return checked


def _are_numbers(y: Any) -> bool:
    """Return whether targets are Python objects that are numbers."""
    if y.dtype != object:
        return False
    return all(isinstance(value, (Real, Decimal)) for value in y.ravel().tolist())
