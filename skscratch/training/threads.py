"""How many threads BLAS may use while a network trains."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["blas_threads", "limited_blas_threads"]

# multiply-adds of one product: below SMALL, BLAS takes a single thread by itself;
# a thread that gets fewer than SHARE costs more than it computes
SMALL = 10**5
SHARE = 2 * 10**6

_holder = threading.Lock()


def blas_threads(work: float) -> AbstractContextManager[None]:
    """Return a context in which products of that many multiply-adds run as fast as they can.

    Each thread gets a share worth handing out, so small products run on one thread. There are never
    more than the limit in force allows: the environment's, or that of ``threadpool_limits``.

    Examples
    --------
    >>> from threadpoolctl import threadpool_info
    >>> from skscratch.training.threads import blas_threads
    >>> with blas_threads(work=1e6):
    ...     {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    {1}
    """
    if work < SMALL:
        return nullcontext()
    return limited_blas_threads(max(1, int(work // SHARE)))


@contextmanager
def limited_blas_threads(n: int) -> Iterator[None]:
    """Limit BLAS to n threads; a no-op for whoever comes while another holds the limit.

    The limit is global to the process. Were everyone to restore what they had found, two fits that
    overlap could leave a limit behind; and threadpoolctl lets only the thread that has set a limit
    lift it. So one holds it and the others live with its end, after which their sums may be ordered
    differently: results of overlapping calls can differ in the last bit.
    """
    # a pool that has fewer threads must not get more
    larger = [pool.filepath for pool in _blas().lib_controllers if pool.num_threads > n]
    if not larger or not _holder.acquire(blocking=False):
        yield
        return
    try:
        with _blas().select(filepath=larger).limit(limits=n):
            yield
    finally:
        _holder.release()


@cache
def _blas() -> ThreadpoolController:
    """Find the loaded BLAS libraries once: NumPy and SciPy bring theirs on import."""
    return ThreadpoolController().select(user_api="blas")
