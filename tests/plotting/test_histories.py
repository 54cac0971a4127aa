"""Epochs, and which one was best."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.plotting._histories import as_table, best_epoch, changes, epochs, recorded


def test_epochs_are_counted_from_one(fitted):
    assert epochs(as_table(fitted)).tolist() == [1, 2, 3, 4, 5, 6]
    assert epochs({"loss": [3.0, 2.0]}).tolist() == [1, 2]


@pytest.mark.filterwarnings("ignore:Parameters that this partial_fit does not use")
def test_epochs_that_were_dropped_are_counted(data, small):
    model = small()
    for _ in range(203):
        model.partial_fit(*data, classes=[0, 1, 2])
    assert_array_equal(epochs(as_table(model)), np.arange(4, 204))


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_the_best_epoch_has_the_parameters_kept(data, small, scoring):
    """A fit that ends with it has the same."""
    X, y = data
    params = {"early_stopping": True, "scoring": scoring, "learning_rate_init": 0.2}
    validation = {"X_val": X[:30], "y_val": y[:30][::-1]}
    model = small(max_iter=20, **params).fit(X, y, **validation)
    epoch = best_epoch(model, as_table(model))
    assert epoch < 20
    until = small(max_iter=epoch).set_params(learning_rate_init=0.2).fit(X, y)
    assert_array_equal(model.coefs_[0], until.coefs_[0])


@pytest.mark.parametrize(("scoring", "epoch"), [("accuracy", 4), ("loss", 3)])
def test_of_equals_the_latest_is_best(scoring, epoch):
    table = {
        "epoch": np.arange(1, 6),
        "validation_loss": np.array([0.9, 0.25, 0.25, 0.5, 0.125]),
        "validation_score": np.array([0.5, 0.75, 0.75, 0.75, 0.5]),
    }
    network = SimpleNamespace(scoring=scoring, best_validation_score_=0.75)
    assert best_epoch(network, table) == epoch


def test_after_a_refit_it_is_that_of_the_search(data, small):
    params = {"early_stopping": True, "learning_rate_init": 0.2, "max_iter": 8}
    search, refit = small(**params).fit(*data), small(refit=True, **params).fit(*data)
    assert best_epoch(refit, as_table(refit)) == best_epoch(search, as_table(search))


def test_without_early_stopping_there_is_none(fitted):
    assert best_epoch(fitted, as_table(fitted)) is None


def test_recorded_means_that_there_is_a_number():
    table = {"a": [np.nan, np.nan], "b": [np.nan, 1.0], "c": [1.0, 2.0]}
    assert [recorded(table, name) for name in "abcd"] == [False, True, True, False]
    assert [changes(table, name) for name in "abcd"] == [False, False, True, False]
