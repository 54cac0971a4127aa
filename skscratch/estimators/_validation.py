"""The door: what comes in is checked here once, and named if it is refused."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from skscratch._compat import check_sample_weight, check_y

__all__ = ["check_prediction_data", "check_training_data", "naming"]


def check_training_data(
    estimator: Any, X: Any, y: Any, sample_weight: Any, dtype: Any, first: bool
) -> tuple[Any, Any, Any]:
    """Return X as C-ordered or CSR floats, y, and the weights or None.

    ``first`` is whether X settles the features or is held against those that are known.
    """
    if y is None:
        validate_data(estimator, X, y)  # raises: the tags say that y is required
    with naming("X"):
        # C: gathering rows from a column-major X would copy the whole of it for every batch
        X = validate_data(estimator, X, accept_sparse="csr", dtype=dtype, order="C", reset=first)
    with naming("y"):
        y = check_y(y, multi_output=True, estimator=estimator)
        check_consistent_length(X, y)
    if sample_weight is None:
        return X, y, None
    with naming("sample_weight"):
        return X, y, check_sample_weight(sample_weight, X)


def check_prediction_data(estimator: Any, X: Any) -> Any:
    """Return X as floats, of the features that are known."""
    # scikit-learn's own test for finite values adds up all of them
    with naming("X"), np.errstate(over="ignore", invalid="ignore"):
        return validate_data(
            estimator, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False
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
