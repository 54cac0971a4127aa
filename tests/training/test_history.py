"""The columns: one number an epoch, and only those that hold anything."""

import math

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.training.history import COLUMNS, History, empty_columns


@pytest.fixture
def history():
    """Five epochs of a loss and a penalty, and a score for the last two."""
    history = History({})
    for i in range(5):
        history.append(loss=5.0 - i, penalty=0.5 * i)
        if i > 2:
            history.update_last(validation_score=i / 10)
    return history


def test_a_new_history_is_empty():
    assert len(History({})) == 0
    assert History({}).arrays() == {}


def test_an_epoch_is_a_number_in_every_column(history):
    assert len(history) == 5
    assert {len(history[name]) for name in COLUMNS} == {5}
    assert history["loss"] == [5, 4, 3, 2, 1]
    assert math.isnan(history["validation_score"][2])
    assert history["validation_score"][3:] == [0.3, 0.4]


def test_the_objective_is_loss_and_penalty_together(history):
    assert history.objective() == [5, 4.5, 4, 3.5, 3]


def test_update_last_leaves_other_epochs_and_columns_alone(history):
    history.update_last(loss=9.0, seconds=1.0)
    assert history["loss"] == [5, 4, 3, 2, 9]
    assert history["validation_score"][4] == 0.4
    assert np.isnan(history["seconds"]).tolist() == [True] * 4 + [False]


def test_a_name_that_is_no_column_is_refused_when_it_is_updated(history):
    with pytest.raises(KeyError, match="score"):
        history.update_last(score=1.0)


@pytest.mark.parametrize(
    ("n", "left"), [(0, []), (2, [5, 4]), (5, [5, 4, 3, 2, 1]), (9, [5, 4, 3, 2, 1])]
)
def test_keep_first(history, n, left):
    history.keep_first(n)
    assert history["loss"] == left
    assert {len(history[name]) for name in COLUMNS} == {len(history)}


@pytest.mark.parametrize(
    ("n", "left"), [(1, [1]), (2, [2, 1]), (5, [5, 4, 3, 2, 1]), (9, [5, 4, 3, 2, 1])]
)
def test_keep_last(history, n, left):
    history.keep_last(n)
    assert history["loss"] == left
    assert {len(history[name]) for name in COLUMNS} == {len(history)}


def test_columns_without_a_number_are_left_out(history):
    assert [*history.arrays()] == ["loss", "penalty", "validation_score"]
    history.keep_first(3)
    assert [*history.arrays()] == ["loss", "penalty"]


def test_arrays_are_copies_of_the_dtype_of_their_column(history):
    history.update_last(**dict.fromkeys(COLUMNS, 0.1))
    arrays = history.arrays()
    assert {name: array.dtype for name, array in arrays.items()} == COLUMNS
    arrays["loss"][:] = 0
    assert history["loss"][0] == 5


def test_what_continues_from_run_to_run_is_exact():
    assert COLUMNS["loss"] == COLUMNS["validation_score"] == np.float64


def test_a_history_goes_on_from_its_arrays(history):
    later = History(history.arrays())
    later.append(loss=0.5, gradient_norm=2.0)
    assert len(later) == 6
    assert later["loss"] == [5, 4, 3, 2, 1, 0.5]
    assert_array_equal(later["validation_score"], [np.nan] * 3 + [0.3, 0.4, np.nan])
    assert_array_equal(later["gradient_norm"], [np.nan] * 5 + [2])
    assert len(history) == 5


def test_arrays_survive_a_second_round(history):
    history.update_last(learning_rate=0.001)
    once = history.arrays()
    again = History(once).arrays()
    assert [*again] == [*once]
    for name in once:
        assert_array_equal(again[name], once[name])


def test_columns_of_callbacks_are_adopted_and_go_on(history):
    n = len(history)
    history.adopt({"loss": np.array([7.0]), "test": np.arange(1.0 + n)})
    assert history["loss"][-1] != 7
    assert history["test"][-1] == n
    assert np.isnan(history["test"][:-1]).all()
    history.append(loss=1.0)
    again = History(history.arrays())
    assert again["test"][n - 1] == n
    assert np.isnan(again["test"][n])
    assert empty_columns(["test"], 2)["test"].dtype == np.float64
