"""Patience, counted in epochs and in updates, and the best parameters."""

import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.training.stopping import Best, Patience


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


def watch(losses, best=None):
    """Return a watch over one parameter that is 1, 2, 3 ... as the losses come."""
    theta = np.zeros(1)
    best = Best(theta)
    for i, loss in enumerate(losses):
        theta += 1
        best.update(loss, t=10 * i, score=-loss)
    return best


def test_best_keeps_a_copy_of_the_latest_of_equals_with_its_mark():
    best = watch([3.0, 1.0, 2.0, 1.0, 5.0])
    assert_array_equal(best.theta, [4])
    assert best.loss == 1.0
    assert best.mark == {"t": 30, "score": -1.0}


def test_best_starts_with_the_parameters_at_the_start():
    theta = np.full(2, 7.0)
    best = Best(theta)
    theta[:] = 0
    assert_array_equal(best.theta, [7, 7])
    assert best.loss == np.inf
    assert best.mark == {}


def test_best_ignores_a_loss_that_is_not_a_number():
    best = watch([1.0, np.nan, 2.0])
    assert_array_equal(best.theta, [1])
    assert best.loss == 1.0


def test_best_goes_on_from_its_state():
    saved = watch([3.0, 1.0, 2.0]).state()
    theta = np.full(1, 9.0)
    best = Best(theta)
    kept = best.theta
    best.restore(saved)
    assert best.theta is kept
    assert_array_equal(best.theta, [2])
    assert best.mark == {"t": 10, "score": -1.0}
    best.update(1.5, t=99)
    assert best.mark["t"] == 10
    best.update(1.0, t=99)
    assert_array_equal(best.theta, [9])
    assert best.mark == {"t": 99}
    assert_array_equal(saved["theta"], [2])
