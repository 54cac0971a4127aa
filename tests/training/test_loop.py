"""The loop over batches, against the same written out by hand."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core.activations import Tanh
from skscratch.core.losses import SoftmaxCrossEntropy
from skscratch.core.network import Architecture, Gradient, Workspace, allocate
from skscratch.core.optimizers import Adam, GradientDescent
from skscratch.core.optimizers import Optimizer
from skscratch.training.data import Gathered, InOrder
from skscratch.training.loop import evaluate, loss_and_gradient, run_epoch

ARCH = Architecture((4, 5, 3), (Tanh(),), SoftmaxCrossEntropy())
RNG = np.random.default_rng(0)
X, Y, W = RNG.normal(size=(30, 4)), RNG.integers(3, size=30), RNG.uniform(0.1, 2, 30)


def in_order(w, batch_size):
    return InOrder(X, Y, w, batch_size, np.float64)


class Net:
    """A network ready to train, the same one each time."""

    def __init__(self, batch_size=30, rate=0.1, rule=None):
        self.theta, self.params = allocate(ARCH.sizes, np.float64)
        self.theta[:] = np.random.default_rng(1).normal(size=self.theta.size)
        self.ws = Workspace.empty(ARCH, batch_size, np.float64)
        self.grad = Gradient.empty(ARCH, batch_size, np.float64)
        rule = rule or GradientDescent()
        self.optimizer = Optimizer(rule, lambda t: rate, self.theta, self.grad.g, self.theta.size)

    def parts(self):
        return ARCH, self.params, self.ws, self.grad


@pytest.mark.parametrize("w", [None, W], ids=["unweighted", "weighted"])
def test_one_step_a_batch_and_losses_before_the_step(w):
    net, by_hand = Net(8), Net(30)
    loss = run_epoch(*net.parts(), net.optimizer, in_order(w, 8))
    weight, total = np.ones(30) if w is None else w, 0.0
    for start in range(0, 30, 8):
        rows = slice(start, start + 8)
        share = weight[rows].sum()
        mean = loss_and_gradient(*by_hand.parts(), X[rows], Y[rows], weight[rows] / share)
        total += share * mean
        by_hand.theta -= 0.1 * by_hand.grad.g
    assert_allclose(loss, total / weight.sum(), rtol=1e-12)
    assert_allclose(net.theta, by_hand.theta, rtol=1e-12)
    assert net.optimizer.t == 4


def test_the_loss_is_averaged_by_weight_not_by_batch():
    """At rate 0 nothing moves, so any batching must give the loss of the whole."""
    whole, parts = Net(rate=0), Net(rate=0)
    expected = run_epoch(*whole.parts(), whole.optimizer, in_order(W, 30))
    assert_allclose(run_epoch(*parts.parts(), parts.optimizer, in_order(W, 7)), expected)


def test_a_loss_that_is_not_finite_ends_the_epoch_at_once():
    net = Net(10)
    net.theta[-1] = np.nan
    before = net.theta.copy()
    assert np.isnan(run_epoch(*net.parts(), net.optimizer, in_order(None, 10)))
    assert net.optimizer.t == 0
    assert_array_equal(net.theta, before)


def test_evaluate_is_the_weighted_mean_of_loss_and_hits_and_changes_nothing():
    net, before = Net(rate=0), Net().theta
    loss, score = evaluate(
        ARCH,
        net.params,
        net.ws,
        in_order(W, 7),
        lambda p, y: p.argmax(axis=1) == y,
    )
    assert_allclose(loss, run_epoch(*net.parts(), net.optimizer, in_order(W, 30)))
    hidden = np.tanh(X @ net.params.weights[0] + net.params.biases[0])
    right = (hidden @ net.params.weights[1] + net.params.biases[1]).argmax(axis=1) == Y
    assert_allclose(score, np.average(right, weights=W))
    assert_array_equal(net.theta, before)


def test_the_peak_of_an_epoch_grows_neither_with_steps_nor_with_rows():
    peaks = []
    for n in (1_000, 50_000):
        data, target = np.zeros((n, 4)), np.zeros(n, int)
        net, rng = Net(50, rule=Adam(0.9, 0.999, 1e-8)), np.random.default_rng(0)
        rows = Gathered(data, target, np.ones(n), 50, np.float64, np.arange(n), rng)
        run_epoch(*net.parts(), net.optimizer, rows)
        tracemalloc.start()
        run_epoch(*net.parts(), net.optimizer, rows)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert abs(peaks[1] - peaks[0]) < 2000


def test_scores_of_weights_whose_sum_float32_cannot_hold():
    net = Net()
    w = np.full(30, 3e38, np.float32)
    _, score = evaluate(ARCH, net.params, net.ws, in_order(w, 30), lambda p, y: y == 0)
    assert_allclose(score, (Y == 0).mean())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [49, 98, 171, 319])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_perfect_score_is_exactly_one(dtype, n, weighted):
    """Shares of 1/n are rounded; they must not make a score of 0.9999999, or one above 1."""
    _, params = allocate(ARCH.sizes, dtype)
    w = np.random.default_rng(0).uniform(0.1, 2, n).astype(dtype) if weighted else None
    batches = InOrder(np.ones((n, 4)), np.zeros(n, int), w, 60, dtype)
    ws = Workspace.empty(ARCH, 60, dtype)
    _, score = evaluate(ARCH, params, ws, batches, lambda p, y: y == 0)
    assert score == 1


def test_a_score_has_more_digits_than_float32():
    """45 of 49 rows are right: the quotient, not the float32 next to it."""
    _, params = allocate(ARCH.sizes, np.float32)
    y = (np.arange(49) < 4).astype(int)
    batches = InOrder(np.ones((49, 4)), y, None, 49, np.float32)
    ws = Workspace.empty(ARCH, 49, np.float32)
    _, score = evaluate(ARCH, params, ws, batches, lambda p, y: y == 0)
    assert_allclose(score, 45 / 49, rtol=1e-12)
