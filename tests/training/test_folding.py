"""Several networks: each trained and judged as if it were alone, and all joined into one."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core.activations import ReLU, Tanh
from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture, allocate, outputs, views
from skscratch.core.optimizers import Adam, Momentum
from skscratch.core.schedules import Constant
from skscratch.training.data import Gathered
from skscratch.training.folding import apart, joined
from skscratch.training.scaling import Scaling
from skscratch.training.state import Run, capture, restore
from skscratch.training.validation import temperature
from skscratch.training.trainer import HeldOut, Trainer

RNG = np.random.default_rng(0)
MEMBERS, P, Q, N = 3, 4, 3, 20
X, WEIGHTS = RNG.normal(size=(N, P)), RNG.uniform(0.1, 3, N)
TARGETS = {"softmax": RNG.integers(Q, size=N), "logistic": RNG.integers(2, size=(N, Q)) * 1.0}
# seventeen rows each, other ones for every member, in another order
ROWS = np.array([RNG.permutation(N)[:17] for _ in range(MEMBERS)])
ADAM, MOMENTUM = Adam(0.9, 0.99, 1e-8), Momentum(0.9)

links = pytest.mark.parametrize("link", sorted(LOSSES))
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
depths = pytest.mark.parametrize("hidden", [(6,), (6, 2), (5, 6, 2)], ids=str)


def network(hidden, dtype=np.float64, link="softmax"):
    """Return the architecture of three networks, and their parameters."""
    arch = Architecture(
        (P, *hidden, Q), (Tanh(), ReLU(), Tanh())[: len(hidden)], LOSSES[link], members=MEMBERS
    )
    theta, params = allocate(arch.sizes, dtype, MEMBERS)
    theta[:] = np.random.default_rng(1).normal(size=theta.size)
    return arch, theta, params


def logits(arch, weights, biases, inputs):
    """Return those of one network, by the plain expressions."""
    for f, W, b in zip(arch.activations, weights, biases, strict=False):
        z = inputs @ W + b
        inputs = np.tanh(z) if isinstance(f, Tanh) else z.clip(0)
    return inputs @ weights[-1] + biases[-1]


class TestJoined:
    @depths
    @dtypes
    def test_the_logits_are_the_mean_of_those_of_the_members(self, hidden, dtype):
        arch, _, params = network(hidden, dtype)
        inputs = X.astype(dtype)
        each = [
            logits(arch, [W[i] for W in params.weights], [b[i] for b in params.biases], inputs)
            for i in range(MEMBERS)
        ]
        one = joined(params)
        z = logits(arch, *one, inputs)
        tolerance = 1e-5 if dtype == np.float32 else 1e-12
        assert_allclose(z, np.mean(each, axis=0), rtol=tolerance, atol=tolerance)
        assert {array.dtype for part in one for array in part} == {np.dtype(dtype)}

    @depths
    def test_it_has_the_shapes_of_a_network_as_wide_as_all_together(self, hidden):
        sizes = (P, *(MEMBERS * width for width in hidden), Q)
        _, expected = allocate(sizes, np.float64)
        for own, like in zip(joined(network(hidden)[2]), expected, strict=True):
            assert [array.shape for array in own] == [array.shape for array in like]

    def test_nothing_leads_from_one_member_to_another(self):
        W = joined(network((6, 2))[2]).weights[1]
        assert_array_equal(W != 0, np.kron(np.eye(MEMBERS), np.ones((6, 2))))

    @depths
    def test_all_its_arrays_are_new(self, hidden):
        _, theta, params = network(hidden)
        before = theta.copy()
        for part in joined(params):
            for array in part:
                array[...] = 99
        assert_array_equal(theta, before)


class TestApart:
    @depths
    def test_each_has_its_own_and_it_is_a_view(self, hidden):
        _, _, params = network(hidden)
        for i, member in enumerate(apart(params, MEMBERS)):
            for part, of_all in zip(member, params, strict=True):
                for array, arrays in zip(part, of_all, strict=True):
                    assert_array_equal(array, arrays[i])
                    array[...] = i
        for array in (*params.weights, *params.biases):
            assert_array_equal(array, np.arange(3).reshape(3, *[1] * (array.ndim - 1)) + 0 * array)

    def test_one_alone_is_what_there_is(self):
        params = views(np.arange(5.0), (4, 1))
        assert apart(params, 1) == [params]


def flat(params):
    """Return a network's parameters as a vector."""
    return np.concatenate([array.ravel() for part in params for array in part])


def together(hidden, link):
    """Return a run of all members."""
    arch, theta, params = network(hidden, link=link)
    return Run(arch, theta, params, 0, *map(np.random.default_rng, (0, 1)))


def alone(run):
    """Return for each member of a run, at its start, a run of its own."""
    runs, arch = [], replace(run.arch, members=1)
    for params in apart(run.params, MEMBERS):
        theta = flat(params)
        streams = map(np.random.default_rng, (0, 1))
        runs.append(Run(arch, theta, views(theta, arch.sizes), 0, *streams))
    return runs


def trainer(run, rows, rule=ADAM, link="softmax", w=None, batch_size=5, **options):
    batches = Gathered(X, TARGETS[link], w, batch_size, np.float64, rows, None, run.scaling)
    return Trainer(run, batches, rule, Constant(0.05), **options)


def assert_same_parameters(theta, arch, others):
    """Compare with the vectors of networks of their own, to rounding."""
    members = apart(views(theta, arch.sizes, MEMBERS), MEMBERS)
    for member, other in zip(members, others, strict=True):
        assert_allclose(flat(member), other, rtol=1e-9, atol=1e-12)


class TestTraining:
    @links
    @depths
    @pytest.mark.parametrize("rule", [MOMENTUM, ADAM], ids=["momentum", "adam"])
    def test_members_learn_what_each_would_alone(self, link, hidden, rule):
        """Losses and penalties are means over them; the last of four batches has two rows."""
        run = together(hidden, link)
        params = {"rule": rule, "link": link, "l2": 0.01, "ema_decay": 0.9}
        each, whole = alone(run), trainer(run, ROWS, **params)
        trainers = [trainer(o, rows, **params) for o, rows in zip(each, ROWS, strict=True)]
        for _ in range(4):
            assert_allclose(whole.epoch(), np.mean([one.epoch() for one in trainers]), rtol=1e-10)
        assert_same_parameters(run.theta, run.arch, [one.theta for one in each])
        assert_same_parameters(run.mean, run.arch, [one.mean for one in each])
        for column in ("loss", "penalty", "learning_rate"):
            means = np.mean([one.history[column] for one in each], axis=0)
            assert_allclose(run.history[column], means, rtol=1e-6)
        assert (run.n_seen, run.n_epochs, run.memory["t"]) == (68, 4, 16)

    @links
    def test_weights_of_rows_count_for_each_as_they_would_alone(self, link):
        run = together((6,), link)
        each, params = alone(run), {"link": link, "w": WEIGHTS}
        whole = trainer(run, ROWS, **params)
        trainers = [trainer(one, rows, **params) for one, rows in zip(each, ROWS, strict=True)]
        for _ in range(3):
            whole.epoch()
            for one in trainers:
                one.epoch()
        assert_same_parameters(run.theta, run.arch, [one.theta for one in each])

    def test_inputs_are_brought_to_scale(self):
        run = together((6,), "softmax")
        each = alone(run)
        for one in (run, *each):
            one.scaling = Scaling(np.arange(P) / 2, np.exp2(np.arange(P)))
        trainer(run, ROWS).epoch()
        for one, rows in zip(each, ROWS, strict=True):
            trainer(one, rows).epoch()
        assert_same_parameters(run.theta, run.arch, [one.theta for one in each])

    def test_the_norm_recorded_is_the_root_of_their_mean_square(self):
        run = together((6,), "softmax")
        each = alone(run)
        trainer(run, ROWS, batch_size=17).epoch()
        for one, rows in zip(each, ROWS, strict=True):
            trainer(one, rows, batch_size=17).epoch()
        norms = np.array([one.history["gradient_norm"] for one in each])
        assert_allclose(run.history["gradient_norm"], np.sqrt((norms**2).mean(axis=0)))

    def test_each_draws_dropout_of_its_own(self):
        """Members that are alike in all but the draw come to differ."""
        run = together((6,), "softmax")
        run.arch = replace(run.arch, dropout=(0.5,))
        for array in (*run.params.weights, *run.params.biases):
            array[:] = array[:1]
        trainer(run, np.tile(ROWS[0], (MEMBERS, 1))).epoch()
        first, second, third = run.params.weights[0]
        assert (first != second).any()
        assert (second != third).any()

    def test_after_a_restore_the_same_epochs_come_again(self):
        run = together((6,), "softmax")
        run.arch = replace(run.arch, dropout=(0.3,))
        batches = Gathered(X, TARGETS["softmax"], None, 5, np.float64, ROWS, run.shuffle)
        whole = Trainer(run, batches, ADAM, Constant(0.05), ema_decay=0.9)
        whole.epoch()
        state, ends = capture(run), []
        for _ in range(2):
            whole.epoch(), whole.epoch()
            ends.append([run.theta.copy(), run.mean.copy()])
            restore(run, state)
            whole.sync()
        assert_array_equal(*ends)
        assert (ends[0][0] != run.theta).any()


class TestHeldOut:
    def follow(self, run, batch_size, link="softmax", score=None):
        y = TARGETS[link]
        batches = [Gathered(X, y, WEIGHTS, batch_size, np.float64, rows, None) for rows in ROWS]
        return HeldOut(run, batches, lambda p, y: p.argmax(axis=1) == y, score)

    @pytest.mark.parametrize("batch_size", [1, 5, 17])
    def test_each_is_judged_by_its_own_rows_however_they_are_divided(self, batch_size):
        run = together((6,), "softmax")
        run.record(1.0, 0.0)
        losses, scores = self.follow(run, batch_size).watch()
        for i, (one, rows) in enumerate(zip(alone(run), ROWS, strict=True)):
            z, y = logits(one.arch, *one.params, X[rows]), TARGETS["softmax"][rows]
            loss = np.log(np.exp(z).sum(axis=1)) - z[np.arange(17), y]
            assert_allclose(losses[i], np.average(loss, weights=WEIGHTS[rows]))
            assert_allclose(scores[i], np.average(z.argmax(axis=1) == y, weights=WEIGHTS[rows]))
        assert_allclose(run.history["validation_loss"], losses.mean())
        assert_allclose(run.history["validation_score"], scores.mean())
        assert len(set(losses)) == MEMBERS

    def test_a_score_of_ones_own_is_what_counts(self):
        run = together((6,), "softmax")
        run.record(1.0, 0.0)
        watched, scores = self.follow(run, 5, score=lambda: np.array([1.0, 2.0, 6.0])).watch()
        assert watched.tolist() == [-1, -2, -6]
        assert scores.tolist() == [1, 2, 6]
        assert run.history["validation_score"] == [3]

    @links
    def test_the_temperature_is_that_of_the_rows_of_all(self, link):
        """Each row with the logits of the member that has not seen it; not those of now."""
        run = together((6,), link)
        theta, held_out, parts = run.theta.copy(), self.follow(run, 5, link), []
        for one, rows in zip(alone(run), ROWS, strict=True):
            z = logits(one.arch, *one.params, X[rows])
            parts.append((z, TARGETS[link][rows], WEIGHTS[rows]))
        run.theta[:] = 0
        expected = temperature(LOSSES[link], [tuple(map(np.concatenate, zip(*parts, strict=True)))])
        assert_allclose(held_out.temperature(theta), expected, rtol=1e-6)


def test_the_published_network_is_the_mean_of_the_members_on_inputs_as_they_are():
    run = together((6, 2), "softmax")
    run.scaling = Scaling(np.arange(P) / 2, np.exp2(np.arange(P)))
    scaled = (X - run.scaling.center) / run.scaling.scale
    each = [logits(one.arch, *one.params, scaled) for one in alone(run)]
    arch, params = run.network(run.theta)
    assert (arch.sizes, arch.members) == ((P, 18, 6, Q), 1)
    assert_allclose(outputs(arch, params, X, 7, np.copy), np.mean(each, axis=0), rtol=1e-12)
