"""The door: what comes in is checked here once, and named if it is refused."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from skscratch._compat import check_sample_weight, check_y

__all__ = [
    "FLOATS",
    "check_prediction_data",
    "check_training_data",
    "check_validation_data",
    "naming",
]

FLOATS = [np.float64, np.float32]
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
    with naming("X"):
        # C: gathering rows from a column-major X would copy the whole of it for every batch
        X = validate_data(
            estimator, X, accept_sparse="csr", dtype=[*floats, *WHOLE], order="C", reset=first
        )
    dtype = X.dtype if X.dtype.kind == "f" else np.dtype(floats[0])
    with naming("y"):
        y = check_y(y, multi_output=True, estimator=estimator)
        check_consistent_length(X, y)
    if sample_weight is None:
        return X, y, None, dtype
    with naming("sample_weight"):
        return X, y, check_sample_weight(sample_weight, X, dtype), dtype


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
    with naming("X_val"):
        X = validate_data(
            estimator, X_val, accept_sparse="csr", dtype=[dtype, *WHOLE], order="C", reset=False
        )
    with naming("y_val"):
        y = check_y(y_val, multi_output=True, estimator=estimator)
        check_consistent_length(X, y)
    if sample_weight_val is None:
        return X, y, None
    with naming("sample_weight_val"):
        return X, y, check_sample_weight(sample_weight_val, X, dtype)


def check_prediction_data(estimator: Any, X: Any) -> Any:
    """Return X as numbers, of the features that are known."""
    # a sum is how scikit-learn, too, looks for values that are not finite
    if _is_plain(estimator, X) and np.isfinite(X.sum()):
        return X
    with naming("X"):
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


@contextmanager
def naming(argument: str) -> Iterator[None]:
    """Put the argument's name before errors that do not have it."""
    try:
        yield
    except (ValueError, TypeError) as error:
        if re.search(rf"\b{argument}\b", str(error)):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{argument}: {error}") from error
