"""Limits on BLAS threads: set while they help, always given back."""

import threading

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skscratch.training.threads import LARGE, SMALL, blas_threads, one_blas_thread


def n_threads():
    """Return the number of threads of every BLAS pool, the largest first."""
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return sorted(pools, reverse=True)


@pytest.fixture(autouse=True)
def two_threads():
    """Start from two threads, whatever the machine has."""
    with threadpool_limits(2, user_api="blas"):
        if max(n_threads()) < 2:
            pytest.skip("this BLAS cannot have two threads")
        yield


@pytest.mark.parametrize(("work", "n"), [(SMALL - 1, 2), (SMALL, 1), (LARGE - 1, 1), (LARGE, 2)])
def test_one_thread_for_work_in_between(work, n):
    with blas_threads(work):
        assert n_threads()[0] == n
    assert n_threads()[0] == 2


def test_limits_are_given_back_on_error():
    with pytest.raises(KeyError), one_blas_thread():
        raise KeyError
    assert n_threads()[0] == 2


def test_nested_and_repeated():
    for _ in range(2):
        with one_blas_thread():
            with one_blas_thread():
                assert n_threads()[0] == 1
            assert n_threads()[0] == 1
        assert n_threads()[0] == 2


def test_two_that_overlap_leave_nothing_behind():
    """The first to enter leaves first: each restoring what it had found would keep one thread."""
    second_is_in, first_is_out = threading.Event(), threading.Event()

    def second():
        with one_blas_thread():
            second_is_in.set()
            first_is_out.wait(10)

    with one_blas_thread():
        thread = threading.Thread(target=second)
        thread.start()
        assert second_is_in.wait(10)
        assert n_threads()[0] == 1
    assert n_threads()[0] == 2
    first_is_out.set()
    thread.join(10)
    assert n_threads()[0] == 2
    with one_blas_thread():
        assert n_threads()[0] == 1, "the limit can be had again"
