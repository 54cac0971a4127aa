"""Floating-point errors: in our code they are ignored, the user's code meets the user's settings.

Overflow shows as a result that is not finite, which is looked for; underflow does no harm.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

__all__ = ["for_users", "quiet"]

_users: ContextVar[dict[str, Any]] = ContextVar("_users")


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore floating-point errors, and remember what the user has set."""
    token = _users.set(np.geterr())  # type: ignore[arg-type]
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _users.reset(token)


def for_users() -> AbstractContextManager[Any]:
    """Return a context, within ``quiet``, that is for code of the user's."""
    return np.errstate(**_users.get(np.geterr()))
