"""Warnings that point at the user's line, and settings for floating-point errors.

This package ignores floating-point errors, because it checks results for non-finite values. The
user's own functions run under the user's settings.
"""

import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

__all__ = ["for_users", "quiet", "warn"]

PACKAGES = ("skscratch", "sklearn")

_users: ContextVar[dict[str, Any]] = ContextVar("_users")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user that called this package, directly or through scikit-learn."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in PACKAGES:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore floating-point errors, and remember the user's settings."""
    token = _users.set(np.geterr())  # type: ignore[arg-type]
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _users.reset(token)


def for_users() -> AbstractContextManager[Any]:
    """Return a context with the user's settings, for calls of user code inside ``quiet``."""
    return np.errstate(**_users.get(np.geterr()))
