"""The only file that knows scikit-learn's versions and its private names."""

import inspect
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)
from sklearn.utils.validation import _check_sample_weight, _check_y

__all__ = [
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "check_sample_weight",
    "check_y",
    "fit_context",
    "takes_weights",
]

fit_context = _fit_context
check_y = _check_y


def takes_weights(scorer: Any) -> bool:
    """Return whether a scorer, or a function of (estimator, X, y), knows sample weights."""
    try:
        parameters = inspect.signature(getattr(scorer, "_score_func", scorer)).parameters
    except ValueError:  # a built-in function
        return False
    return "sample_weight" in parameters


def check_sample_weight(sample_weight: Any, X: Any, dtype: Any) -> Any:
    """Return the weights as an array of that dtype: one per row, none negative, not all zero."""
    w = _check_sample_weight(sample_weight, X, dtype=dtype, ensure_non_negative=True)
    # scikit-learn refuses this itself from 1.9 on
    if not np.any(w):
        raise ValueError("sample_weight is zero for every row; at least one must be positive.")
    return w
