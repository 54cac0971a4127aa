"""Input validation. All arguments of the user are checked here, once.

Errors name the argument, the position of the bad value, and what to do.
"""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from skscratch._compat import check_sample_weight, check_y
from skscratch._faults import in_features, in_labels, in_targets
from skscratch._kinds import refuse_dates
from skscratch._ranks import ranks

__all__ = [
    "FLOATS",
    "check_prediction_data",
    "check_target",
    "check_training_data",
    "check_validation_data",
    "check_weights",
    "checked",
    "naming",
    "raise_named",
]

Result = TypeVar("Result")
FLOATS: list[Any] = [np.float64, np.float32]
WHOLE = [np.dtype(code) for code in "?bBhHiIlLqQ"]
# In a message of scikit-learn: here the fault ends and a guess at the cause begins.
SUPPOSED = r"\n|\. Maybe you are trying"
# In a message of scikit-learn: words on a fault of a single value.
ABOUT_VALUES = (
    r"NaN|infinity|convert|float\(\)|Complex|DType|label type|ambiguous|supported between"
)


def checked(check: Callable[..., Result], *arguments: Any) -> Result:
    """Return what ``check`` makes of the arguments, or of those of all ranks that share a call."""
    shared = ranks.get()
    if shared is None:
        return check(*arguments)
    from skscratch.estimators._shared import check_shared_data

    result: Any = check_shared_data(shared, check, *arguments)
    return cast(Result, result)


def check_training_data(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    floats: list[Any],
    first: bool,
    is_open: bool = False,
) -> tuple[Any, Any, NDArray[Any] | None, np.dtype[Any]]:
    """Return X as numbers, dense or CSR, y, the weights or None, and the dtype to compute in.

    ``floats`` are the allowed dtypes to compute in, the preferred one first. An X of another float
    dtype is converted to the preferred one. Integers keep their dtype, and are converted batch by
    batch. ``first`` says whether X defines the features; otherwise X must have the known features.
    If the precision is still open (``is_open``), the order of a dense X is left as it is.
    """
    if y is None:
        validate_data(estimator, X, y)  # raises, because the tags say that y is required
    if getattr(getattr(X, "dtype", None), "kind", "O") not in "biuf":  # no array of numbers
        refuse_dates("X", X)
    with naming("X", in_features, X):
        # C-ordered: gathering rows from a column-major X would copy all of X for every batch
        X = validate_data(
            estimator,
            X,
            accept_sparse="csr",
            dtype=[*floats, *WHOLE],
            order=None if is_open else "C",  # a change of the precision changes the order, too
            reset=first,
        )
    dtype = X.dtype if X.dtype.kind == "f" else np.dtype(floats[0])
    y = check_target("y", estimator, X, y)
    return X, y, check_weights("sample_weight", sample_weight, X), dtype


def check_validation_data(
    estimator: Any, X_val: Any, y_val: Any, sample_weight_val: Any, dtype: Any
) -> tuple[Any, Any, NDArray[Any] | None]:
    """Return a validation set, checked like training data."""
    if X_val is None or y_val is None:
        given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        names = [name for name, value in given.items() if value is not None]
        raise ValueError(
            f"X_val and y_val must be given both or not at all; got only {' and '.join(names)}."
        )
    refuse_dates("X_val", X_val)
    with naming("X_val", in_features, X_val):
        X = validate_data(
            estimator, X_val, accept_sparse="csr", dtype=[dtype, *WHOLE], order="C", reset=False
        )
    y = check_target("y_val", estimator, X, y_val)
    return X, y, check_weights("sample_weight_val", sample_weight_val, X)


def check_target(argument: str, estimator: Any, X: Any, y: Any) -> Any:
    """Return y as an array, with as many rows as X."""
    regression = isinstance(estimator, RegressorMixin)
    if not regression:
        refuse_mixed(argument, y)
    if getattr(getattr(y, "dtype", None), "kind", "") == "T":
        raise ValueError(
            f"{argument} has NumPy's StringDType, which scikit-learn does not take. Convert it, "
            "for instance with astype(str)."
        )
    with naming(argument, in_targets if regression else in_labels, y):
        checked = check_y(y, multi_output=True, estimator=estimator)
    with naming(argument):
        check_consistent_length(X, checked)
    return checked


def check_weights(argument: str, weights: Any, X: Any) -> NDArray[Any] | None:
    """Return the weights as an array, one for each row of X, or None if there are none."""
    if weights is None:
        return None
    refuse_dates(argument, weights)
    with naming(argument):
        # float64 for every network dtype: weights have no unit, and may be tiny
        checked: NDArray[Any] = check_sample_weight(weights, X, np.float64)
        return checked


def check_prediction_data(estimator: Any, X: Any) -> Any:
    """Return X as numbers, after a check that it has the known features."""
    # scikit-learn, too, finds non-finite values by a sum
    if _is_plain(estimator, X) and math.isfinite(X.sum()):
        return X
    refuse_dates("X", X)
    with naming("X", in_features, X):
        return validate_data(
            estimator, X, accept_sparse="csr", dtype=[*FLOATS, np.float16, *WHOLE], reset=False
        )


def _is_plain(estimator: Any, X: Any) -> bool:
    """Return whether X is an array of floats that needs no conversion.

    For a single row, ``validate_data`` would take longer than the prediction.
    """
    return (
        type(X) is np.ndarray
        and X.dtype.char in "fd"
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
    )


@contextmanager
def naming(
    argument: str, explain: Callable[[Any], str] | None = None, value: Any = None
) -> Iterator[None]:
    """Make errors in the block name the argument, see ``raise_named``."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise_named(error, argument, explain, value)
        raise


def raise_named(
    error: ValueError | TypeError,
    argument: str,
    explain: Callable[[Any], str] | None = None,
    value: Any = None,
) -> None:
    """Raise an error that names the argument, unless ``error`` already does.

    ``explain(value)`` returns a sentence on the fault of a value. The sentence replaces
    scikit-learn's guess at the cause.
    """
    message = str(error)
    if argument not in ("X", "y"):  # scikit-learn knows no other names
        message = re.sub(r"^Input [Xy]\b", argument, message)
    about_values = re.search(ABOUT_VALUES, message.partition("\n")[0])
    more = explain(value) if explain is not None and about_values else ""
    named = re.search(rf"\b{argument}\b", message)
    if named and not more and message == str(error):
        return
    if more:
        message = f"{re.split(SUPPOSED, message)[0].rstrip('.')}.{more}"
    kind = TypeError if isinstance(error, TypeError) else ValueError
    raise kind(message if named else f"{argument}: {message}") from error


def refuse_mixed(argument: str, y: Any) -> None:
    """Raise if y mixes strings and other labels; NumPy would convert all to strings."""
    of_objects = getattr(y, "dtype", None) == np.dtype(object) and y.ndim > 0
    if (of_objects or isinstance(y, (list, tuple))) and len(
        {isinstance(label, str) for label in y}
    ) > 1:
        raise ValueError(f"{argument} must hold labels of one kind.{in_labels(y)}")
