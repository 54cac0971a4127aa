"""The door: what comes in is checked here once, and named if it is refused."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from skscratch._compat import check_sample_weight, check_y
from skscratch._warnings import warn
from skscratch.estimators import _faults
from skscratch.training.scaling import LIMIT, differently_scaled, root_mean_squares

__all__ = [
    "FLOATS",
    "check_prediction_data",
    "check_training_data",
    "check_validation_data",
    "named_features",
    "naming",
    "warn_of_limits",
    "warn_of_no_scaling",
    "warn_of_other_scale",
]

FLOATS = [np.float64, np.float32]
ROWS_AT_ONCE = 4096
# a network that gets features of such sizes learns next to nothing
FAR_FROM_SCALE = 1e-3, 30.0
# Where a message of scikit-learn turns from what is wrong to what may be meant.
SUPPOSED = r"\n|\. Maybe you are trying"
# What such a message is about if a single value is to blame.
ABOUT_VALUES = (
    r"NaN|infinity|convert|float\(\)|Complex|DType|label type|ambiguous|supported between"
)
WHOLE = [np.dtype(code) for code in "?bBhHiIlLqQ"]


def check_training_data(
    estimator: Any, X: Any, y: Any, sample_weight: Any, floats: list[Any], first: bool
) -> tuple[Any, Any, Any, Any]:
    """Return X as C-ordered or CSR numbers, y, the weights or None, and the dtype to compute in.

    ``floats`` are the dtypes to compute in, the preferred one first: an X of another float dtype is
    converted to it, whole numbers stay as they are and are converted batch by batch. ``first`` is
    whether X settles the features or is held against those that are known.
    """
    if y is None:
        validate_data(estimator, X, y)  # raises: the tags say that y is required
    _faults.refuse_dates("X", X)
    with naming("X", _faults.in_features, X):
        # C: gathering rows from a column-major X would copy the whole of it for every batch
        X = validate_data(
            estimator, X, accept_sparse="csr", dtype=[*floats, *WHOLE], order="C", reset=first
        )
    dtype = X.dtype if X.dtype.kind == "f" else np.dtype(floats[0])
    y = _check_target("y", estimator, X, y)
    return X, y, _check_weights("sample_weight", sample_weight, X), dtype


def check_validation_data(
    estimator: Any, X_val: Any, y_val: Any, sample_weight_val: Any, dtype: Any
) -> tuple[Any, Any, Any] | None:
    """Return a validation set, checked as training data are, or None if there is none."""
    if X_val is None or y_val is None:
        given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        names = [name for name, value in given.items() if value is not None]
        if names:
            raise ValueError(
                f"X_val and y_val must be given both or not at all; got only {' and '.join(names)}."
            )
        return None
    _faults.refuse_dates("X_val", X_val)
    with naming("X_val", _faults.in_features, X_val):
        X = validate_data(
            estimator, X_val, accept_sparse="csr", dtype=[dtype, *WHOLE], order="C", reset=False
        )
    y = _check_target("y_val", estimator, X, y_val)
    return X, y, _check_weights("sample_weight_val", sample_weight_val, X)


def _check_target(argument: str, estimator: Any, X: Any, y: Any) -> Any:
    """Return y as an array, one row for each of X."""
    _faults.refuse_mixed(argument, y)
    with naming(argument, _faults.in_labels, y):
        checked = check_y(y, multi_output=True, estimator=estimator)
    with naming(argument):
        check_consistent_length(X, checked)
    return checked


def _check_weights(argument: str, weights: Any, X: Any) -> Any:
    """Return the weights as an array, one for each row of X, or None if there are none."""
    if weights is None:
        return None
    _faults.refuse_dates(argument, weights)
    with naming(argument):
        # float64, whatever the network computes in: weights have no unit, and may be tiny
        return check_sample_weight(weights, X, np.float64)


def check_prediction_data(estimator: Any, X: Any) -> Any:
    """Return X as numbers, of the features that are known."""
    # a sum is how scikit-learn, too, looks for values that are not finite
    if _is_plain(estimator, X) and np.isfinite(X.sum()):
        return X
    _faults.refuse_dates("X", X)
    with naming("X", _faults.in_features, X):
        return validate_data(
            estimator, X, accept_sparse="csr", dtype=[*FLOATS, *WHOLE], reset=False
        )


def _is_plain(estimator: Any, X: Any) -> bool:
    """Return whether X is an array of floats that needs no conversion.

    For a single row, what ``validate_data`` does to find that out takes longer than the prediction.
    """
    return (
        type(X) is np.ndarray
        and X.dtype in FLOATS
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
    )


def warn_of_no_scaling(estimator: Any, X: Any) -> None:
    """Warn if features that will be taken as they are lie far from any scale."""
    scales = root_mean_squares(X, ROWS_AT_ONCE)
    largest = int(scales.argmax())
    if not scales[largest] > 0 or FAR_FROM_SCALE[0] <= scales[largest] <= FAR_FROM_SCALE[1]:
        return
    why = "A sparse X" if issparse(X) else "A partial_fit that comes first"
    feature, scale = named_features(estimator, [largest]), f"{scales[largest]:.2g}"
    warn(
        f"X is far from scale: the largest root mean square, of {feature}, is {scale}. {why} is "
        "trained on as it is, whatever standardize says. Scale X before, for instance with "
        "sklearn.preprocessing.MaxAbsScaler, or set standardize=False if it is meant to be so."
    )


def warn_of_limits(estimator: Any, limit: Any) -> None:
    """Warn of features with values that training clips, if there are any."""
    if limit is not None:
        names = named_features(estimator, np.flatnonzero(np.isfinite(limit)))
        warn(
            f"X has, in {names}, values more than {LIMIT:g} standard deviations away from the "
            "rest; training clips them there. Predictions for such rows are unreliable. "
            "sklearn.impute.SimpleImputer(missing_values=...) replaces codes for missing values."
        )


def warn_of_other_scale(estimator: Any, X: Any, X_val: Any) -> None:
    """Warn if most features of a validation set live on another scale than those of X."""
    if issparse(X) or issparse(X_val):
        in_X, in_val = (root_mean_squares(part, ROWS_AT_ONCE) for part in (X, X_val))
        told = (in_X > 0) & (in_val > 0)
        differs = told & ((in_val > 8 * in_X) | (in_val < in_X / 8))
    else:
        differs, told = differently_scaled(X, X_val, ROWS_AT_ONCE)
    # some features of new data may well have moved; a scaler moves most
    if differs.sum() * 3 < told.sum() or not told.any():
        return
    where = named_features(estimator, np.flatnonzero(differs))
    warn(
        f"X_val is on another scale than X ({where}). The validation loss and early stopping are "
        "unreliable. Scale X_val as X was scaled. A Pipeline passes X_val on unchanged unless it "
        "is told to transform it: sklearn.set_config(enable_metadata_routing=True), "
        "Pipeline(..., transform_input=['X_val']) and set_fit_request(X_val=True, y_val=True) on "
        "this estimator."
    )


def named_features(estimator: Any, indices: Any) -> str:
    """Return how a message names some features: by name where they have names, three at most."""
    names = getattr(estimator, "feature_names_in_", None)
    shown = [repr(i if names is None else names[i]) for i in map(int, indices[:3])]
    more = f" and {len(indices) - 3} more" if len(indices) > 3 else ""
    return f"{'features' if len(indices) > 1 else 'feature'} {', '.join(shown)}{more}"


@contextmanager
def naming(
    argument: str, explain: Callable[[Any], str] | None = None, value: Any = None
) -> Iterator[None]:
    """Put the argument's name before errors that do not have it.

    ``explain(value)`` is a sentence on what is wrong with a value; it takes the place of what
    scikit-learn supposes.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        message = str(error)
        about_values = re.search(ABOUT_VALUES, message.partition("\n")[0])
        more = explain(value) if explain is not None and about_values else ""
        named = re.search(rf"\b{argument}\b", message)
        if named and not more:
            raise
        if more:
            message = f"{re.split(SUPPOSED, message)[0].rstrip('.')}.{more}"
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(message if named else f"{argument}: {message}") from error
