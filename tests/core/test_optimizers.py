"""Update rules against naive loops."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skscratch.core.optimizers import SOLVERS, Adam, GradientDescent, Momentum, Nesterov

GRADIENTS = np.random.default_rng(0).normal(size=(6, 10))
RULES = [GradientDescent(), Momentum(0.9), Nesterov(0.9), Adam(0.9, 0.99, 1e-8)]

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)


def take_step(rule, t, rate, g, step, *slots):
    rule(g, step, [np.array(scalar) for scalar in rule.scalars(t, rate)], *slots)


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


def test_solvers_build_the_rule_that_their_parameters_ask_for():
    assert SOLVERS["sgd"](momentum=0, nesterovs_momentum=True) == GradientDescent()
    assert SOLVERS["sgd"](momentum=0.5, nesterovs_momentum=True) == Nesterov(0.5)
    assert SOLVERS["sgd"](momentum=0.5, nesterovs_momentum=False) == Momentum(0.5)
    assert SOLVERS["adam"](beta_1=0.1, beta_2=0.2, epsilon=0.3) == Adam(0.1, 0.2, 0.3)
