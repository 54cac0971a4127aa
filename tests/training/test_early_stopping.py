"""Patience, the best weights of each member, and whether the loss still falls."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.core.activations import Tanh
from skscratch.core.losses import LogisticCrossEntropy
from skscratch.core.network import Architecture, allocate
from skscratch.training.early_stopping import BestWeights, Patience, has_fallen, is_unfinished


def n_epochs(losses, updates=1, **params):
    """Return after how many epochs, of so many updates each, patience has run out."""
    patience = Patience(**params)
    ends = (i for i, loss in enumerate(losses, 1) if patience.step(loss, i * updates))
    return next(ends, None)


def test_as_many_epochs_in_a_row_as_the_parameter_says():
    """The first epoch improves on nothing; then n without progress are one too many."""
    for n in (1, 2, 5):
        assert n_epochs([1.0] * 20, tol=0.0, n_iter_no_change=n) == n + 1


def test_only_more_than_tol_below_the_best_is_progress():
    slow = [1 - 0.009 * i for i in range(100)]
    assert n_epochs(slow, tol=0.01, n_iter_no_change=3) == 4
    assert n_epochs(slow, tol=0.008, n_iter_no_change=3) is None


def test_a_fall_of_exactly_tol_is_no_progress():
    assert n_epochs([1.0, 0.5, 0.0], tol=0.5, n_iter_no_change=2) == 3


def test_progress_starts_the_count_again():
    assert n_epochs([1, 1, 0.5, 0.5, 0.2, 0.2, 0.2], tol=0, n_iter_no_change=2) == 7


def test_infinite_patience():
    assert n_epochs([1.0] * 1000, tol=0, n_iter_no_change=np.inf) is None
    assert n_epochs([1.0] * 1000, tol=0, n_iter_no_change=1, n_updates_no_change=np.inf) is None


@pytest.mark.parametrize(
    ("updates", "end"),
    [(1, 31), (7, 6), (10, 4), (15, 3), (1000, 3)],
)
def test_patience_lasts_for_enough_epochs_and_enough_updates(updates, end):
    """Two epochs, and thirty updates since the end of the first epoch, which was the best."""
    params = {"tol": 0, "n_iter_no_change": 2, "n_updates_no_change": 30}
    assert n_epochs([1.0] * 50, updates, **params) == end


def test_updates_are_counted_from_the_last_progress():
    losses = [3.0, 2.0, 1.0] + [1.0] * 50
    params = {"tol": 0, "n_iter_no_change": 2, "n_updates_no_change": 30}
    assert n_epochs(losses, 10, **params) == 6


def test_the_best_is_remembered_through_a_restart():
    patience = Patience(tol=0, n_iter_no_change=2)
    ended = [patience.step(loss, t) for t, loss in enumerate((1.0, 2.0, 2.0), 1)]
    assert ended == [False, False, True]
    patience.restart(3)
    assert [patience.step(1.5, t) for t in (4, 5)] == [False, True]
    assert patience.best == 1.0


def test_a_restart_counts_updates_afresh_too():
    """A run that goes on from update 100 has used up nothing."""
    patience = Patience(tol=0, n_iter_no_change=1, n_updates_no_change=10)
    patience.restart(100)
    assert not patience.step(1.0, 105)
    patience.restart(105)
    assert [patience.step(1.0, t) for t in (110, 114, 115)] == [False, False, True]


def test_the_lowest_loss_is_the_one_to_beat_even_if_it_was_no_progress():
    """Steps of less than tol do not add up to progress."""
    patience = Patience(tol=0.1, n_iter_no_change=9)
    for t, loss in enumerate((1.0, 0.95, 0.99), 1):
        patience.step(loss, t)
    assert patience.best == 0.95


@pytest.mark.parametrize("cut", range(1, 9))
def test_patience_goes_on_from_its_state(cut):
    """The state survives JSON, as in a checkpoint."""
    losses = [3.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    params = {"tol": 0.1, "n_iter_no_change": 2, "n_updates_no_change": 20}
    whole, half, rest = (Patience(**params) for _ in range(3))
    expected = [whole.step(loss, 7 * i) for i, loss in enumerate(losses)]
    ended = [half.step(loss, 7 * i) for i, loss in enumerate(losses[:cut])]
    rest.load_state_dict(json.loads(json.dumps(half.state_dict())))
    ended += [rest.step(loss, 7 * i) for i, loss in enumerate(losses[cut:], cut)]
    assert ended == expected
    assert {*expected} == {False, True}
    assert rest.state_dict() == whole.state_dict()


ONE = Architecture((1, 1), (), LogisticCrossEntropy())
THREE = replace(ONE, members=3)  # theta is [W W W | b b b]


def watch(losses, arch=ONE):
    """Return what has watched parameters that were 1, 2, 3 ... as the losses came."""
    theta, _ = allocate(arch.sizes, np.float64, arch.members)
    best = BestWeights(theta, arch)
    for i, loss in enumerate(losses):
        theta += 1
        best.update(np.array(loss), t=10 * i, score=-np.array(loss))
    return best


def metadata(best):
    return {name: value.tolist() for name, value in best.metadata.items()}


def test_best_keeps_a_copy_of_the_latest_of_equals_with_its_metadata():
    best = watch([3.0, 1.0, 2.0, 1.0, 5.0])
    assert_array_equal(best.theta, [4, 4])
    assert_array_equal(best.losses, [1.0])
    assert metadata(best) == {"t": [30], "score": [-1.0]}


def test_best_keeps_those_of_each_member_when_they_were_best():
    best = watch([[3.0, 1.0, 1.0], [1.0, 2.0, 1.0], [2.0, 3.0, 0.0], [5.0, 5.0, np.nan]], THREE)
    assert_array_equal(best.theta, [2, 1, 3, 2, 1, 3])
    assert_array_equal(best.losses, [1.0, 1.0, 0.0])
    assert metadata(best) == {"t": [10, 0, 20], "score": [-1.0, -1.0, 0.0]}


def test_one_loss_of_all_members_keeps_them_together():
    best = watch([3.0, 1.0, 2.0], THREE)
    assert_array_equal(best.theta, np.full(6, 2.0))
    assert metadata(best) == {"t": [10, 10, 10], "score": [-1.0, -1.0, -1.0]}


@pytest.mark.parametrize("members", [1, 2])
def test_best_keeps_every_layer(members):
    arch = Architecture((2, 3, 1), (Tanh(),), LogisticCrossEntropy(), members=members)
    theta, _ = allocate(arch.sizes, np.float64, members)
    best = BestWeights(theta, arch)
    theta[:] = np.arange(1.0, theta.size + 1)
    best.update(np.arange(members))
    assert_array_equal(best.theta, theta)
    assert not np.shares_memory(best.theta, theta)


def test_best_starts_with_the_parameters_at_the_start():
    theta = np.full(2, 7.0)
    best = BestWeights(theta, ONE)
    theta[:] = 0
    assert_array_equal(best.theta, [7, 7])
    assert_array_equal(best.losses, [np.inf])
    assert best.metadata == {}


def test_best_ignores_a_loss_that_is_not_a_number():
    best = watch([1.0, np.nan, 2.0])
    assert_array_equal(best.theta, [1, 1])
    assert_array_equal(best.losses, [1.0])


def test_best_goes_on_from_its_state():
    saved = watch([[3.0] * 3, [1.0] * 3, [2.0, 2.0, 0.5]], THREE).state_dict()
    theta = np.full(6, 9.0)
    best = BestWeights(theta, THREE)
    kept = best.theta
    best.load_state_dict(saved)
    assert best.theta is kept
    assert_array_equal(best.theta, [2, 2, 3] * 2)
    assert metadata(best) == {"t": [10, 10, 20], "score": [-1.0, -1.0, -0.5]}
    best.update(np.array([1.5, 1.0, 1.0]), t=99)
    assert_array_equal(best.theta, [2, 9, 3] * 2)
    assert metadata(best) == {"t": [10, 99, 20]}
    assert_array_equal(saved["theta"], [2, 2, 3] * 2)
    assert_array_equal(saved["losses"], [1.0, 1.0, 0.5])


# a loss that falls by 1 in every epoch; its progress is 9
FALLING, RATES = [10.0 - i for i in range(10)], [0.1] * 10


class TestIsUnfinished:
    @pytest.mark.parametrize("n", [1, 3, 9, 10, 99])
    def test_a_loss_that_falls_to_the_end(self, n):
        assert is_unfinished(FALLING, RATES, n)

    @pytest.mark.parametrize(("n", "expected"), [(1, False), (4, False), (5, True), (8, True)])
    def test_the_last_epochs_decide(self, n, expected):
        """It fell for five epochs and then stalled for four."""
        assert is_unfinished([5.0, 4.0, 3.0, 2.0, 1.0] + [1.0] * 4, RATES[:9], n) is expected

    def test_fewer_epochs_than_would_decide_are_too_few(self):
        assert is_unfinished([1.0, 1.0, 1.0], [0.1] * 3, 3)
        assert not is_unfinished([1.0, 1.0, 1.0], [0.1] * 3, 2)

    def test_without_patience_there_is_no_judgement(self):
        assert not is_unfinished(FALLING, RATES, math.inf)

    @pytest.mark.parametrize(("rate", "expected"), [(0.0, False), (0.004, False), (0.006, True)])
    def test_a_learning_rate_that_has_come_to_rest_ends_training(self, rate, expected):
        """Below a twentieth of the highest one."""
        assert is_unfinished(FALLING, [0.05, *[0.1] * 8, rate], 3) is expected


class TestHasFallen:
    @pytest.mark.parametrize(("last", "expected"), [(0.96, False), (0.94, True), (1.0, False)])
    def test_more_than_a_twentieth_of_all_progress(self, last, expected):
        assert has_fallen([2.0, 1.0, 1.0, last], 2) is expected

    def test_progress_is_measured_from_the_highest_loss_to_the_lowest(self):
        assert has_fallen([1.0, 0.96], 1)
        assert not has_fallen([9.0, 1.0, 0.96], 1)
        assert not has_fallen([1.0, 0.0, 0.5, 0.46], 1)

    def test_a_loss_that_rises_has_not_fallen(self):
        assert not has_fallen([1.0, 0.5, 0.6], 1)

    def test_a_loss_that_never_moves_has_not_fallen(self):
        assert not has_fallen([1.0] * 5, 3)
