"""The only file that knows scikit-learn's versions and its private names."""

import inspect
import re
from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import _param_validation
from sklearn.utils._param_validation import HasMethods, InvalidParameterError
from sklearn.utils.metaestimators import available_if as _available_if
from sklearn.utils.validation import _check_feature_names_in, _check_sample_weight, _check_y

from skscratch._ranks import ranks

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Replaces scikit-learn's class where there are no callbacks; it has no methods."""

    def with_callbacks(method: Any) -> Any:
        """Return the method as it is."""
        return method


__all__ = [
    "OF_A_FIT",
    "SITE",
    "CallbackSupportMixin",
    "HasMethods",
    "Hinted",
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "available_if",
    "callback_context",
    "check_feature_names_in",
    "check_sample_weight",
    "check_y",
    "fit_context",
    "forget_optimizer",
    "kind_of_scorer",
    "new_scoring_monitor",
    "shared_fit_context",
    "takes_weights",
]

Method = TypeVar("Method", bound=Callable[..., Any])

check_feature_names_in = _check_feature_names_in
check_y = _check_y
# The documentation, to which the pages of estimators in notebooks link.
SITE = "https://skscratch.readthedocs.io/en/stable/"
# The attributes that scikit-learn sets on an estimator during a fit.
OF_A_FIT = ("_callback_fit_ctx", "_parent_callback_ctx", "_skl_callbacks_to_teardown")


class Interval(_param_validation.Interval):  # type: ignore[misc]
    """Numbers between two bounds. True and False do not count as numbers."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether a value is such a number."""
        return not isinstance(val, (bool, np.bool_)) and super().is_satisfied_by(val)


class Options(_param_validation.Options):  # type: ignore[misc]
    """Allowed values of a type. Messages list them in sorted order."""

    def __init__(self, kind: type, options: set[Any]) -> None:
        super().__init__(kind, options)
        self.options = sorted(options, key=str)


class StrOptions(Options):
    """Allowed names."""

    def __init__(self, options: set[str]) -> None:
        super().__init__(str, options)


class Hinted:
    """An estimator whose errors on parameters hint at what the user may have meant."""

    def _hint(self, name: str, value: Any) -> str:
        """Return a sentence with a space before it, or an empty string."""
        raise NotImplementedError

    def _check_parameters(self) -> None:
        """Check the parameters, as scikit-learn does before a ``fit``."""
        self._validate_params()

    def _validate_params(self) -> None:
        try:
            super()._validate_params()  # type: ignore[misc]
        except InvalidParameterError as error:
            name = re.findall(r"'(\w+)' parameter", str(error))[0]
            raise InvalidParameterError(f"{error}{self._hint(name, getattr(self, name))}") from None


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Hide a method from estimators for which the check is false."""
    decorate: Callable[[Method], Method] = _available_if(check)
    return decorate


def fit_context(method: Method) -> Method:
    """Check the parameters before the method, and tear down the callbacks after it."""
    checked: Method = _fit_context(prefer_skip_nested_validation=True)(method)
    managed: Method = with_callbacks(checked)
    return managed


def shared_fit_context(method: Method) -> Method:
    """Do as ``fit_context``, and make an error of one rank of ``data_parallel`` one of all."""
    managed = fit_context(method)

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        shared = ranks.get()
        with nullcontext() if shared is None else shared.telling():
            return managed(self, *args, **kwargs)

    return call  # type: ignore[return-value]


def callback_context(estimator: Any, max_epochs: int) -> Any:
    """Return scikit-learn's context of a fit of at most ``max_epochs``; None without callbacks.

    Of ranks that share a fit, rank 0 alone calls callbacks.
    """
    shared = ranks.get()
    if shared is not None and shared.rank:
        return None
    if not getattr(estimator, "_skl_callbacks", ()):
        return None
    return estimator._init_callback_context(max_subtasks=max_epochs)


def new_scoring_monitor(scoring: Any) -> Any:
    """Return scikit-learn's callback that logs scores."""
    try:
        from sklearn.callback import ScoringMonitor
    except ImportError as error:
        raise ImportError("Callbacks need scikit-learn 1.9 or later.") from error
    return ScoringMonitor(scoring=scoring)


def kind_of_scorer(scorer: Any) -> str:
    """Return whether a scorer of scikit-learn scores numbers or classes, "" if it is neither."""
    function = getattr(scorer, "_score_func", None)
    module = str(getattr(function, "__module__", ""))
    if module == "sklearn.metrics._regression":
        return "numbers"
    of_classes = ("_classification", "_ranking", "cluster._supervised")
    return "classes" if module in {f"sklearn.metrics.{name}" for name in of_classes} else ""


def forget_optimizer(network: Any) -> None:
    """Let ``partial_fit`` of one of scikit-learn's networks begin with a new optimizer."""
    del network._optimizer


def takes_weights(scorer: Any) -> bool:
    """Return whether a scorer, or a function of (estimator, X, y), takes sample weights."""
    try:
        parameters = inspect.signature(getattr(scorer, "_score_func", scorer)).parameters
    except ValueError:  # a built-in function
        return False
    return "sample_weight" in parameters


def check_sample_weight(sample_weight: Any, X: Any, dtype: Any) -> Any:
    """Return the weights as an array, one per row, none negative and not all zero."""
    given = np.asarray(sample_weight)
    if given.dtype.kind not in "biuf":
        text = [value for value in given.ravel().tolist() if isinstance(value, (str, bytes))]
        if text:
            raise ValueError(
                f"sample_weight holds text: {text[0]!r}. Convert it to numbers, for instance with "
                "astype(float)."
            )
    w = _check_sample_weight(sample_weight, X, dtype=dtype, ensure_non_negative=True)
    # scikit-learn raises this error itself from 1.9 on
    if not np.any(w):
        raise ValueError("sample_weight is zero for every row; at least one must be positive.")
    return w
