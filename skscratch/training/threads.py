"""How many BLAS threads a product gets, in training and in prediction."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import cache
from typing import Any

import joblib
from scipy.sparse import issparse
from threadpoolctl import ThreadpoolController

from skscratch.core.network import Parameters
from skscratch.training.config import LBFGS, Stochastic

__all__ = ["blas_threads", "largest_product", "limited_blas_threads", "training_threads"]

# Multiply-adds of one product. Below SMALL, BLAS takes a single thread by itself. A thread with
# fewer than SHARE costs more than it saves.
SMALL = 10**5
SHARE = 3 * 10**6


def largest_product(params: Parameters, X: Any, n_rows: int) -> float:
    """Return the multiply-adds of the largest product that BLAS computes for n_rows rows of X.

    BLAS does not compute the product of a sparse X.
    """
    sizes = [W.size for W in params.weights]
    return float(n_rows * max(sizes[issparse(X) :], default=0))


class _Limit:
    """The limit in force: the thread that holds it, and the limiters that lift it."""

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
        """Lift, in a forked process, the limit that a thread of the parent holds."""
        if self.lock.locked() and self.thread != threading.get_ident():
            for limiter in self.limiters:
                with limiter:
                    pass
            self.lock, self.thread, self.limiters = threading.Lock(), 0, []


_limit = _Limit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_limit.after_fork)


def blas_threads(work: float) -> AbstractContextManager[None]:
    """Return a context with as many BLAS threads as products of ``work`` multiply-adds need.

    Small products run on one thread. The number of threads never exceeds the limit in force, from
    the environment or ``threadpool_limits``. The number of threads never exceeds the number of
    cores either: BLAS counts the cores once, and a process may be confined to fewer later.

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


def training_threads(
    params: Parameters, X: Any, options: Stochastic | LBFGS, members: int = 1
) -> AbstractContextManager[None]:
    """Return a context with the BLAS threads for training.

    Workers that train members at the same time get one thread each.

    L-BFGS gets one thread for every size. The vectors of L-BFGS run through SciPy's BLAS and the
    products through NumPy's. Two pools of threads that take turns delay each other.
    """
    if isinstance(options, LBFGS) or (members > 1 and options.n_jobs not in (None, 1)):
        return limited_blas_threads(1)
    return blas_threads(largest_product(params, X, options.batch_size) / members)


@contextmanager
def limited_blas_threads(n: int) -> Iterator[None]:
    """Limit BLAS to n threads; do nothing while another call holds the limit.

    Where SciPy has a BLAS of its own, that gets one thread. Two pools of several threads that take
    turns delay each other, and the large products run in NumPy's BLAS.

    The limit is global to the process, and threadpoolctl lets only the thread that has set a limit
    lift it. If each call restored the value it found, two overlapping fits could leave a limit
    behind. So only the first call sets and lifts the limit. Calls that overlap run under the limit.
    When it is lifted, the order of their sums may change, so their results can differ in the last
    bit. A process that is forked meanwhile starts without the limit, unless the forking thread is
    the one that holds it.
    """
    limits = {pool: 1 if "scipy.libs" in pool.filepath else n for pool in _blas().lib_controllers}
    # never raise the limit of a pool that has fewer threads
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
    """Count the cores once, with the limits of containers: counting is slow."""
    return int(joblib.cpu_count())


@cache
def _blas() -> ThreadpoolController:
    """Find the loaded BLAS libraries once: NumPy and SciPy bring theirs on import."""
    return ThreadpoolController().select(user_api="blas")
