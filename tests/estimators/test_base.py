"""The public attributes are the only truth between calls."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch import ScratchMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 3)), RNG.integers(3, size=60)


@pytest.fixture
def model():
    return ScratchMLPClassifier((4,), max_iter=3, warm_start=True, random_state=0).fit(X, Y)


def test_predictions_follow_the_weights_that_are_published(model):
    model.coefs_[1][:] = 0
    model.intercepts_[1] = np.array([0.0, 9.0, 0.0])
    assert_array_equal(model.predict(X), 1)


def test_training_goes_on_from_the_weights_that_are_published(model):
    """At a rate of nearly nothing they stay where the user has put them."""
    model.set_params(learning_rate_init=1e-12)
    model.coefs_ = [np.full((3, 4), 0.5), np.full((4, 3), 0.25)]
    model.fit(X, Y)
    assert_allclose(model.coefs_[0], 0.5, rtol=1e-6)
    assert_allclose(model.coefs_[1], 0.25, rtol=1e-6)


def test_a_shallow_copy_is_not_touched_when_the_original_trains_on(model):
    snapshot = copy.copy(model)
    before = copy.deepcopy(vars(snapshot))
    model.fit(X, Y).partial_fit(X, Y)
    assert snapshot.n_iter_ == before["n_iter_"] != model.n_iter_
    assert_array_equal(snapshot.history_["loss"], before["history_"]["loss"])
    for name in ("coefs_", "intercepts_"):
        assert_array_equal(
            np.concatenate(vars(snapshot)[name], None), np.concatenate(before[name], None)
        )
    slots = [state["_continuation"]["memory"]["slots"] for state in (vars(snapshot), before)]
    assert_array_equal(*slots)


def test_curves_and_counters_go_on_together(model):
    for n_epochs in (6, 9):
        model.fit(X, Y)
        assert len(model.loss_curve_) == model.n_iter_ == n_epochs
        assert model.t_ == n_epochs * 60
    assert model.partial_fit(X, Y).n_iter_ == 10


def test_without_warm_start_a_fit_starts_anew_and_keeps_no_optimizer(model):
    model.set_params(warm_start=False).fit(X, Y)
    assert model.n_iter_ == 3
    assert model._continuation["memory"] == {}


@pytest.mark.parametrize("seed", [0, np.random.RandomState(0), None])
def test_after_any_fit_the_random_stream_goes_on(seed):
    """An int must not replay the first epoch's order."""
    model = ScratchMLPClassifier((4,), max_iter=3, random_state=seed).fit(X, Y)
    state = model._continuation["shuffle"]
    model.partial_fit(X, Y)
    rng = np.random.default_rng()
    rng.bit_generator.state = state
    rng.shuffle(np.arange(60))
    assert model._continuation["shuffle"] == rng.bit_generator.state


def test_scores_are_those_of_a_run_that_held_rows_out(model):
    model.set_params(early_stopping=True).fit(X, Y)
    assert len(model.validation_scores_) == 3
    assert model.best_loss_ is None
    scores = model.validation_scores_
    model.partial_fit(X, Y)
    assert model.validation_scores_ == scores
    assert model.best_validation_score_ is None
    assert model.best_loss_ == min(model.loss_curve_)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_last_step_that_leads_nowhere_is_an_error(early_stopping):
    """Parameters of 1e200 are finite after a single step; what they predict is not."""
    model = ScratchMLPClassifier(
        solver="sgd", learning_rate_init=1e200, max_iter=1, batch_size=60,
        early_stopping=early_stopping,
    )  # fmt: skip
    with pytest.raises(ValueError, match="learning_rate_init"):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")


def test_weights_are_regularised_alike_in_every_batch():
    """With inputs of zero only the penalty moves W: one factor a step, however many rows it has."""

    def shrunk(batch_size):
        return (
            ScratchMLPClassifier(
                (),
                solver="sgd",
                momentum=0,
                learning_rate_init=0.5,
                alpha=6.0,
                max_iter=1,
                batch_size=batch_size,
                ema_decay=0,
                early_stopping=False,
                weight_init=lambda rng, p, q: np.ones((p, q)),
            )
            .fit(np.zeros((60, 3)), Y)
            .coefs_[0]
        )

    for batch_size, n_steps in ((60, 1), (20, 3), (59, 2)):
        assert_allclose(shrunk(batch_size), (1 - 0.5 * 6 / 60) ** n_steps)
