"""How many threads BLAS may use while a network trains."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["blas_threads", "one_blas_thread"]

# multiply-adds of one product: below SMALL, BLAS takes a single thread by itself;
# from LARGE on, a second thread may pay
SMALL = 10**5
LARGE = 5 * 10**7

_holder = threading.Lock()


def blas_threads(work: float) -> AbstractContextManager[None]:
    """Return a context in which products of that many multiply-adds run as fast as they can.

    They run on one thread unless they are large: handing them out costs more than computing them,
    and far more on a busy machine. Large ones keep whatever limit is in force, for instance the
    user's own ``threadpool_limits``.

    Examples
    --------
    >>> from threadpoolctl import threadpool_info
    >>> from skscratch.training.threads import blas_threads
    >>> with blas_threads(work=1e6):
    ...     {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    {1}
    """
    return one_blas_thread() if SMALL <= work < LARGE else nullcontext()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread; a no-op for whoever comes while another holds the limit.

    The limit is global to the process. Were everyone to restore what they had found, two fits that
    overlap could leave a limit behind; and threadpoolctl lets only the thread that has set a limit
    lift it. So one holds it and the others live with its end, after which their sums may be ordered
    differently: results of overlapping calls can differ in the last bit.
    """
    if not _holder.acquire(blocking=False):
        yield
        return
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _holder.release()


@cache
def _controller() -> ThreadpoolController:
    """Find the loaded BLAS libraries once: NumPy and SciPy bring theirs on import."""
    return ThreadpoolController()
