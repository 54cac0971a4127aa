"""Batches: every chosen row once an epoch, in buffers that stay the same."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skscratch.training import batches as module
from skscratch.training.data import Batch, Gathered, InOrder
from skscratch.training.scaling import Scaling

N = 23
X = np.arange(N * 2.0).reshape(N, 2)
Y = np.arange(N)
W = np.arange(1.0, N + 1)
ROWS = np.random.default_rng(0).permutation(N)
containers = pytest.mark.parametrize("container", [np.asarray, csr_array])
KINDS = {
    "in order": InOrder,
    "gathered": lambda *args, **params: Gathered(*args, rows=ROWS, rng=None, **params),
}
kinds = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


def dense(X):
    return X.toarray() if hasattr(X, "toarray") else X


def copies(batches):
    """Return the batches of an epoch as they were when they were drawn, X dense."""
    return [Batch(dense(X).copy(), y.copy(), w.copy(), weight) for X, y, w, weight in batches]


def collect(batches):
    """Return the epoch's rows of X, y and undivided w, and the lengths of its batches."""
    parts = copies(batches)
    Xs, ys = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    return Xs, ys, np.concatenate([b.w * b.weight for b in parts]), [len(b.y) for b in parts]


@containers
@pytest.mark.parametrize("batch_size", [1, 5, 23, 100])
def test_in_order_visits_every_row_the_incomplete_batch_included(container, batch_size):
    batches = InOrder(container(X), Y, None, batch_size, np.float64)
    seen_X, seen_y, ws, sizes = collect(batches)
    assert_array_equal(seen_X, X)
    assert_array_equal(seen_y, Y)
    assert_allclose(ws, 1, rtol=1e-15)
    assert max(sizes) == min(batch_size, N)


def test_in_order_skips_batches_without_weight():
    w = np.repeat([1.0, 0.0, 2.0], [5, 5, 13])
    _, seen, _, _ = collect(InOrder(X, Y, w, 5, np.float64))
    assert_array_equal(seen, np.r_[0:5, 10:23])


@containers
def test_gathered_rows_come_with_their_own_target_and_weight(container):
    rows = np.array([3, 1, 4, 15, 9, 2, 6])
    batches = Gathered(container(X), Y, W, 3, np.float64, rows, np.random.default_rng(0))
    seen_X, seen_y, ws, sizes = collect(batches)
    assert sizes == [3, 3, 1]
    assert sorted(seen_y) == sorted(rows)
    assert seen_y.tolist() != rows.tolist()
    assert_array_equal(seen_X, X[seen_y])
    assert_allclose(ws, W[seen_y], rtol=1e-15)


def test_without_a_stream_the_order_is_that_of_the_rows():
    rows = np.array([5, 3, 8])
    assert_array_equal(collect(Gathered(X, Y, None, 2, np.float64, rows, None))[1], rows)


def test_each_epoch_has_its_own_order_and_it_depends_on_the_stream_alone():
    rng = np.random.default_rng(0)
    batches = Gathered(X, Y, None, 4, np.float64, np.arange(N), rng)
    first = collect(batches)[1]
    state = rng.bit_generator.state
    second = collect(batches)[1]
    assert first.tolist() != second.tolist()
    later = np.random.default_rng()
    later.bit_generator.state = state
    again = Gathered(X, Y, None, 4, np.float64, np.arange(N), later)
    assert_array_equal(collect(again)[1], second)


@kinds
@containers
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_weights_of_a_batch_have_the_sum_one_and_say_what_it_was(
    make, container, dtype, weighted
):
    """Also in the second epoch, and in the incomplete last batch."""
    w = W.astype(dtype) if weighted else None
    batches = make(container(X.astype(dtype)), Y, w, 5, dtype)
    for batch in copies(batches) + copies(batches):
        given = (W if weighted else np.ones(N))[batch.y]
        assert_array_equal(batch.w, (given / given.sum()).astype(dtype))
        assert batch.w.dtype == dtype
        assert batch.weight == given.sum()
        assert type(batch.weight) is float
    assert_array_equal(W, np.arange(1, N + 1))
    assert len(batch.y) == 3


@kinds
@containers
def test_weights_whose_sum_float32_cannot_hold(make, container):
    w = np.full(N, 3e38, np.float32)
    for batch in copies(make(container(X.astype("f4")), Y, w, 5, np.float32)):
        n = len(batch.y)
        assert_array_equal(batch.w, np.full(n, 1 / n, np.float32))
        assert_allclose(batch.weight, n * 3e38, rtol=1e-7)
    assert_array_equal(w, np.float32(3e38))


SOURCES = {
    "bool": X % 3 == 0,
    "uint8": (X * 5).astype(np.uint8),
    # neither a float32 nor a float64 holds these
    "int64": X.astype(np.int64) * 10**15 + 2**53 + 1,
    "float64": np.random.default_rng(0).normal(size=X.shape),
}


@kinds
@containers
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("weighted", [False, True])
def test_casting_batch_by_batch_equals_casting_first(make, container, dtype, source, weighted):
    w, before = W.astype(dtype) if weighted else None, source.copy()
    late = copies(make(container(source), Y, w, 5, dtype))
    first = copies(make(container(source.astype(dtype)), Y, w, 5, dtype))
    for one, other in zip(late, first, strict=True):
        assert one.X.dtype == dtype
        assert_array_equal(one.X, source.astype(dtype)[one.y])
        for mine, theirs in zip(one, other, strict=True):
            assert_array_equal(mine, theirs)
    assert_array_equal(source, before)


MEMBERS = np.array([np.random.default_rng(seed).permutation(N)[:13] for seed in range(3)])
SCALING = Scaling(np.array([20.0, -3.0]), np.array([4.0, 0.5]))


@pytest.mark.parametrize("rows", [MEMBERS, np.tile(MEMBERS[0], (3, 1))], ids=["own", "the same"])
def test_members_see_their_rows_once_an_epoch_each_in_its_own_order(rows):
    batches, orders = Gathered(X, Y, W, 5, np.float64, rows, np.random.default_rng(0)), []
    for epoch in (copies(batches), copies(batches)):
        assert [batch.y.shape for batch in epoch] == [(3, 5), (3, 5), (3, 3)]
        seen = np.concatenate([batch.y for batch in epoch], axis=1)
        assert_array_equal(np.sort(seen), np.sort(rows))
        orders += seen.tolist()
        for batch in epoch:
            assert_array_equal(batch.X, X[batch.y])
            assert_allclose(batch.w.sum(axis=-1), 1)
            assert_allclose(batch.w * W[batch.y].sum(axis=-1, keepdims=True), W[batch.y])
            assert_allclose(batch.weight, W[batch.y].sum())
    assert len({tuple(order) for order in orders}) == 6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scaling", [None, SCALING], ids=["as it is", "scaled"])
@pytest.mark.parametrize("chunk", [1, 2 * 5 * 3 * 24, module.CHUNK])
def test_each_member_gets_the_batches_that_it_would_get_alone(
    dtype, source, weighted, scaling, chunk, monkeypatch
):
    """In the second epoch too; X is one piece for each, as BLAS wants it."""
    monkeypatch.setattr(module, "CHUNK", chunk)
    w = W.astype(dtype) if weighted else None
    if scaling is not None:
        scaling = Scaling(*(array.astype(dtype) for array in scaling[:2]))
    together = Gathered(source, Y, w, 5, dtype, MEMBERS, None, scaling)
    each = [Gathered(source, Y, w, 5, dtype, rows, None, scaling) for rows in MEMBERS]
    assert {X.flags.c_contiguous for batch in together for X in batch.X} == {True}
    for _ in range(2):
        for batch, *alone in zip(copies(together), *map(copies, each), strict=True):
            for i, own in enumerate(alone):
                for mine, theirs in zip(batch[:3], own[:3], strict=True):
                    assert mine.dtype == theirs.dtype
                    assert_array_equal(mine[i], theirs)
            assert_allclose(batch.weight, sum(own.weight for own in alone))


@kinds
@containers
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_batches_are_brought_to_scale_and_the_data_are_not(make, container, dtype, source):
    before, scaling = source.copy(), Scaling(*(array.astype(dtype) for array in SCALING[:2]))
    batches = make(container(source), Y, None, 5, dtype, scaling=scaling)
    for batch in copies(batches) + copies(batches):
        expected = (source.astype(dtype)[batch.y] - scaling.center) / scaling.scale
        assert batch.X.dtype == dtype
        assert_array_equal(batch.X, expected)
    assert_array_equal(source, before)


class Counted(np.ndarray):
    """An array that counts how often rows are taken from it."""

    n_takes = 0

    def take(self, *args):
        self.n_takes += 1
        return super().take(*args)


@pytest.mark.parametrize("source", ["u1", "f4", "f8"])
@pytest.mark.parametrize("weighted", [False, True])
def test_small_batches_are_gathered_several_at_a_time(source, weighted, monkeypatch):
    """569 rows in 17 batches of 32 and one of 25, with an odd number of batches a chunk."""
    n, rng = 569, np.random.default_rng(0)
    data, y = rng.integers(256, size=(n, 30)).astype(source), np.arange(n)
    w = rng.uniform(0.5, 2, n).astype("f4") if weighted else None
    epochs, n_takes = [], []
    for chunk in (1, 5 * 32 * 30 * 4, module.CHUNK):
        monkeypatch.setattr(module, "CHUNK", chunk)
        counted = data.view(Counted)
        args = counted, y, w, 32, np.float32, np.arange(n), np.random.default_rng(1)
        epochs.append(copies(Gathered(*args)))
        n_takes.append(counted.n_takes)
    assert n_takes[0] == 18 > n_takes[1] > n_takes[2] == 1
    for batches in zip(*epochs, strict=True):
        for one_at_a_time, *several in zip(*batches, strict=True):
            for together in several:
                assert_array_equal(together, one_at_a_time)
    assert [len(batch.y) for batch in epochs[-1]] == [32] * 17 + [25]


def test_the_data_are_left_alone():
    before, rows = X.copy(), np.arange(N)
    for batch in Gathered(X, Y, None, 4, np.float64, rows, np.random.default_rng(0)):
        batch.X[...] = -1
    assert_array_equal(X, before)
    assert_array_equal(rows, np.arange(N))


def peak(work):
    """Return the most memory that was allocated at once during the call."""
    tracemalloc.start()
    work()
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return highest


def drain(batches):
    for _ in batches:
        pass


@kinds
def test_whole_numbers_are_never_cast_all_at_once(make, monkeypatch):
    monkeypatch.setitem(globals(), "ROWS", np.arange(20_000))
    data, y = np.zeros((20_000, 200), np.uint8), np.zeros(20_000, np.uint8)
    assert peak(lambda: drain(make(data, y, None, 200, np.float32))) < data.nbytes / 2


def test_wide_targets_do_not_make_buffers_large():
    """Chunks are measured in bytes of X; a row of y can be larger by far."""
    data, y = np.zeros((5000, 1)), np.zeros((5000, 1000))
    args = data, y, None, 32, np.float64, np.arange(5000), None
    assert peak(lambda: drain(Gathered(*args))) < y.nbytes / 10


def test_an_epoch_allocates_as_much_for_many_rows_as_for_few():
    peaks = []
    for n in (1_000, 100_000):
        data, rows, rng = np.zeros((n, 20)), np.arange(n), np.random.default_rng(0)
        batches = Gathered(data, rows, np.ones(n), 50, np.float64, rows, rng)
        drain(batches)
        peaks.append(peak(lambda batches=batches: drain(batches)))
    assert abs(peaks[1] - peaks[0]) < 1000


@pytest.mark.parametrize("in_front", [(), (3,)], ids=["one", "three"])
def test_gathering_a_batch_needs_no_second_buffer(in_front):
    """Nor does the incomplete last one."""
    data, rows = np.zeros((3000, 100)), np.broadcast_to(np.arange(2500), (*in_front, 2500))
    batches = Gathered(data, np.arange(3000), None, 1000, np.float64, rows, None)
    assert {batch.X.shape for batch in batches} == {(*in_front, n, 100) for n in (1000, 500)}
    assert peak(lambda: drain(batches)) < 1000 * 100 * 8 / 10
