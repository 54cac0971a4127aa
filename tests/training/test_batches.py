"""Batches: every chosen row once an epoch, in buffers that stay the same."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from skscratch.training.batches import Gathered, InOrder

N = 23
X = np.arange(N * 2.0).reshape(N, 2)
Y = np.arange(N)
W = np.arange(1.0, N + 1)
containers = pytest.mark.parametrize("container", [np.asarray, csr_array])


def dense(X):
    return X.toarray() if hasattr(X, "toarray") else X


def collect(batches):
    """Return the epoch's rows of X, y and w, and the lengths of its batches."""
    parts = [(dense(X).copy(), y.copy(), None if w is None else w.copy()) for X, y, w in batches]
    Xs, ys, ws = zip(*parts, strict=True)
    return np.concatenate(Xs), np.concatenate(ys), ws, [len(y) for y in ys]


@containers
@pytest.mark.parametrize("batch_size", [1, 5, 23, 100])
def test_in_order_visits_every_row_the_incomplete_batch_included(container, batch_size):
    seen_X, seen_y, ws, sizes = collect(InOrder(container(X), Y, None, batch_size))
    assert_array_equal(seen_X, X)
    assert_array_equal(seen_y, Y)
    assert set(ws) == {None}
    assert max(sizes) == min(batch_size, N)


def test_in_order_skips_batches_without_weight():
    w = np.repeat([1.0, 0.0, 2.0], [5, 5, 13])
    _, seen, _, _ = collect(InOrder(X, Y, w, 5))
    assert_array_equal(seen, np.r_[0:5, 10:23])


@containers
def test_gathered_rows_come_with_their_own_target_and_weight(container):
    rows = np.array([3, 1, 4, 15, 9, 2, 6])
    batches = Gathered(container(X), Y, W, 3, rows, np.random.default_rng(0))
    seen_X, seen_y, ws, sizes = collect(batches)
    assert sizes == [3, 3, 1]
    assert sorted(seen_y) == sorted(rows)
    assert seen_y.tolist() != rows.tolist()
    assert_array_equal(seen_X, X[seen_y])
    assert_array_equal(np.concatenate(ws), W[seen_y])


def test_without_a_stream_the_order_is_that_of_the_rows():
    rows = np.array([5, 3, 8])
    assert_array_equal(collect(Gathered(X, Y, None, 2, rows, None))[1], rows)


def test_each_epoch_has_its_own_order_and_it_depends_on_the_stream_alone():
    rng = np.random.default_rng(0)
    batches = Gathered(X, Y, None, 4, np.arange(N), rng)
    first = collect(batches)[1]
    state = rng.bit_generator.state
    second = collect(batches)[1]
    assert first.tolist() != second.tolist()
    later = np.random.default_rng()
    later.bit_generator.state = state
    assert_array_equal(collect(Gathered(X, Y, None, 4, np.arange(N), later))[1], second)


def test_the_data_are_left_alone():
    before, rows = X.copy(), np.arange(N)
    for batch, _, _ in Gathered(X, Y, None, 4, rows, np.random.default_rng(0)):
        batch[...] = -1
    assert_array_equal(X, before)
    assert_array_equal(rows, np.arange(N))


def test_an_epoch_allocates_as_much_for_many_rows_as_for_few():
    peaks = []
    for n in (1_000, 100_000):
        data, rows = np.zeros((n, 20)), np.arange(n)
        batches = Gathered(data, rows, np.ones(n), 50, rows, np.random.default_rng(0))
        list(zip(batches, range(3), strict=False))
        tracemalloc.start()
        for _ in batches:
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert abs(peaks[1] - peaks[0]) < 1000


def test_gathering_a_batch_needs_no_second_buffer():
    data = np.zeros((3000, 100))
    batches = Gathered(data, np.arange(3000), None, 1000, np.arange(3000), None)
    tracemalloc.start()
    for batch, _, _ in batches:
        assert batch.shape == (1000, 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1000 * 100 * 8 / 10
