"""Runs in motion: what an epoch writes, and what is gone back to."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core.losses import LogisticCrossEntropy
from skscratch.core.network import Architecture, allocate
from skscratch.core.optimizers import Adam, GradientDescent, Momentum
from skscratch.core.schedules import Constant
from skscratch.training.batches import Gathered
from skscratch.training.state import Run
from skscratch.training.trainer import HeldOut, Trainer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = (X.sum(axis=1, keepdims=True) > 0) * 1.0
ARCH = Architecture((3, 1), (), LogisticCrossEntropy())


@pytest.fixture
def run():
    return Run(ARCH, *allocate(ARCH.sizes, np.float64), seed=0, rng=np.random.default_rng(0))


def make(run, rule, l2=0.0, batch_size=6, rate=0.1):
    batches = Gathered(X, Y, None, batch_size, np.float64, np.arange(20), run.rng)
    return Trainer(run, batches, rule, Constant(rate), l2)


def test_an_epoch_writes_its_loss_and_counters(run):
    trainer = make(run, Momentum(0.5))
    for _ in range(3):
        trainer.epoch()
    assert len(run.loss_curve) == 3
    assert run.loss_curve == sorted(run.loss_curve, reverse=True)
    assert run.n_seen == 60
    assert run.optimizer_state["t"] == 12
    assert run.optimizer_state["rule"] == "Momentum"


def test_the_loss_has_the_penalty_of_the_parameters_that_the_epoch_began_with(run):
    run.theta[:] = 2.0
    make(run, GradientDescent(), l2=0.01, batch_size=20).epoch()
    z = 2 * X.sum(axis=1, keepdims=True) + 2
    data_loss = np.logaddexp(0, np.where(Y, -z, z)).mean()
    assert_allclose(run.loss_curve, [data_loss + 0.5 * 0.01 * 3 * 4])


@pytest.mark.parametrize("rule", [Momentum(0.9), Adam(0.9, 0.99, 1e-8)])
def test_a_second_trainer_goes_on_where_the_first_has_stopped(run, rule):
    whole = Run(ARCH, *allocate(ARCH.sizes, np.float64), seed=0, rng=np.random.default_rng(0))
    trainer = make(whole, rule)
    for _ in range(4):
        trainer.epoch()
    for _ in range(4):
        make(run, rule).epoch()
    assert_array_equal(run.theta, whole.theta)
    assert run.loss_curve == whole.loss_curve


def test_adams_averages_survive_other_betas(run):
    """Its memory is kept as sums, whose scale depends on the betas."""
    trainer = make(run, Adam(0.9, 0.99, 1e-8))
    trainer.epoch()
    m, v = (slot.copy() for slot in trainer.optimizer.slots)
    m_later, v_later = make(run, Adam(0.5, 0.9, 1e-8)).optimizer.slots
    assert_allclose((1 - 0.5) * m_later, (1 - 0.9) * m)
    assert_allclose((1 - 0.9) * v_later, (1 - 0.99) * v)


def test_another_kind_of_optimizer_starts_afresh(run):
    make(run, Momentum(0.9)).epoch()
    trainer = make(run, Adam(0.9, 0.99, 1e-8))
    assert trainer.optimizer.t == 0
    assert not np.concatenate(trainer.optimizer.slots).any()


def test_held_out_rows_decide_which_parameters_are_kept(run):
    batches = Gathered(X, Y, None, 6, np.float64, np.arange(20), None)
    watch = HeldOut(run, batches, lambda p, y: ((p > 0.5) == y)[:, 0])
    losses, scores = [], []
    for w in (0.0, 1.0, 5.0, -1.0):
        run.theta[:] = [w, w, w, 0]
        z = X.sum(axis=1, keepdims=True) * w
        losses.append(np.logaddexp(0, np.where(Y, -z, z)).mean())
        scores.append(((z > 0) == Y).mean())
        assert_allclose(watch.loss(), losses[-1])
    assert_allclose(run.validation_scores, scores)
    watch.restore()
    assert_array_equal(run.theta, [5, 5, 5, 0])
    assert run.best_validation_score == scores[2]
