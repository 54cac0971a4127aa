"""The training data: batches, rows held out for validation, and the data set itself."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skscratch.training import data as module
from skscratch.training.data import (
    Batch,
    SequentialBatches,
    ShuffledBatches,
    holdout_sizes,
    stratified_holdout,
)
from skscratch.training.scaling import Scaling

N = 23
X = np.arange(N * 2.0).reshape(N, 2)
Y = np.arange(N)
W = np.arange(1.0, N + 1)
ROWS = np.random.default_rng(0).permutation(N)
containers = pytest.mark.parametrize("container", [np.asarray, csr_array])
KINDS = {
    "sequential": SequentialBatches,
    "shuffled": lambda *args, **params: ShuffledBatches(*args, rows=ROWS, rng=None, **params),
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
    batches = SequentialBatches(container(X), Y, None, batch_size, np.float64)
    seen_X, seen_y, ws, sizes = collect(batches)
    assert_array_equal(seen_X, X)
    assert_array_equal(seen_y, Y)
    assert_allclose(ws, 1, rtol=1e-15)
    assert max(sizes) == min(batch_size, N)


def test_in_order_skips_batches_without_weight():
    w = np.repeat([1.0, 0.0, 2.0], [5, 5, 13])
    _, seen, _, _ = collect(SequentialBatches(X, Y, w, 5, np.float64))
    assert_array_equal(seen, np.r_[0:5, 10:23])


@containers
def test_gathered_rows_come_with_their_own_target_and_weight(container):
    rows = np.array([3, 1, 4, 15, 9, 2, 6])
    batches = ShuffledBatches(container(X), Y, W, 3, np.float64, rows, np.random.default_rng(0))
    seen_X, seen_y, ws, sizes = collect(batches)
    assert sizes == [3, 3, 1]
    assert sorted(seen_y) == sorted(rows)
    assert seen_y.tolist() != rows.tolist()
    assert_array_equal(seen_X, X[seen_y])
    assert_allclose(ws, W[seen_y], rtol=1e-15)


def test_without_a_stream_the_order_is_that_of_the_rows():
    rows = np.array([5, 3, 8])
    assert_array_equal(collect(ShuffledBatches(X, Y, None, 2, np.float64, rows, None))[1], rows)


def test_each_epoch_has_its_own_order_and_it_depends_on_the_stream_alone():
    rng = np.random.default_rng(0)
    batches = ShuffledBatches(X, Y, None, 4, np.float64, np.arange(N), rng)
    first = collect(batches)[1]
    state = rng.bit_generator.state
    second = collect(batches)[1]
    assert first.tolist() != second.tolist()
    later = np.random.default_rng()
    later.bit_generator.state = state
    again = ShuffledBatches(X, Y, None, 4, np.float64, np.arange(N), later)
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
    batches, orders = ShuffledBatches(X, Y, W, 5, np.float64, rows, np.random.default_rng(0)), []
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
    together = ShuffledBatches(source, Y, w, 5, dtype, MEMBERS, None, scaling)
    each = [ShuffledBatches(source, Y, w, 5, dtype, rows, None, scaling) for rows in MEMBERS]
    assert {X.flags.c_contiguous for batch in together for X in batch.X} == {True}
    for _ in range(2):
        for batch, *alone in zip(copies(together), *map(copies, each), strict=True):
            for i, own in enumerate(alone):
                for mine, theirs in zip(batch[:3], own[:3], strict=True):
                    assert mine.dtype == theirs.dtype
                    assert_array_equal(mine[i], theirs)
            assert_allclose(batch.weight, sum(own.weight for own in alone))


@containers
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_batches_are_brought_to_scale_and_the_data_are_not(container, dtype, source):
    before, scaling = source.copy(), Scaling(*(array.astype(dtype) for array in SCALING[:2]))
    batches = ShuffledBatches(container(source), Y, None, 5, dtype, ROWS, None, scaling)
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
    monkeypatch.setattr(module, "SMALL", 0)
    for chunk in (1, 5 * 32 * 30 * 4, module.CHUNK):
        monkeypatch.setattr(module, "CHUNK", chunk)
        counted = data.view(Counted)
        args = counted, y, w, 32, np.float32, np.arange(n), np.random.default_rng(1)
        epochs.append(copies(ShuffledBatches(*args)))
        n_takes.append(counted.n_takes)
    assert n_takes[0] == 18 > n_takes[1] > n_takes[2] == 1
    for batches in zip(*epochs, strict=True):
        for one_at_a_time, *several in zip(*batches, strict=True):
            for together in several:
                assert_array_equal(together, one_at_a_time)
    assert [len(batch.y) for batch in epochs[-1]] == [32] * 17 + [25]


def test_the_data_are_left_alone():
    before, rows = X.copy(), np.arange(N)
    for batch in ShuffledBatches(X, Y, None, 4, np.float64, rows, np.random.default_rng(0)):
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
    assert peak(lambda: drain(ShuffledBatches(*args))) < y.nbytes / 10


def test_an_epoch_allocates_as_much_for_many_rows_as_for_few():
    peaks = []
    for n in (1_000, 100_000):
        data, rows, rng = np.zeros((n, 20)), np.arange(n), np.random.default_rng(0)
        batches = ShuffledBatches(data, rows, np.ones(n), 50, np.float64, rows, rng)
        drain(batches)
        peaks.append(peak(lambda batches=batches: drain(batches)))
    assert abs(peaks[1] - peaks[0]) < 1000


@pytest.mark.parametrize("in_front", [(), (3,)], ids=["one", "three"])
def test_gathering_a_batch_needs_no_second_buffer(in_front):
    """Nor does the incomplete last one."""
    data, rows = np.zeros((3000, 100)), np.broadcast_to(np.arange(2500), (*in_front, 2500))
    batches = ShuffledBatches(data, np.arange(3000), None, 1000, np.float64, rows, None)
    assert {batch.X.shape for batch in batches} == {(*in_front, n, 100) for n in (1000, 500)}
    assert peak(lambda: drain(batches)) < 1000 * 100 * 8 / 10


def hold_out(strata, fraction, seed=0):
    kept, out = stratified_holdout(np.asarray(strata), fraction, np.random.default_rng(seed), 1)
    return kept[0], out[0]


@pytest.mark.parametrize("counts", [[90, 50, 10], [7, 7, 7], [1, 1, 40], [1000, 2], [25]])
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
def test_shares_are_kept_to_within_a_row_and_every_class_keeps_one(counts, fraction):
    strata = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    kept, held_out = hold_out(strata, fraction)
    assert_array_equal(np.sort(np.r_[kept, held_out]), np.arange(len(strata)))
    sizes = np.bincount(strata[held_out], minlength=len(counts))
    wanted = np.minimum(np.array(counts) * fraction, np.array(counts) - 1)
    assert (np.abs(sizes - wanted) <= 1).all()
    assert (np.bincount(strata[kept], minlength=len(counts)) >= 1).all()


def test_the_total_is_the_rounded_share():
    """Thirty classes of three rows: a tenth of each rounds to nothing, a tenth of all to nine."""
    assert len(hold_out(np.repeat(np.arange(30), 3), 0.1)[1]) == 9


def test_something_is_held_out_if_anything_can_be():
    assert len(hold_out([0, 0], 0.01)[1]) == 1
    assert len(hold_out([0, 1, 2], 0.5)[1]) == 0


def test_classes_that_are_absent_are_no_trouble():
    kept, held_out = hold_out([0, 0, 0, 5, 5, 5], 0.34)
    assert len(kept) == 4
    assert len(held_out) == 2


def test_every_row_is_held_out_about_as_often():
    counts = np.zeros(40)
    for seed in range(2000):
        counts[hold_out(np.repeat([0, 1], [30, 10]), 0.2, seed)[1]] += 1
    assert np.abs(counts / 2000 - 0.2).max() < 0.05


STRATA = np.random.default_rng(1).permutation(np.repeat([0, 1, 2, 3], [60, 30, 10, 1]))


@pytest.mark.parametrize(("fraction", "n_splits"), [(0.1, 1), (0.1, 5), (0.2, 5), (0.5, 5)])
def test_every_split_is_a_split(fraction, n_splits):
    """However many there are; the first is the one that would be alone."""
    kept, out = stratified_holdout(STRATA, fraction, np.random.default_rng(0), n_splits)
    assert kept.shape[0] == out.shape[0] == n_splits
    alone = hold_out(STRATA, fraction)
    assert_array_equal(kept[0], alone[0])
    assert_array_equal(out[0], alone[1])
    counts = np.bincount(STRATA[alone[1]], minlength=4)
    for rest, held_out in zip(kept, out, strict=True):
        assert_array_equal(np.sort(np.r_[rest, held_out]), np.arange(101))
        assert_array_equal(rest, np.sort(rest))
        assert_array_equal(held_out, np.sort(held_out))
        assert_array_equal(np.bincount(STRATA[held_out], minlength=4), counts)


@pytest.mark.parametrize(("fraction", "n_splits"), [(0.1, 5), (0.1, 10), (0.2, 5), (0.5, 2)])
def test_splits_hold_out_other_positions_as_long_as_there_are_any(fraction, n_splits):
    _, out = stratified_holdout(STRATA, fraction, np.random.default_rng(0), n_splits)
    assert len(np.unique(out)) == out.size
    _, more = stratified_holdout(STRATA, fraction, np.random.default_rng(0), 11)
    assert len(np.unique(more)) == 100  # all but the one that is alone in its class


def test_there_may_be_nothing_to_hold_out_of_any_split():
    kept, out = stratified_holdout(np.arange(4), 0.5, np.random.default_rng(0), 3)
    assert out.shape == (3, 0)
    assert_array_equal(kept, np.tile(np.arange(4), (3, 1)))


@pytest.mark.parametrize("counts", [[90, 50, 10], [7, 7, 7], [1, 1, 40], [0, 3, 0, 9], [25], [1]])
@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.25, 0.5, 0.9])
def test_sizes_say_how_many_rows_of_each_stratum_are_held_out(counts, fraction):
    strata = np.repeat(np.arange(len(counts)), counts)
    _, held_out = hold_out(strata, fraction)
    sizes = holdout_sizes(np.array(counts), fraction)
    assert_array_equal(sizes, np.bincount(strata[held_out], minlength=len(counts)))


def test_rows_that_rounding_leaves_over_go_to_the_largest_remainders():
    assert holdout_sizes(np.array([14, 18, 28]), 0.1).tolist() == [1, 2, 3]
    assert holdout_sizes(np.array([13, 14, 23]), 0.1).tolist() == [1, 2, 2]


def test_a_stratum_never_loses_its_last_row():
    assert holdout_sizes(np.array([1, 2, 1, 0]), 0.9).tolist() == [0, 1, 0, 0]


WEIGHTS = np.where(np.arange(N) % 4, W, 0.0)  # every fourth row counts for nothing
USED = np.flatnonzero(WEIGHTS)


class TestDataset:
    def test_rows_with_weight_are_all_rows_without_weights(self, new):
        assert_array_equal(new.data(X, Y).weighted_rows(), np.arange(N))
        assert_array_equal(new.data(X, Y, WEIGHTS).weighted_rows(), USED)
        assert_array_equal(new.data(csr_array(X), Y).weighted_rows(), np.arange(N))

    def test_the_users_validation_set_is_its_rows_with_weight(self, new):
        assert new.data(X, Y).own_validation() is None
        own = new.data(X[:9], Y[:9], WEIGHTS[:9])
        data, rows = new.data(X, Y, validation=own).own_validation()
        assert data is own
        assert_array_equal(rows, [1, 2, 3, 5, 6, 7])

    @pytest.mark.parametrize("members", [1, 3])
    def test_without_a_fraction_all_rows_with_weight_are_trained_on(self, new, members):
        rows, validation = new.data(X, Y, WEIGHTS).split(None, None, members)
        assert validation is None
        assert_array_equal(rows, USED if members == 1 else [USED] * members)

    @pytest.mark.parametrize("members", [1, 3])
    @pytest.mark.parametrize("fraction", [None, 0.5])
    def test_a_validation_set_of_the_user_spares_the_rows(self, new, members, fraction):
        """All members share it, and nothing is drawn from the stream."""
        own = new.data(X[:4], Y[:4])
        rows, validation = new.data(X, Y, WEIGHTS, validation=own).split(fraction, None, members)
        assert_array_equal(rows, USED if members == 1 else [USED] * members)
        assert validation.data is own
        assert_array_equal(validation.rows, np.arange(4))

    def test_rows_are_split_into_those_to_train_on_and_those_to_validate_on(self, new):
        data = new.data(X, Y, WEIGHTS)
        kept, (source, held_out) = data.split(0.25, np.random.default_rng(0))
        assert source is data
        assert len(held_out) == round(0.25 * len(USED))
        assert_array_equal(np.sort(np.r_[kept, held_out]), USED)

    def test_each_member_holds_out_rows_of_its_own(self, new):
        kept, (_, held_out) = new.data(X, Y, WEIGHTS).split(0.25, np.random.default_rng(0), 3)
        assert len(kept) == len(held_out) == 3
        for mine, others in zip(kept, held_out, strict=True):
            assert_array_equal(np.sort(np.r_[mine, others]), USED)
        assert len(np.unique(held_out)) == held_out.size
        alone, (_, rows) = new.data(X, Y, WEIGHTS).split(0.25, np.random.default_rng(0))
        assert_array_equal(kept[0], alone)
        assert_array_equal(held_out[0], rows)

    @pytest.mark.parametrize("members", [1, 2])
    def test_strata_keep_their_shares_and_rows_without_weight_have_none(self, new, members):
        """Six of the eleven rows of the first stratum have no weight."""
        strata = np.where(np.isin(np.arange(N), USED[5:]), 1, 0)
        data = new.data(X, Y, WEIGHTS, strata=strata)
        _, (_, held_out) = data.split(0.4, np.random.default_rng(0), members)
        for rows in np.atleast_2d(held_out):
            assert np.bincount(strata[rows]).tolist() == [2, 5]

    def test_the_stream_decides(self, new):
        data = new.data(X, Y)
        one, same, other = (data.split(0.3, np.random.default_rng(i))[1].rows for i in (0, 0, 1))
        assert_array_equal(one, same)
        assert one.tolist() != other.tolist()
