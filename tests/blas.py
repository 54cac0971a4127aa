"""How many threads the BLAS has, and a start from two of them."""

from contextlib import contextmanager

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skscratch.training import threads

__all__ = ["n_threads", "two_blas_threads"]


def n_threads():
    """Return the number of threads of every BLAS pool, the largest first."""
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return sorted(pools, reverse=True)


@contextmanager
def two_blas_threads(monkeypatch):
    """Start from two threads and two cores, whatever the machine has."""
    monkeypatch.setattr(threads, "_n_cores", lambda: 2)
    with threadpool_limits(2, user_api="blas"):
        if n_threads()[0] < 2:
            pytest.skip("this BLAS cannot have two threads")
        yield
