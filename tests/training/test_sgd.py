"""Runs in motion: what an epoch returns and writes, and what is measured on rows held out."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core.activations import Tanh
from skscratch.core.losses import LOSSES, LogisticCrossEntropy
from skscratch.core.network import Architecture
from skscratch.core.optimizers import Adam, GradientDescent, Momentum
from skscratch.core.schedules import Adaptive, Constant, InvScaling
from skscratch.training.data import Gathered, InOrder
from skscratch.training.state import Run, capture, initial_parameters, restore, restore_counted
from skscratch.training.trainer import HeldOut, Trainer, steps_before

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = (X.sum(axis=1, keepdims=True) > 0) * 1.0
LINEAR = Architecture((3, 1), (), LOSSES["logistic"])
DEEP = Architecture((3, 4, 1), (Tanh(),), LOSSES["logistic"], (0.3,))
DESCENT, ADAM = GradientDescent(), Adam(0.9, 0.99, 1e-8)
TENTH = Constant(0.1)


def new_run(arch=LINEAR, weight=0.0):
    def draw(rng, fan_in, fan_out):
        return np.full((fan_in, fan_out), weight)

    start = initial_parameters(arch, [draw] * (len(arch.sizes) - 1), None, np.float64)
    return Run(arch, *start, 0, np.random.default_rng(0), np.random.default_rng(1))


@pytest.fixture
def run():
    return new_run()


def make(run, rule=DESCENT, schedule=TENTH, batch_size=6, **params):
    batches = Gathered(X, Y, None, batch_size, np.float64, np.arange(20), run.shuffle)
    return Trainer(run, batches, rule, schedule, **params)


def mean_loss(theta):
    """Return the linear model's mean loss over all rows."""
    z = X @ theta[:3, None] + theta[3]
    return np.logaddexp(0, np.where(Y, -z, z)).mean()


class TestEpoch:
    def test_it_writes_its_loss_and_counters(self, run):
        trainer = make(run, Momentum(0.5))
        losses = [trainer.epoch() for _ in range(3)]
        assert run.history["loss"] == losses == sorted(losses, reverse=True)
        assert run.best_loss == losses[-1]
        assert (run.n_epochs, run.n_seen) == (3, 60)
        assert {name: run.memory[name] for name in ("rule", "units", "t", "scale")} == {
            "rule": "Momentum", "units": [1.0], "t": 12, "scale": 1.0,
        }  # fmt: skip

    def test_it_returns_the_loss_and_the_penalty_of_the_parameters_that_it_began_with(self):
        run = new_run(weight=2.0)
        loss = make(run, l2=0.01, batch_size=20).epoch()
        assert_allclose(run.history["loss"], [mean_loss(np.array([2.0, 2, 2, 0]))])
        assert_allclose(run.history["penalty"], [0.5 * 0.01 * 3 * 4])
        assert loss == run.history["loss"][0] + run.history["penalty"][0]

    def test_the_rate_recorded_is_that_of_the_last_step(self, run):
        trainer = make(run, schedule=InvScaling(0.1, 0.5))
        trainer.optimizer.scale = 0.5
        trainer.epoch()
        assert_allclose(run.history["learning_rate"], [0.5 * 0.1 / math.sqrt(4)])

    @pytest.mark.parametrize("params", [{}, {"max_norm": 0.01}, {"l2": 5.0}], ids=str)
    def test_the_norm_recorded_is_the_mean_over_steps_of_the_losss_gradient(self, params):
        """At a rate of next to nothing: of batches in order, before clipping, without penalty."""
        run = new_run(weight=1.0)
        run.shuffle = None
        trainer, norms = make(run, schedule=Constant(1e-12), batch_size=8, **params), []
        trainer.epoch()
        for rows in (slice(0, 8), slice(8, 16), slice(16, 20)):
            z = X[rows].sum(axis=1, keepdims=True)
            delta = (1 / (1 + np.exp(-z)) - Y[rows]) / len(z)
            norms.append(np.linalg.norm([*(X[rows].T @ delta)[:, 0], delta.sum()]))
        assert_allclose(run.history["gradient_norm"], [np.mean(norms)])

    def test_the_norm_of_a_later_epoch_is_its_own(self, run):
        trainer = make(run, schedule=Constant(1.0))
        for _ in range(30):
            trainer.epoch()
        norms = run.history["gradient_norm"]
        assert norms[-1] < norms[0] / 2

    def test_its_seconds_are_recorded(self, run, monkeypatch):
        times = iter([10.0, 12.5, 20.0, 20.5])
        monkeypatch.setattr("skscratch.training.trainer.perf_counter", lambda: next(times))
        trainer = make(run)
        trainer.epoch(), trainer.epoch()
        assert run.history["seconds"] == [2.5, 0.5]

    @pytest.mark.parametrize(("most_steps", "n_seen"), [(1, 6), (3, 18), (4, 20), (9, 20)])
    def test_at_most_so_many_steps(self, run, most_steps, n_seen):
        trainer = make(run)
        trainer.epoch(most_steps)
        assert trainer.optimizer.t == run.memory["t"] == min(most_steps, 4)
        assert (run.n_seen, run.n_epochs) == (n_seen, 1)

    def test_the_first_steps_are_those_of_a_whole_epoch(self):
        part, whole = new_run(), new_run()
        make(part).epoch(2)
        seen = [batch.X.copy() for batch in make(whole).batches][:2]
        for batch in seen:
            y = batch.sum(axis=1, keepdims=True) > 0
            delta = (1 / (1 + np.exp(-(batch @ whole.theta[:3, None] + whole.theta[3]))) - y) / 6
            whole.theta -= 0.1 * np.array([*(batch.T @ delta)[:, 0], delta.sum()])
        assert_allclose(part.theta, whole.theta)

    def test_what_is_not_finite_is_not_recorded(self, run):
        trainer = make(run)
        trainer.epoch()
        run.theta[0] = np.nan
        with np.errstate(invalid="ignore"):
            assert math.isnan(trainer.epoch())
        assert len(run.history) == run.n_epochs == 1
        assert run.n_seen == 20
        assert run.memory["t"] == 4

    def test_parameters_whose_square_overflows_end_training_before_the_loss_does(self, run):
        with np.errstate(over="ignore"):
            assert math.isnan(make(run, schedule=Constant(1e160)).epoch(1))
        assert np.isfinite(run.theta).all()
        assert run.n_epochs == 0

    def test_dropout_draws_from_its_own_stream(self):
        """The other stream, which orders rows, moves as far as without dropout."""
        plain, dropping = new_run(replace(DEEP, dropout=()), 0.5), new_run(DEEP, 0.5)
        start = dropping.dropout.bit_generator.state
        for each in (plain, dropping):
            make(each).epoch()
        assert plain.shuffle.bit_generator.state == dropping.shuffle.bit_generator.state
        assert plain.dropout.bit_generator.state == start
        assert dropping.dropout.bit_generator.state != start
        assert (plain.theta != dropping.theta).any()

    def test_parameters_reach_the_optimizer(self):
        """One step against the same by hand."""
        run = new_run(weight=1.0)
        make(run, batch_size=20, l2=0.3, weight_decay=0.2, max_norm=0.1).epoch()
        delta = (1 / (1 + np.exp(-X.sum(axis=1))) - Y[:, 0]) / 20
        g = np.array([*X.T @ delta, delta.sum()])
        step = 0.1 * (g * 0.1 / np.linalg.norm(g) + [0.3, 0.3, 0.3, 0])
        assert_allclose(run.theta, np.array([0.98, 0.98, 0.98, 0]) - step)

    def test_the_average_follows_the_steps(self):
        run, course = new_run(weight=1.0), []
        trainer = make(run, batch_size=20, ema_decay=0.8)
        for _ in range(3):
            trainer.epoch()
            course.append(run.theta.copy())
        assert_allclose(run.mean, np.array([1, 10, 55]) @ course / 66)
        assert run.n_averaged == 3


class TestGoingOn:
    @pytest.mark.parametrize("rule", [Momentum(0.9), ADAM], ids=["momentum", "adam"])
    @pytest.mark.parametrize("ema_decay", [0, 0.9])
    def test_a_second_trainer_goes_on_where_the_first_has_stopped(self, run, rule, ema_decay):
        whole = new_run()
        trainer = make(whole, rule, InvScaling(0.1, 0.5), ema_decay=ema_decay)
        for _ in range(4):
            trainer.epoch()
        for _ in range(4):
            make(run, rule, InvScaling(0.1, 0.5), ema_decay=ema_decay).epoch()
        assert_array_equal(run.theta, whole.theta)
        assert_array_equal(run.current, whole.current)
        assert run.history["loss"] == whole.history["loss"]
        assert run.memory["t"] == 16

    def test_the_scale_of_a_schedule_starts_afresh(self, run):
        trainer = make(run, schedule=Adaptive(0.1))
        trainer.plateau()
        assert make(run, schedule=Adaptive(0.1)).optimizer.scale == run.memory["scale"] == 1

    def test_adams_averages_survive_other_betas(self, run):
        """Its memory is kept as sums, whose scale depends on the betas."""
        trainer = make(run, ADAM)
        trainer.epoch()
        m, v = (slot.copy() for slot in trainer.optimizer.slots)
        m_later, v_later = make(run, Adam(0.5, 0.9, 1e-8)).optimizer.slots
        assert_allclose((1 - 0.5) * m_later, (1 - 0.9) * m)
        assert_allclose((1 - 0.9) * v_later, (1 - 0.99) * v)

    def test_another_kind_of_optimizer_starts_afresh(self, run):
        assert steps_before(run, Momentum(0.9)) == 0
        make(run, Momentum(0.9)).epoch()
        assert (steps_before(run, Momentum(0.5)), steps_before(run, ADAM)) == (4, 0)
        trainer = make(run, ADAM)
        assert trainer.optimizer.t == 0
        assert not np.concatenate(trainer.optimizer.slots).any()

    @pytest.mark.parametrize("ema_decay", [0, 0.9])
    def test_after_a_restore_the_same_epochs_come_again(self, ema_decay):
        run = new_run(DEEP, 0.5)
        trainer = make(run, ADAM, InvScaling(0.1, 0.5), ema_decay=ema_decay)
        trainer.epoch()
        state, ends, losses = capture(run), [], []
        for _ in range(2):
            losses.append([trainer.epoch(), trainer.epoch()])
            trainer.optimizer.scale = 0.1
            losses[-1].append(trainer.epoch())
            ends.append([run.theta.copy(), run.current.copy()])
            restore(run, state)
            trainer.sync()
        assert_array_equal(*ends)
        assert losses[0] == losses[1]
        assert len(run.history) == 1


class TestPlateau:
    def test_a_constant_rate_ends_training(self, run):
        assert make(run).plateau()
        assert run.memory["scale"] == 0

    def test_an_adaptive_rate_falls_until_it_is_too_low(self, run):
        trainer = make(run, schedule=Adaptive(0.1))
        trainer.epoch()
        while not trainer.plateau():
            trainer.epoch()
        rates = run.history["learning_rate"]
        assert_allclose([a / b for a, b in pairwise(rates)], 5)
        assert rates[-1] < 1e-6 < rates[-2]


class TestHeldOut:
    def hits(self, p, y):
        return ((p > 0.5) == y)[:, 0]

    def follow(self, run, score=None):
        for _ in range(4):
            run.record(1.0, 0.0)
        return HeldOut(run, [InOrder(X, Y, None, 6, np.float64)], self.hits, score)

    def visit(self, run, held_out):
        """Return the loss and the share of hits at four places, and what is watched there."""
        losses, scores, watched = [], [], []
        for w in (0.0, 1.0, 5.0, -1.0):
            run.theta[:] = [w, w, w, 0]
            losses.append(mean_loss(run.theta))
            scores.append(((X.sum(axis=1, keepdims=True) * w > 0) == Y).mean())
            run.record(1.0, 0.0)
            (loss,), (score,) = held_out.watch()
            watched.append(loss)
            assert score == run.history["validation_score"][-1]
        return losses, scores, watched

    def test_the_loss_and_the_share_of_hits_are_recorded(self, run):
        losses, scores, watched = self.visit(run, self.follow(run))
        assert_allclose(run.history["validation_loss"][4:], losses)
        assert_allclose(run.history["validation_score"][4:], scores)
        assert_allclose(watched, losses)
        assert np.isnan(run.history["validation_score"][:4]).all()

    def test_a_score_of_ones_own_is_what_counts(self, run):
        """What is watched is to fall, a score is to rise."""
        held_out = self.follow(run, lambda: -abs(run.theta[:1] - 1))
        losses, _, watched = self.visit(run, held_out)
        assert watched == [1, 0, 4, 2]
        assert run.history["validation_score"][4:] == [-1, 0, -4, -2]
        assert_allclose(run.history["validation_loss"][4:], losses)

    def test_watching_changes_nothing_but_the_history(self, run):
        before = capture(run)
        held_out = self.follow(run)
        held_out.watch()
        restore_counted(run, before["counted"])
        assert repr(capture(run)) == repr(before)
        assert run.chosen is None

    def test_it_measures_the_average_where_there_is_one(self, run):
        run.mean = np.full(4, 1.0)
        held_out = self.follow(run)
        run.theta[:], run.mean[:] = 99, [2, 2, 2, 0]
        assert_allclose(held_out.watch()[0], mean_loss(run.mean))

    def test_neither_dropout_nor_smoothing_is_measured(self):
        hard = replace(DEEP, loss=LogisticCrossEntropy(smoothing=0.4))
        losses = []
        for arch in (hard, replace(DEEP, dropout=())):
            run = new_run(arch, 0.5)
            before = run.dropout.bit_generator.state
            losses.append(self.follow(run).watch()[0])
            assert run.dropout.bit_generator.state == before
        z = 4 * 0.5 * np.tanh(0.5 * X.sum(axis=1, keepdims=True))
        assert_allclose(losses, np.logaddexp(0, np.where(Y, -z, z)).mean())
