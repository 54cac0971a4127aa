"""The version in a saved estimator, and a warning where another one loads it."""

import warnings
from typing import Any, cast

from sklearn.exceptions import InconsistentVersionWarning

from skscratch._version import __version__
from skscratch.estimators._errstate import quiet
from skscratch.estimators._fitted import check_complete

__all__ = ["Stamped"]

STAMP = "_skscratch_version"
# Parameters that a former version did not have: what it did is what they say.
AS_BEFORE = {"n_members": 1, "standardize": False, "temperature_scaling": False}
# What scikit-learn keeps on an estimator for the time of a fit.
OF_A_FIT = ("_callback_fit_ctx", "_parent_callback_ctx", "_skl_callbacks_to_teardown")


class Stamped:
    """An estimator whose saved state names the version that saved it."""

    def __getstate__(self) -> dict[str, Any]:
        state = dict(cast(dict[str, Any], super().__getstate__()))
        for name in OF_A_FIT:
            state.pop(name, None)
        return state | {STAMP: __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        version = state.pop(STAMP, "unknown")
        if version != __version__:
            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=f"skscratch.{type(self).__name__}",
                    current_sklearn_version=__version__,
                    original_sklearn_version=version,
                ),
                stacklevel=2,
            )
        if "coefs_" in state and "n_members" not in state:
            state["n_members_"] = AS_BEFORE["n_members"]
        self.__dict__.update(AS_BEFORE | state)
        with quiet():
            check_complete(self)
