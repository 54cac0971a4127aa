"""The only file that knows scikit-learn's versions and its private names."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)
from sklearn.utils.metaestimators import available_if as _available_if
from sklearn.utils.validation import _check_sample_weight, _check_y

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where there are no callbacks: ``set_callbacks`` is absent."""

    def with_callbacks(method: Any) -> Any:
        """Return the method as it is."""
        return method


__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "available_if",
    "check_sample_weight",
    "check_y",
    "fit_context",
    "new_scoring_monitor",
    "takes_weights",
]

Method = TypeVar("Method", bound=Callable[..., Any])

check_y = _check_y


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Hide a method from estimators for which the check is false."""
    decorate: Callable[[Method], Method] = _available_if(check)
    return decorate


def fit_context(method: Method) -> Method:
    """Check the parameters before the method, and take leave of the callbacks after it."""
    checked: Method = _fit_context(prefer_skip_nested_validation=True)(method)
    managed: Method = with_callbacks(checked)
    return managed


def new_scoring_monitor(scoring: Any) -> Any:
    """Return scikit-learn's callback that logs scores."""
    try:
        from sklearn.callback import ScoringMonitor
    except ImportError as error:
        raise ImportError("Callbacks need scikit-learn 1.9 or later.") from error
    return ScoringMonitor(scoring=scoring)


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
