"""Runs one of scikit-learn's own checks."""

from unittest import SkipTest

import numpy as np

__all__ = ["check_name", "run"]

# Skip themselves unless SCIPY_ARRAY_API is set when Python starts.
MAY_SKIP = {"check_array_api_input", "check_array_api_input_and_values"}
# Shuffles the rows with NumPy's global random state, which no test of ours may move.
DRAWS_GLOBALLY = {"check_methods_sample_order_invariance"}


def check_name(check):
    """Return the name of a check that may be wrapped in a partial."""
    return getattr(check, "func", check).__name__


def run(check, estimator):
    """Run a check. No other check than those that may skip themselves skips."""
    state = np.random.get_state()  # noqa: NPY002
    try:
        check(estimator)
    except SkipTest:
        assert check_name(check) in MAY_SKIP
        raise
    if check_name(check) in DRAWS_GLOBALLY:
        np.random.set_state(state)  # noqa: NPY002
