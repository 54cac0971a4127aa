"""How many threads BLAS may use while a network trains."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["blas_threads"]

# multiply-adds of one product from which on a second thread may pay
LARGE = 5 * 10**7

_lock = threading.Lock()
_n_inside = 0
_limiter: AbstractContextManager[object] | None = None


def blas_threads(work: float) -> AbstractContextManager[None]:
    """Return a context in which products of that many multiply-adds run as fast as they can.

    Small products run on one thread: handing them out costs more than computing them. Large ones
    keep whatever limit is in force, for instance the user's own ``threadpool_limits``.

    Examples
    --------
    >>> from threadpoolctl import threadpool_info
    >>> from skscratch.training.threads import blas_threads
    >>> with blas_threads(work=1000):
    ...     {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    {1}
    """
    return _one_thread() if work < LARGE else nullcontext()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limit BLAS to one thread until the last of all concurrent users has left.

    The limit is global to the process. Were each user to restore what it found, two fits that
    overlap could leave the limit of the first behind.
    """
    global _n_inside, _limiter
    with _lock:
        if _n_inside == 0:
            _limiter = _controller().limit(limits=1, user_api="blas")
            _limiter.__enter__()
        _n_inside += 1
    try:
        yield
    finally:
        with _lock:
            _n_inside -= 1
            if _n_inside == 0 and _limiter is not None:
                _limiter.__exit__(None, None, None)


@cache
def _controller() -> ThreadpoolController:
    """Find the loaded BLAS libraries once: NumPy and SciPy bring theirs on import."""
    return ThreadpoolController()
