"""What a fit leaves: everything, copies of everything, or nothing."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.estimators._attributes import published, snapshot, unchanged_on_error

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def run(binary, small, start):
    model = small()
    return start(model, *binary)[0], model


def test_what_is_published_is_every_fitted_attribute(run, binary, small):
    run, model = run
    fitted = small().fit(*binary)
    known = {"classes_", "n_features_in_", "_label_dtype", *fitted.get_params()}
    assert set(published(model, run, True)) == set(vars(fitted)) - known


def test_published_arrays_are_those_of_the_run(run):
    run, model = run
    attributes = published(model, run, True)
    run.theta[:] = 7
    assert all((W == 7).all() for W in attributes["coefs_"] + attributes["intercepts_"])


def test_a_snapshot_is_equal_and_does_not_change_later(run):
    run, model = run
    run.record(0.5, 0.1)
    run.memory = {"rule": "Adam", "slots": [np.ones(3)]}
    attributes, expected = (copy.deepcopy(f(model, run, True)) for f in (snapshot, published))
    kept = snapshot(model, run, True)
    run.theta[:] = 7
    run.memory["slots"][0][:] = 7
    run.shuffle.random(5)
    run.record(0.4, 0.1)
    np.testing.assert_equal(kept, attributes)
    np.testing.assert_equal(kept, expected)


def test_only_parameters_that_a_validation_set_chose_have_its_score(run):
    run, model = run
    run.best_loss = 0.25
    assert published(model, run, True)["best_loss_"] == 0.25
    run.best_validation_score, run.chosen = 0.5, np.full_like(run.theta, 3)
    attributes = published(model, run, True)
    assert attributes["best_loss_"] is None
    assert attributes["best_validation_score_"] == 0.5
    assert_array_equal(attributes["coefs_"][0], 3)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_the_attributes_are_those_before(small, error):
    model = small()
    before = vars(model).copy()

    def change():
        with unchanged_on_error(model):
            model.alpha, model.new_ = 5, 1
            raise error

    with pytest.raises(error):
        change()
    assert vars(model) == before


def test_without_an_error_changes_stay(small):
    model = small()
    with unchanged_on_error(model):
        model.new_ = 1
    assert model.new_ == 1
