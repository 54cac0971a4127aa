"""Patience, counted in epochs and in updates, and the best parameters of each member."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.core.activations import Tanh
from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture, allocate
from skscratch.training.early_stopping import Best, Patience


def n_epochs(losses, updates=1, **params):
    """Return after how many epochs, of so many updates each, patience has run out."""
    patience = Patience(**params)
    ends = (i for i, loss in enumerate(losses, 1) if patience.exhausted_by(loss, i * updates))
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
    ended = [patience.exhausted_by(loss, t) for t, loss in enumerate((1.0, 2.0, 2.0), 1)]
    assert ended == [False, False, True]
    patience.restart(3)
    assert [patience.exhausted_by(1.5, t) for t in (4, 5)] == [False, True]
    assert patience.best == 1.0


def test_a_restart_counts_updates_afresh_too():
    """A run that goes on from update 100 has used up nothing."""
    patience = Patience(tol=0, n_iter_no_change=1, n_updates_no_change=10)
    patience.restart(100)
    assert not patience.exhausted_by(1.0, 105)
    patience.restart(105)
    assert [patience.exhausted_by(1.0, t) for t in (110, 114, 115)] == [False, False, True]


def test_the_lowest_loss_is_the_one_to_beat_even_if_it_was_no_progress():
    """Steps of less than tol do not add up to progress."""
    patience = Patience(tol=0.1, n_iter_no_change=9)
    for t, loss in enumerate((1.0, 0.95, 0.99), 1):
        patience.exhausted_by(loss, t)
    assert patience.best == 0.95


@pytest.mark.parametrize("cut", range(1, 9))
def test_patience_goes_on_from_its_state(cut):
    """The state survives JSON, as in a checkpoint."""
    losses = [3.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    params = {"tol": 0.1, "n_iter_no_change": 2, "n_updates_no_change": 20}
    whole, half, rest = (Patience(**params) for _ in range(3))
    expected = [whole.exhausted_by(loss, 7 * i) for i, loss in enumerate(losses)]
    ended = [half.exhausted_by(loss, 7 * i) for i, loss in enumerate(losses[:cut])]
    rest.restore(json.loads(json.dumps(half.state())))
    ended += [rest.exhausted_by(loss, 7 * i) for i, loss in enumerate(losses[cut:], cut)]
    assert ended == expected
    assert {*expected} == {False, True}
    assert rest.state() == whole.state()


ONE = Architecture((1, 1), (), LOSSES["logistic"])
THREE = replace(ONE, members=3)  # theta is [W W W | b b b]


def watch(losses, arch=ONE):
    """Return what has watched parameters that were 1, 2, 3 ... as the losses came."""
    theta, _ = allocate(arch.sizes, np.float64, arch.members)
    best = Best(theta, arch)
    for i, loss in enumerate(losses):
        theta += 1
        best.update(np.array(loss), t=10 * i, score=-np.array(loss))
    return best


def marks(best):
    return {name: mark.tolist() for name, mark in best.marks.items()}


def test_best_keeps_a_copy_of_the_latest_of_equals_with_its_marks():
    best = watch([3.0, 1.0, 2.0, 1.0, 5.0])
    assert_array_equal(best.theta, [4, 4])
    assert_array_equal(best.losses, [1.0])
    assert marks(best) == {"t": [30], "score": [-1.0]}


def test_best_keeps_those_of_each_member_when_they_were_best():
    best = watch([[3.0, 1.0, 1.0], [1.0, 2.0, 1.0], [2.0, 3.0, 0.0], [5.0, 5.0, np.nan]], THREE)
    assert_array_equal(best.theta, [2, 1, 3, 2, 1, 3])
    assert_array_equal(best.losses, [1.0, 1.0, 0.0])
    assert marks(best) == {"t": [10, 0, 20], "score": [-1.0, -1.0, 0.0]}


def test_one_loss_of_all_members_keeps_them_together():
    best = watch([3.0, 1.0, 2.0], THREE)
    assert_array_equal(best.theta, np.full(6, 2.0))
    assert marks(best) == {"t": [10, 10, 10], "score": [-1.0, -1.0, -1.0]}


@pytest.mark.parametrize("members", [1, 2])
def test_best_keeps_every_layer(members):
    arch = Architecture((2, 3, 1), (Tanh(),), LOSSES["logistic"], members=members)
    theta, _ = allocate(arch.sizes, np.float64, members)
    best = Best(theta, arch)
    theta[:] = np.arange(1.0, theta.size + 1)
    best.update(np.arange(members))
    assert_array_equal(best.theta, theta)
    assert not np.shares_memory(best.theta, theta)


def test_best_starts_with_the_parameters_at_the_start():
    theta = np.full(2, 7.0)
    best = Best(theta, ONE)
    theta[:] = 0
    assert_array_equal(best.theta, [7, 7])
    assert_array_equal(best.losses, [np.inf])
    assert best.marks == {}


def test_best_ignores_a_loss_that_is_not_a_number():
    best = watch([1.0, np.nan, 2.0])
    assert_array_equal(best.theta, [1, 1])
    assert_array_equal(best.losses, [1.0])


def test_best_goes_on_from_its_state():
    saved = watch([[3.0] * 3, [1.0] * 3, [2.0, 2.0, 0.5]], THREE).state()
    theta = np.full(6, 9.0)
    best = Best(theta, THREE)
    kept = best.theta
    best.restore(saved)
    assert best.theta is kept
    assert_array_equal(best.theta, [2, 2, 3] * 2)
    assert marks(best) == {"t": [10, 10, 20], "score": [-1.0, -1.0, -0.5]}
    best.update(np.array([1.5, 1.0, 1.0]), t=99)
    assert_array_equal(best.theta, [2, 9, 3] * 2)
    assert marks(best) == {"t": [10, 99, 20]}
    assert_array_equal(saved["theta"], [2, 2, 3] * 2)
    assert_array_equal(saved["losses"], [1.0, 1.0, 0.5])
