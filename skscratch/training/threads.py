"""How many threads BLAS may use while a network trains."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import cache
from typing import Any

import joblib
from threadpoolctl import ThreadpoolController

__all__ = ["blas_threads", "limited_blas_threads"]

# multiply-adds of one product: below SMALL, BLAS takes a single thread by itself;
# a thread that gets fewer than SHARE costs more than it computes
SMALL = 10**5
SHARE = 3 * 10**6


class _Limit:
    """The limit in force: the thread that holds it, and what lifts it."""

    def __init__(self) -> None:
        self.lock, self.thread, self.limiters = threading.Lock(), 0, list[Any]()

    @contextmanager
    def set_to(self, limits: dict[str, int]) -> Iterator[None]:
        """Limit BLAS libraries, by their paths."""
        self.thread = threading.get_ident()
        try:
            with ExitStack() as stack:
                for path, n in limits.items():
                    self.limiters.append(_blas().select(filepath=path).limit(limits=n))
                    stack.enter_context(self.limiters[-1])
                yield
        finally:
            self.thread, self.limiters = 0, []

    def after_fork(self) -> None:
        """Lift, in a new process, the limit of a thread that it does not have."""
        if self.lock.locked() and self.thread != threading.get_ident():
            for limiter in self.limiters:
                with limiter:
                    pass
            self.lock, self.thread, self.limiters = threading.Lock(), 0, []


_limit = _Limit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_limit.after_fork)


def blas_threads(work: float) -> AbstractContextManager[None]:
    """Return a context in which products of that many multiply-adds get the threads they are worth.

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

    Where SciPy has a BLAS of its own, that gets one thread: two pools of several threads that take
    turns hold each other up, and the large products run in NumPy's.

    The limit is global to the process. Were everyone to restore what they had found, two fits that
    overlap could leave a limit behind; and threadpoolctl lets only the thread that has set a limit
    lift it. So one holds it and the others live with its end, after which their sums may be ordered
    differently: results of overlapping calls can differ in the last bit. A process that is forked
    meanwhile begins without the limit, unless the thread that forks is the one that holds it.
    """
    limits = {pool: 1 if "scipy.libs" in pool.filepath else n for pool in _blas().lib_controllers}
    # a pool that has fewer threads must not get more
    larger = {pool.filepath: k for pool, k in limits.items() if pool.num_threads > k}
    if not larger or not _limit.lock.acquire(blocking=False):
        yield
        return
    try:
        with _limit.set_to(larger):
            yield
    finally:
        _limit.lock.release()


def _n_cores() -> int:
    """Return how many cores this process may use now."""
    now = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else math.inf
    return int(min(now, _n_cores_at_first()))


@cache
def _n_cores_at_first() -> int:
    """Count the cores once, the limits of containers considered, which takes its time."""
    return int(joblib.cpu_count())


@cache
def _blas() -> ThreadpoolController:
    """Find the loaded BLAS libraries once: NumPy and SciPy bring theirs on import."""
    return ThreadpoolController().select(user_api="blas")
