"""Warnings that point at the user's line, and settings for floating-point errors.

This package ignores floating-point errors, because it checks results for non-finite values. The
user's own functions run under the user's settings.
"""

import sys
import warnings
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any

import numpy as np

from skscratch._ranks import ranks

__all__ = ["for_users", "quiet", "warn"]

PACKAGES = ("skscratch", "sklearn")

_users: ContextVar[dict[str, Any]] = ContextVar("_users")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user that called this package, directly or through scikit-learn.

    Of ranks that share a fit, only rank 0 warns: all would say the same.
    """
    shared = ranks.get()
    if shared is not None and shared.rank:
        return
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in PACKAGES:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


class quiet:
    """A context that ignores floating-point errors, and remembers the user's settings."""

    def __enter__(self) -> None:
        self._token = _users.set(np.geterr())  # type: ignore[arg-type]
        self._ignored = np.errstate(all="ignore")
        self._ignored.__enter__()

    def __exit__(self, *error: object) -> None:
        self._ignored.__exit__(*error)  # type: ignore[arg-type]
        _users.reset(self._token)


def for_users() -> AbstractContextManager[Any]:
    """Return a context with the user's settings, for calls of user code inside ``quiet``."""
    return np.errstate(**_users.get(np.geterr()))
