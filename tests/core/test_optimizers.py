"""Update rules against naive loops, and the optimizer that applies them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core import optimizers
from skscratch.core.optimizers import (
    SOLVERS,
    Adam,
    GradientDescent,
    Momentum,
    Nesterov,
    Optimizer,
)

GRADIENTS = np.random.default_rng(0).normal(size=(6, 10))
RULES = [GradientDescent(), Momentum(0.9), Nesterov(0.9), Adam(0.9, 0.99, 1e-8)]

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)


def take_step(rule, t, rate, g, step, *slots):
    rule(np, g, step, [np.array(scalar) for scalar in rule.scalars(t, rate)], *slots)


def directions(rule, rate=1.0):
    """Return what the rule makes of each gradient in turn."""
    slots = [np.zeros(10) for _ in rule.units]
    out = np.full_like(GRADIENTS, np.nan)
    for t, (g, step) in enumerate(zip(GRADIENTS.copy(), out, strict=True), start=1):
        take_step(rule, t, rate, g, step, *slots)
    return out


@every_rule
def test_a_step_is_the_rate_times_a_direction(rule):
    assert_allclose(directions(rule, rate=0.3), 0.3 * directions(rule), rtol=1e-12)


def test_momentum_is_the_discounted_sum_of_gradients():
    expected = [sum(0.9**i * GRADIENTS[t - i] for i in range(t + 1)) for t in range(6)]
    assert_allclose(directions(Momentum(0.9)), expected, rtol=1e-12)


def test_nesterov_applies_momentum_once_more():
    v = directions(Momentum(0.9))
    assert_allclose(directions(Nesterov(0.9)), GRADIENTS + 0.9 * v, rtol=1e-12)


def test_adam_is_the_ratio_of_bias_corrected_averages():
    """With ε negligible the two places where it can be added agree."""
    b1, b2, expected = 0.8, 0.95, []
    for t in range(1, 7):
        decay = np.arange(t)[::-1, None]
        m = ((1 - b1) * b1**decay * GRADIENTS[:t]).sum(axis=0) / (1 - b1**t)
        v = ((1 - b2) * b2**decay * GRADIENTS[:t] ** 2).sum(axis=0) / (1 - b2**t)
        expected.append(m / np.sqrt(v))
    assert_allclose(directions(Adam(b1, b2, 1e-300)), expected, rtol=1e-10)


def test_adams_epsilon_is_added_before_bias_correction():
    step = np.empty(1)
    take_step(Adam(0.9, 0.999, 0.1), 1, 1.0, np.array([1.0]), step, np.zeros(1), np.zeros(1))
    assert_allclose(step, np.sqrt(0.001) / 0.1 * 0.1 / (np.sqrt(0.001) + 0.1))


def train(rule, theta, gradients, n_weights=None, **options):
    theta, g = theta.copy(), np.empty_like(theta)
    n_weights = theta.size if n_weights is None else n_weights
    optimizer = Optimizer(rule, lambda t: 0.1, theta, g, n_weights, **options)
    for gradient in gradients:
        g[:] = gradient
        optimizer.step()
    return theta, optimizer


def test_a_step_goes_against_the_gradient():
    theta, _ = train(GradientDescent(), np.ones(10), GRADIENTS[:2])
    assert_allclose(theta, 1 - 0.1 * GRADIENTS[:2].sum(axis=0))


@pytest.mark.parametrize("block", [1, 2, 5, 7, 8, 100])
def test_the_penalty_acts_on_weights_alone_and_before_the_rule(block, monkeypatch):
    """Whether a block holds weights, biases or both: [0, 5) and [5, 10), or [8, 10) alone."""
    monkeypatch.setattr(optimizers, "BLOCK", block)
    options = {"n_weights": 7, "l2": 0.5}
    theta, _ = train(GradientDescent(), np.ones(10), np.zeros((1, 10)), **options)
    assert_allclose(theta, np.repeat([1 - 0.1 * 0.5, 1], [7, 3]))
    theta, _ = train(GradientDescent(), np.ones(10), GRADIENTS[:1], **options)
    assert_allclose(theta, 1 - 0.1 * (GRADIENTS[0] + np.repeat([0.5, 0], [7, 3])))
    theta, _ = train(Adam(0.9, 0.999, 1e-8), np.ones(10), np.zeros((1, 10)), **options)
    assert_allclose(theta, np.repeat([0.9, 1], [7, 3]), rtol=1e-5)


@every_rule
@pytest.mark.parametrize("block", [1, 3, 4, 100])
def test_blocks_change_nothing(rule, block, monkeypatch):
    expected, _ = train(rule, np.ones(10), GRADIENTS, n_weights=6, l2=0.1)
    monkeypatch.setattr(optimizers, "BLOCK", block)
    theta, _ = train(rule, np.ones(10), GRADIENTS, n_weights=6, l2=0.1)
    assert_array_equal(theta, expected)


@pytest.mark.parametrize("rule", [Momentum(0.9), Adam(0.9, 0.99, 1e-8)])
def test_going_on_from_t_and_slots_is_exact(rule):
    whole, _ = train(rule, np.ones(10), GRADIENTS)
    half, optimizer = train(rule, np.ones(10), GRADIENTS[:3])
    rest, _ = train(rule, half, GRADIENTS[3:], t=optimizer.t, slots=optimizer.slots)
    assert_array_equal(rest, whole)


def test_the_rate_is_that_of_the_step_times_the_scale():
    steps, theta = [], np.zeros(1)
    optimizer = Optimizer(
        GradientDescent(), lambda t: steps.append(t) or 1.0, theta, np.ones(1), 1, t=5
    )
    optimizer.scale = 0.5
    optimizer.step()
    assert steps == [5]
    assert theta == -0.5


def test_float32_stays_float32():
    theta, optimizer = train(Adam(0.9, 0.99, 1e-8), np.ones(10, np.float32), GRADIENTS, l2=0.1)
    assert theta.dtype == np.float32
    assert {slot.dtype for slot in optimizer.slots} == {np.dtype(np.float32)}


def test_solvers_build_the_rule_that_their_parameters_ask_for():
    assert SOLVERS["sgd"](momentum=0, nesterovs_momentum=True) == GradientDescent()
    assert SOLVERS["sgd"](momentum=0.5, nesterovs_momentum=True) == Nesterov(0.5)
    assert SOLVERS["sgd"](momentum=0.5, nesterovs_momentum=False) == Momentum(0.5)
    assert SOLVERS["adam"](beta_1=0.1, beta_2=0.2, epsilon=0.3) == Adam(0.1, 0.2, 0.3)
