"""How many threads BLAS may use while a network trains."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache

import joblib
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
    more than the limit in force allows, the environment's or that of ``threadpool_limits``, nor
    more than cores: BLAS counts these once, and a process may be confined to fewer later.

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
    return limited_blas_threads(max(1, min(int(work // SHARE), _n_cores())))


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


def _n_cores() -> int:
    """Return how many cores this process may use now."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _n_at_first()
    return min(allowed, _n_at_first())


@cache
def _n_at_first() -> int:
    """Count the cores once, the limits of containers considered."""
    return int(joblib.cpu_count())


@cache
def _blas() -> ThreadpoolController:
    """Find the loaded BLAS libraries once: NumPy and SciPy bring theirs on import."""
    return ThreadpoolController().select(user_api="blas")
