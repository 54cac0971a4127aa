"""The training loop: an epoch against the same written out by hand, and epochs in a row."""

import copy
import math
import tracemalloc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core.activations import Tanh
from skscratch.core.losses import LOSSES, SoftmaxCrossEntropy
from skscratch.core.network import Architecture, Workspace, allocate
from skscratch.core.optimizers import Adam, GradientDescent, Momentum, Optimizer, OptimizerState
from skscratch.core.schedules import Adaptive, Constant, InvScaling
from skscratch.training.data import SequentialBatches, ShuffledBatches
from skscratch.training.loop import (
    Network,
    evaluate,
    l2_strength,
    loss_and_gradient,
    train_epoch,
    train_one_epoch,
)
from skscratch.training.outcome import Diverged
from skscratch.training.scaling import Scaling

ARCH = Architecture((4, 5, 3), (Tanh(),), SoftmaxCrossEntropy())
RNG = np.random.default_rng(0)
X, Y, W = RNG.normal(size=(30, 4)), RNG.integers(3, size=30), RNG.uniform(0.1, 2, 30)
ADAM, MOMENTUM = Adam(0.9, 0.99, 1e-8), Momentum(0.9)
DECAYING = InvScaling(0.1, 0.5)


class ZeroIsRight(SoftmaxCrossEntropy):
    """A loss for which a row is right if its class is 0, whatever the prediction."""

    def score(self, p, y, w):
        return float(w.sum(where=y == 0, dtype=float) / w.sum(dtype=float))


def in_order(w, batch_size):
    return SequentialBatches(X, Y, w, batch_size, np.float64)


class Net:
    """A network ready to train, the same one each time."""

    def __init__(self, batch_size=30, rate=0.1, rule=None):
        self.theta, params = allocate(ARCH.sizes, np.float64)
        self.theta[:] = np.random.default_rng(1).normal(size=self.theta.size)
        self.network = Network.empty(ARCH, params, batch_size)
        g, rule = self.network.grad.g, rule or GradientDescent()
        self.optimizer = Optimizer(rule, lambda t: rate, self.theta, g, self.theta.size)

    def train(self, batches):
        return train_epoch(self.network, self.optimizer, batches)


class TestNetwork:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("members", [1, 3])
    def test_its_buffers_are_of_the_dtype_of_its_parameters(self, dtype, members):
        arch = replace(ARCH, members=members)
        theta, params = allocate(arch.sizes, dtype, members)
        network = Network.empty(arch, params, 7)
        assert network.arch is arch
        assert network.params is params
        assert network.rng is None
        assert network.grad.g.shape == theta.shape
        assert [z.shape[-2:] for z in network.ws.z] == [(7, 5), (7, 3)]
        assert [delta.shape[-2:] for delta in network.grad.delta] == [(7, 5)]
        buffers = (*network.ws.z, *network.ws.a, *network.grad.delta, network.grad.g)
        assert {buffer.dtype for buffer in buffers} == {np.dtype(dtype)}

    def test_its_stream_draws_what_dropout_drops(self):
        theta, params = allocate(ARCH.sizes, np.float64)
        theta[:] = 1
        arch, losses = replace(ARCH, dropout=(0.5,)), []
        for seed in (None, 0, 0, 1):
            rng = None if seed is None else np.random.default_rng(seed)
            network = Network.empty(arch, params, 30, rng)
            assert network.rng is rng
            loss_and_gradient(network, X, Y, np.full(30, 1 / 30))
            losses.append(network.ws.h[0].tolist() if rng else None)
        assert losses[1] == losses[2] != losses[3]
        assert np.count_nonzero(losses[1]) < 150


@pytest.mark.parametrize("w", [None, W], ids=["unweighted", "weighted"])
def test_one_step_a_batch_and_losses_before_the_step(w):
    net, by_hand = Net(8), Net(30)
    loss = net.train(in_order(w, 8))
    weight, total = np.ones(30) if w is None else w, 0.0
    for start in range(0, 30, 8):
        rows = slice(start, start + 8)
        share = weight[rows].sum()
        mean = loss_and_gradient(by_hand.network, X[rows], Y[rows], weight[rows] / share)
        total += share * mean
        by_hand.theta -= 0.1 * by_hand.network.grad.g
    assert_allclose(loss, total / weight.sum(), rtol=1e-12)
    assert_allclose(net.theta, by_hand.theta, rtol=1e-12)
    assert net.optimizer.state.n_updates == 4


def test_the_loss_is_averaged_by_weight_not_by_batch():
    """At rate 0 nothing moves, so any batching must give the loss of the whole."""
    whole, parts = Net(rate=0), Net(rate=0)
    expected = whole.train(in_order(W, 30))
    assert_allclose(parts.train(in_order(W, 7)), expected)


def test_a_loss_that_is_not_finite_ends_the_epoch_at_once():
    net = Net(10)
    net.theta[-1] = np.nan
    before = net.theta.copy()
    assert np.isnan(net.train(in_order(None, 10)))
    assert net.optimizer.state.n_updates == 0
    assert_array_equal(net.theta, before)


def test_evaluate_is_the_weighted_mean_of_loss_and_score_and_changes_nothing():
    net, before = Net(rate=0), Net().theta
    _, params, ws, *_ = net.network
    loss, score = evaluate(ARCH, params, ws, in_order(W, 7), ARCH.loss)
    assert_allclose(loss, net.train(in_order(W, 30)))
    hidden = np.tanh(X @ params.weights[0] + params.biases[0])
    right = (hidden @ params.weights[1] + params.biases[1]).argmax(axis=1) == Y
    assert_allclose(score, np.average(right, weights=W))
    assert_array_equal(net.theta, before)


def test_the_peak_of_an_epoch_grows_neither_with_steps_nor_with_rows():
    peaks = []
    for n in (1_000, 50_000):
        data, target = np.zeros((n, 4)), np.zeros(n, int)
        net, rng = Net(50, rule=Adam(0.9, 0.999, 1e-8)), np.random.default_rng(0)
        rows = ShuffledBatches(data, target, np.ones(n), 50, np.float64, np.arange(n), rng)
        net.train(rows)
        tracemalloc.start()
        net.train(rows)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert abs(peaks[1] - peaks[0]) < 2000


ZERO_IS_RIGHT = replace(ARCH, loss=ZeroIsRight())


def test_scores_of_weights_whose_sum_float32_cannot_hold():
    net = Net()
    w = np.full(30, 3e38, np.float32)
    ws, batches = net.network.ws, in_order(w, 30)
    _, score = evaluate(ZERO_IS_RIGHT, net.network.params, ws, batches, ZERO_IS_RIGHT.loss)
    assert_allclose(score, (Y == 0).mean())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [49, 98, 171, 319])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_perfect_score_is_exactly_one(dtype, n, weighted):
    """Shares of 1/n are rounded; they must not make a score of 0.9999999, or one above 1."""
    _, params = allocate(ARCH.sizes, dtype)
    w = np.random.default_rng(0).uniform(0.1, 2, n).astype(dtype) if weighted else None
    batches = SequentialBatches(np.ones((n, 4)), np.zeros(n, int), w, 60, dtype)
    ws = Workspace.empty(ARCH, 60, dtype)
    assert evaluate(ZERO_IS_RIGHT, params, ws, batches, ZERO_IS_RIGHT.loss)[1] == 1


def test_a_score_has_more_digits_than_float32():
    """45 of 49 rows are right: the quotient, not the float32 next to it."""
    _, params = allocate(ARCH.sizes, np.float32)
    y = (np.arange(49) < 4).astype(int)
    batches = SequentialBatches(np.ones((49, 4)), y, None, 49, np.float32)
    ws = Workspace.empty(ARCH, 49, np.float32)
    _, score = evaluate(ZERO_IS_RIGHT, params, ws, batches, ZERO_IS_RIGHT.loss)
    assert_allclose(score, 45 / 49, rtol=1e-12)


class TestPenalty:
    def test_alpha_counts_like_a_row(self):
        assert l2_strength(3.0, 1000) == 0.003
        assert l2_strength(0.0, 1000) == 0

    def test_few_rows_count_like_more(self):
        assert l2_strength(1.0, 21) == 1 / 21
        assert [l2_strength(1.0, n) for n in (20, 19, 1)] == [1 / 20] * 3
        assert [l2_strength(1.0, n, 200) for n in (201, 200, 3)] == [1 / 201, 1 / 200, 1 / 200]

    @pytest.mark.parametrize("n", [5, 20])
    def test_an_epoch_counts_the_rows_that_it_trains_on(self, n, new):
        state = new.state(weight=2.0)
        new.runner(state, rows=np.arange(n), alpha=0.5, least_rows=10).epoch()
        assert_allclose(state.history["penalty"], 0.5 * (0.5 / max(n, 10)) * 3 * 4)

    def test_an_epoch_counts_the_weights_of_rows(self, new):
        state, w = new.state(weight=2.0), np.arange(20.0)
        new.runner(state, new.data(w=w), np.arange(5, 20), alpha=0.5).epoch()
        assert_allclose(state.history["penalty"], 0.5 * (0.5 / 180) * 3 * 4, rtol=1e-6)

    def test_of_members_with_rows_of_their_own_the_mean_counts(self, ensemble, new):
        state = ensemble.state()
        w = ensemble.weights * 10
        total = w[ensemble.rows].sum() / 3
        runner = new.runner(state, ensemble.data(w=w), ensemble.rows, alpha=0.5)
        assert_allclose(runner.l2, 0.5 / total)


class TestEpoch:
    def test_it_writes_its_loss_and_counters(self, new, state):
        runner = new.runner(state, rule=Momentum(0.5))
        losses = [runner.epoch() for _ in range(3)]
        assert state.history["loss"] == losses == sorted(losses, reverse=True)
        assert state.best_loss == losses[-1]
        assert (state.n_epochs, state.n_samples_seen) == (3, 60)
        saved = state.optimizer.state_dict()
        assert {name: saved[name] for name in ("rule", "units", "t", "scale")} == {
            "rule": "Momentum", "units": [1.0], "t": 12, "scale": 1.0,
        }  # fmt: skip

    def test_it_returns_the_loss_and_the_penalty_of_the_parameters_that_it_began_with(
        self, new, data
    ):
        state = new.state(weight=2.0)
        loss = new.runner(state, alpha=0.2, batch_size=20).epoch()
        z = data.X.sum(axis=1, keepdims=True) * 2
        assert_allclose(state.history["loss"], np.logaddexp(0, np.where(data.y, -z, z)).mean())
        assert_allclose(state.history["penalty"], [0.5 * 0.01 * 3 * 4])
        assert loss == state.history["loss"][0] + state.history["penalty"][0]

    def test_the_rate_recorded_is_that_of_the_last_step(self, new, state):
        runner = new.runner(state, schedule=DECAYING)
        runner.optimizer.state.lr_multiplier = 0.5
        runner.epoch()
        assert_allclose(state.history["learning_rate"], [0.5 * 0.1 / math.sqrt(4)])

    @pytest.mark.parametrize("params", [{}, {"max_grad_norm": 0.01}, {"alpha": 100.0}], ids=str)
    def test_the_norm_recorded_is_the_mean_over_steps_of_the_losss_gradient(
        self, params, new, data
    ):
        """At a rate of next to nothing: of batches in order, before clipping, without penalty."""
        state, norms = new.state(weight=1.0), []
        params = {"schedule": Constant(1e-12), "batch_size": 8, "shuffle": False} | params
        new.runner(state, **params).epoch()
        for rows in (slice(0, 8), slice(8, 16), slice(16, 20)):
            z = data.X[rows].sum(axis=1, keepdims=True)
            delta = (1 / (1 + np.exp(-z)) - data.y[rows]) / len(z)
            norms.append(np.linalg.norm([*(data.X[rows].T @ delta)[:, 0], delta.sum()]))
        assert_allclose(state.history["gradient_norm"], [np.mean(norms)])

    def test_the_norm_of_a_later_epoch_is_its_own(self, new, state):
        runner = new.runner(state, schedule=Constant(1.0))
        for _ in range(30):
            runner.epoch()
        norms = state.history["gradient_norm"]
        assert norms[-1] < norms[0] / 2

    def test_its_seconds_are_recorded(self, new, state, monkeypatch):
        times = iter([10.0, 12.5, 20.0, 20.5])
        monkeypatch.setattr("skscratch.training.loop.perf_counter", lambda: next(times))
        runner = new.runner(state)
        runner.epoch(), runner.epoch()
        assert state.history["seconds"] == [2.5, 0.5]

    @pytest.mark.parametrize(("max_updates", "n_seen"), [(1, 6), (3, 18), (4, 20), (9, 20)])
    def test_at_most_so_many_updates(self, max_updates, n_seen, new, state):
        runner = new.runner(state)
        runner.epoch(max_updates)
        assert state.optimizer is runner.optimizer.state
        assert state.optimizer.n_updates == min(max_updates, 4)
        assert (state.n_samples_seen, state.n_epochs) == (n_seen, 1)

    def test_the_first_steps_are_those_of_a_whole_epoch(self, new):
        part, whole = new.state(), new.state()
        new.runner(part).epoch(2)
        seen = [batch.X.copy() for batch in new.runner(whole).batches][:2]
        for batch in seen:
            y = batch.sum(axis=1, keepdims=True) > 0
            delta = (1 / (1 + np.exp(-(batch @ whole.theta[:3, None] + whole.theta[3]))) - y) / 6
            whole.theta -= 0.1 * np.array([*(batch.T @ delta)[:, 0], delta.sum()])
        assert_allclose(part.theta, whole.theta)

    def test_what_is_not_finite_is_not_recorded(self, new, state):
        runner = new.runner(state)
        runner.epoch()
        state.theta[0] = np.nan
        with np.errstate(invalid="ignore"):
            assert math.isnan(runner.epoch())
        assert len(state.history) == state.n_epochs == 1
        assert state.n_samples_seen == 20
        assert state.optimizer.n_updates == 4

    def test_parameters_whose_square_overflows_end_training_before_the_loss_does(self, new, state):
        with np.errstate(over="ignore"):
            assert math.isnan(new.runner(state, schedule=Constant(1e160)).epoch(1))
        assert np.isfinite(state.theta).all()
        assert state.n_epochs == 0

    def test_dropout_draws_from_its_own_stream(self, new):
        """The other stream, which orders rows, moves as far as without dropout."""
        plain, dropping = new.state(replace(new.deep, dropout=()), 0.5), new.state(new.deep, 0.5)
        start = dropping.dropout.bit_generator.state
        for each in (plain, dropping):
            new.runner(each).epoch()
        assert plain.shuffle.bit_generator.state == dropping.shuffle.bit_generator.state
        assert plain.dropout.bit_generator.state == start
        assert dropping.dropout.bit_generator.state != start
        assert (plain.theta != dropping.theta).any()

    def test_without_shuffling_every_epoch_has_the_order_of_the_rows(self, new, state):
        before, rows = state.shuffle.bit_generator.state, np.array([7, 3, 5, 2])
        runner = new.runner(state, rows=rows, shuffle=False)
        for _ in range(2):
            seen = np.concatenate([batch.X.copy() for batch in runner.batches])
            assert_array_equal(seen, new.data().X[rows])
        assert state.shuffle.bit_generator.state == before

    def test_parameters_reach_the_optimizer(self, new, data):
        """One step against the same by hand."""
        state = new.state(weight=1.0)
        params = {"alpha": 6.0, "weight_decay": 0.2, "max_grad_norm": 0.1}
        new.runner(state, batch_size=20, **params).epoch()
        delta = (1 / (1 + np.exp(-data.X.sum(axis=1))) - data.y[:, 0]) / 20
        g = np.array([*data.X.T @ delta, delta.sum()])
        step = 0.1 * (g * 0.1 / np.linalg.norm(g) + [0.3, 0.3, 0.3, 0])
        assert_allclose(state.theta, np.array([0.98, 0.98, 0.98, 0]) - step)

    def test_the_average_follows_the_steps(self, new):
        state, course = new.state(weight=1.0), []
        runner = new.runner(state, batch_size=20, ema_decay=0.8)
        for _ in range(3):
            runner.epoch()
            course.append(state.theta.copy())
        assert_allclose(state.ema.mean, np.array([1, 10, 55]) @ course / 66)
        assert state.ema.n == 3
        assert runner.current is state.ema.mean

    def test_a_new_average_of_a_network_that_has_learned_remembers_it(self, new):
        """Its first update does not take over the parameters, as that of a new network does."""
        state = new.state(weight=1.0)
        new.runner(state).epoch()
        before = state.theta.copy()
        new.runner(state, batch_size=20, ema_decay=0.75).epoch()
        assert state.ema.n == 41
        assert_allclose(state.ema.mean, before + 0.25 * (state.theta - before))


class TestGoingOn:
    @pytest.mark.parametrize("rule", [MOMENTUM, ADAM], ids=["momentum", "adam"])
    @pytest.mark.parametrize("ema_decay", [0, 0.9])
    def test_a_second_runner_goes_on_where_the_first_has_stopped(self, rule, ema_decay, new, state):
        whole, params = new.state(), {"rule": rule, "schedule": DECAYING, "ema_decay": ema_decay}
        runner = new.runner(whole, **params)
        for _ in range(4):
            runner.epoch()
        for _ in range(4):
            new.runner(state, **params).epoch()
        assert_array_equal(state.theta, whole.theta)
        assert_array_equal(state.current, whole.current)
        assert state.history["loss"] == whole.history["loss"]
        assert state.optimizer.n_updates == 16

    def test_the_multiplier_of_a_schedule_starts_afresh(self, new, state):
        runner = new.runner(state, schedule=Adaptive(0.1))
        runner.after_plateau()
        assert state.optimizer.lr_multiplier < 1
        later = new.runner(state, schedule=Adaptive(0.1)).optimizer.state
        assert later.lr_multiplier == state.optimizer.lr_multiplier == 1

    def test_adams_averages_survive_other_betas(self, new, state):
        """Its slots are kept as sums, whose scale depends on the betas."""
        runner = new.runner(state, rule=ADAM)
        runner.epoch()
        m, v = (slot.copy() for slot in runner.optimizer.state.slots)
        later = new.runner(state, rule=Adam(0.5, 0.9, 1e-8)).optimizer.state
        assert_allclose((1 - 0.5) * later.slots[0], (1 - 0.9) * m)
        assert_allclose((1 - 0.9) * later.slots[1], (1 - 0.99) * v)

    def test_another_kind_of_optimizer_starts_afresh(self, new, state):
        def n_updates_before(rule):
            return OptimizerState.start(rule, state.theta, state.optimizer).n_updates

        assert n_updates_before(MOMENTUM) == 0
        new.runner(state, rule=MOMENTUM).epoch()
        assert (n_updates_before(Momentum(0.5)), n_updates_before(ADAM)) == (4, 0)
        runner = new.runner(state, rule=ADAM)
        assert runner.optimizer.state.n_updates == 0
        assert not np.concatenate(runner.optimizer.state.slots).any()

    @pytest.mark.parametrize("ema_decay", [0, 0.9])
    def test_after_the_state_is_loaded_the_same_epochs_come_again(self, ema_decay, new):
        state = new.state(new.deep, 0.5)
        runner = new.runner(state, rule=ADAM, schedule=DECAYING, ema_decay=ema_decay)
        runner.epoch()
        saved, ends, losses = copy.deepcopy(state.state_dict()), [], []
        for _ in range(2):
            losses.append([runner.epoch(), runner.epoch()])
            state.optimizer.lr_multiplier = 0.1
            losses[-1].append(runner.epoch())
            ends.append([state.theta.copy(), state.current.copy()])
            state.load_state_dict(saved)
        assert_array_equal(*ends)
        assert losses[0] == losses[1]
        assert len(state.history) == 1


class TestPlateau:
    def test_a_constant_rate_ends_training(self, new, state):
        assert new.runner(state).after_plateau()
        assert state.optimizer.lr_multiplier == 0

    def test_an_adaptive_rate_falls_until_it_is_too_low(self, new, state):
        runner = new.runner(state, schedule=Adaptive(0.1))
        runner.epoch()
        while not runner.after_plateau():
            runner.epoch()
        rates = state.history["learning_rate"]
        assert_allclose([a / b for a, b in pairwise(rates)], 5)
        assert rates[-1] < 1e-6 < rates[-2]


@pytest.fixture
def train_apart(ensemble, new):
    """Return a runner of members with rows of their own, or of one of them alone."""

    def make(state, rows, loss="softmax_cross_entropy", w=None, **params):
        params = {"rule": ADAM, "schedule": Constant(0.05), "batch_size": 5} | params
        params = {"shuffle": False} | params
        return new.runner(state, ensemble.data(loss, w), rows, **params)

    return make


losses = pytest.mark.parametrize("loss", sorted(LOSSES))
depths = pytest.mark.parametrize("hidden", [(6,), (6, 2), (5, 6, 2)], ids=str)


class TestMembers:
    """Each member of an ensemble is trained as if it were alone."""

    def assert_same(self, ensemble, theta, state, others):
        """Compare with the vectors of networks of their own, to rounding."""
        for member, other in zip(ensemble.split(theta, state.arch), others, strict=True):
            assert_allclose(member, other, rtol=1e-9, atol=1e-12)

    @losses
    @depths
    @pytest.mark.parametrize("rule", [MOMENTUM, ADAM], ids=["momentum", "adam"])
    def test_members_learn_what_each_would_alone(self, loss, hidden, rule, ensemble, train_apart):
        """Losses and penalties are means over them; the last of four batches has two rows."""
        state, rows = ensemble.state(hidden, loss=loss), ensemble.rows
        params = {"rule": rule, "loss": loss, "alpha": 0.2, "ema_decay": 0.9}
        each, whole = ensemble.alone(state), train_apart(state, rows, **params)
        alone = [train_apart(one, own, **params) for one, own in zip(each, rows, strict=True)]
        for _ in range(4):
            assert_allclose(whole.epoch(), np.mean([one.epoch() for one in alone]), rtol=1e-10)
        self.assert_same(ensemble, state.theta, state, [one.theta for one in each])
        self.assert_same(ensemble, state.ema.mean, state, [one.ema.mean for one in each])
        for column in ("loss", "penalty", "learning_rate"):
            means = np.mean([one.history[column] for one in each], axis=0)
            assert_allclose(state.history[column], means, rtol=1e-6)
        assert (state.n_samples_seen, state.n_epochs, state.optimizer.n_updates) == (68, 4, 16)

    @losses
    def test_weights_of_rows_count_for_each_as_they_would_alone(self, loss, ensemble, train_apart):
        state, rows = ensemble.state(loss=loss), ensemble.rows
        each, params = ensemble.alone(state), {"loss": loss, "w": ensemble.weights}
        whole = train_apart(state, rows, **params)
        alone = [train_apart(one, own, **params) for one, own in zip(each, rows, strict=True)]
        for _ in range(3):
            whole.epoch()
            for one in alone:
                one.epoch()
        self.assert_same(ensemble, state.theta, state, [one.theta for one in each])

    def test_inputs_are_brought_to_scale(self, ensemble, train_apart):
        state, rows = ensemble.state(), ensemble.rows
        each = ensemble.alone(state)
        for one in (state, *each):
            one.scaling = Scaling(np.arange(4) / 2, np.exp2(np.arange(4)))
        train_apart(state, rows).epoch()
        for one, own in zip(each, rows, strict=True):
            train_apart(one, own).epoch()
        self.assert_same(ensemble, state.theta, state, [one.theta for one in each])

    def test_the_norm_recorded_is_the_root_of_their_mean_square(self, ensemble, train_apart):
        state, rows = ensemble.state(), ensemble.rows
        each = ensemble.alone(state)
        train_apart(state, rows, batch_size=17).epoch()
        for one, own in zip(each, rows, strict=True):
            train_apart(one, own, batch_size=17).epoch()
        norms = np.array([one.history["gradient_norm"] for one in each])
        assert_allclose(state.history["gradient_norm"], np.sqrt((norms**2).mean(axis=0)))

    def test_the_norm_at_which_they_are_clipped_grows_with_the_root_of_their_number(
        self, ensemble, train_apart
    ):
        """Three members that are alike are clipped as one of them alone."""
        state = ensemble.state()
        for array in (*state.params.weights, *state.params.biases):
            array[:] = array[:1]
        one, params = ensemble.alone(state)[0], {"max_grad_norm": 0.01, "rule": GradientDescent()}
        train_apart(state, np.tile(ensemble.rows[0], (3, 1)), **params).epoch()
        train_apart(one, ensemble.rows[0], **params).epoch()
        self.assert_same(ensemble, state.theta, state, [one.theta] * 3)

    def test_each_draws_dropout_of_its_own(self, ensemble, train_apart):
        """Members that are alike in all but the draw come to differ."""
        state = ensemble.state(dropout=(0.5,))
        for array in (*state.params.weights, *state.params.biases):
            array[:] = array[:1]
        train_apart(state, np.tile(ensemble.rows[0], (3, 1))).epoch()
        first, second, third = state.params.weights[0]
        assert (first != second).any()
        assert (second != third).any()

    def test_after_the_state_is_loaded_the_same_epochs_come_again(self, ensemble, train_apart):
        state = ensemble.state(dropout=(0.3,))
        whole = train_apart(state, ensemble.rows, shuffle=True, ema_decay=0.9)
        whole.epoch()
        saved, ends = copy.deepcopy(state.state_dict()), []
        for _ in range(2):
            whole.epoch(), whole.epoch()
            ends.append([state.theta.copy(), state.ema.mean.copy()])
            state.load_state_dict(saved)
        assert_array_equal(*ends)
        assert (ends[0][0] != state.theta).any()


class TestOneEpoch:
    """An epoch of a stream, as ``partial_fit`` trains it."""

    def train(self, new, state, data=None, hooks=None, **params):
        config, hooks = new.config(state.arch, **params), hooks or new.hooks()
        train_one_epoch(config, config.stochastic, state, data or new.data(), hooks)
        return hooks

    def test_it_is_the_epoch_of_a_runner_on_the_rows_with_weight(self, new):
        w = np.where(np.arange(20) % 3, 2.0, 0.0)
        one, other = new.state(weight=1.0), new.state(weight=1.0)
        hooks = self.train(new, one, new.data(w=w), rule=ADAM, alpha=5.0)
        rows = np.flatnonzero(w)
        new.runner(other, new.data(w=w), rows, least_rows=200, rule=ADAM, alpha=5.0).epoch()
        assert_array_equal(one.theta, other.theta)
        assert one.history["penalty"] == other.history["penalty"]
        assert (one.n_epochs, one.n_samples_seen) == (1, 13)
        assert (hooks.begun, hooks.ended, hooks.outcomes) == (["epoch"], [1], [])

    def test_a_call_counts_as_two_hundred_rows_in_the_penalty(self, new):
        state = new.state(weight=2.0)
        self.train(new, state, alpha=5.0)
        assert_allclose(state.history["penalty"], 0.5 * (5.0 / 200) * 3 * 4, rtol=1e-6)

    def test_the_last_two_hundred_epochs_are_remembered(self, new, state):
        for _ in range(203):
            self.train(new, state, batch_size=20)
        assert len(state.history) == 200
        assert state.n_epochs == 203

    def test_it_raises_if_the_loss_is_not_finite(self, new, state):
        self.train(new, state)
        hooks, state.theta[0] = new.hooks(), np.nan
        with pytest.raises(Diverged) as caught, np.errstate(invalid="ignore"):
            self.train(new, state, hooks=hooks)
        assert caught.value.epoch == 2
        assert (hooks.begun, hooks.ended) == (["epoch"], [])
