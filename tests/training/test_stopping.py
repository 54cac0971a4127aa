"""Patience and the best parameters."""

import numpy as np
from numpy.testing import assert_array_equal

from skscratch.training.stopping import Best, Patience


def n_epochs(losses, **params):
    """Return after how many epochs patience has run out."""
    patience = Patience(**params)
    return next((i for i, loss in enumerate(losses, 1) if patience.exhausted_by(loss)), None)


def test_as_many_epochs_in_a_row_as_the_parameter_says():
    """The first epoch improves on nothing; then n without progress are one too many."""
    for n in (1, 2, 5):
        assert n_epochs([1.0] * 20, tol=0.0, n_iter_no_change=n) == n + 1


def test_only_more_than_tol_below_the_best_is_progress():
    slow = [1 - 0.009 * i for i in range(100)]
    assert n_epochs(slow, tol=0.01, n_iter_no_change=3) == 4
    assert n_epochs(slow, tol=0.008, n_iter_no_change=3) is None


def test_progress_starts_the_count_again():
    assert n_epochs([1, 1, 0.5, 0.5, 0.2, 0.2, 0.2], tol=0, n_iter_no_change=2) == 7


def test_the_best_is_remembered_through_a_restart():
    patience = Patience(tol=0, n_iter_no_change=2)
    assert [patience.exhausted_by(loss) for loss in (1.0, 2.0, 2.0)] == [False, False, True]
    patience.restart()
    assert [patience.exhausted_by(loss) for loss in (1.5, 1.5)] == [False, True]
    assert patience.best == 1.0


def test_infinite_patience():
    assert n_epochs([1.0] * 1000, tol=0, n_iter_no_change=np.inf) is None


def test_best_keeps_a_copy_of_the_latest_of_equals():
    theta = np.zeros(3)
    best = Best(theta)
    for loss in (3.0, 1.0, 2.0, 1.0, 5.0):
        theta += 1
        best.update(loss)
    best.restore()
    assert_array_equal(theta, [4, 4, 4])
    assert (best.loss, best.index) == (1.0, 3)


def test_best_ignores_a_loss_that_is_not_a_number():
    theta = np.zeros(1)
    best = Best(theta)
    best.update(1.0)
    theta += 1
    best.update(np.nan)
    best.restore()
    assert_array_equal(theta, [0])
