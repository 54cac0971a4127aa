"""Threads as ranks: an engine of three names that runs wherever Python does."""

import threading
import time

import numpy as np

from skscratch.distributed import data_parallel


class Threads:
    """The communicator of one of several threads."""

    def __init__(self, rank, arrays, barrier):
        self.rank, self.size = rank, len(arrays)
        self._arrays, self._barrier = arrays, barrier

    def allreduce(self, array):
        assert array.flags.c_contiguous
        assert array.dtype in (np.float32, np.float64, np.int64, np.uint8)
        self._arrays[self.rank] = array.copy()
        self._barrier.wait()
        # in the same order everywhere: the same bits
        total = sum(self._arrays[1:], self._arrays[0])
        assert total.shape == array.shape
        self._barrier.wait()
        array[...] = total


def on_ranks(function, size=3):
    """Return ``function(ranks)`` of each of so many threads, or the exception that it raised."""
    arrays, barrier = [None] * size, threading.Barrier(size, timeout=60)
    results = [None] * size
    ended = [False] * size

    def run(rank):
        try:
            with data_parallel(Threads(rank, arrays, barrier)) as ranks:
                results[rank] = function(ranks)
        except BaseException as error:
            results[rank] = error
        ended[rank] = True
        until = time.monotonic() + 0.5
        while not all(ended) and time.monotonic() < until:
            time.sleep(0.001)
        if not all(ended):  # the others wait for this rank
            barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def fitted_on_ranks(make, cuts, X, y, **rows):
    """Return what ``make()`` becomes on each rank, which has the rows between two cuts."""

    def fit(ranks):
        own = slice(*cuts[ranks.rank : ranks.rank + 2])
        parts = {name: values[own] for name, values in rows.items()}
        return make().fit(X[own], y[own], **parts)

    return on_ranks(fit, len(cuts) - 1)


def assert_same_bits(models):
    """Raise unless all ranks have the same model, history included."""
    first, *others = models
    assert not isinstance(first, BaseException), repr(first)
    for other in others:
        assert not isinstance(other, BaseException), repr(other)
        for name in ("coefs_", "intercepts_"):
            for a, b in zip(getattr(first, name), getattr(other, name), strict=True):
                np.testing.assert_array_equal(a, b)
        assert {*first.history_} == {*other.history_}
        for name in first.history_:
            np.testing.assert_array_equal(first.history_[name], other.history_[name])


def assert_close(model, expected, rtol=1e-9, atol=1e-11):
    """Raise unless two models are equal up to rounding."""
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(model, name), getattr(expected, name), strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
    assert {*model.history_} == {*expected.history_}
    for name in {*expected.history_} - {"seconds"}:
        np.testing.assert_allclose(
            model.history_[name], expected.history_[name], rtol=1e-6, atol=1e-9, err_msg=name
        )
    for name in ("n_iter_", "t_", "n_members_", "n_features_in_"):
        assert getattr(model, name) == getattr(expected, name), name
