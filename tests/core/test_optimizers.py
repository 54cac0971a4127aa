"""Transforms against naive loops, and the optimizer that chains them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core import optimizers
from skscratch.core.optimizers import L2, SOLVERS, Adam, Momentum, Nesterov, Optimizer

GRADIENTS = np.random.default_rng(0).normal(size=(6, 10))


def directions(transform):
    """Return what the transform makes of each gradient in turn."""
    slots = [np.zeros(10) for _ in range(transform.n_slots)]
    out = GRADIENTS.copy()
    for t, g in enumerate(out, start=1):
        transform(np, t, np.zeros(10), g, np.empty(10), *slots)
    return out


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
    g = np.array([1.0])
    Adam(0.9, 0.999, 0.1)(np, 1, np.zeros(1), g, np.empty(1), np.zeros(1), np.zeros(1))
    assert_allclose(g, np.sqrt(0.001) / 0.1 * 0.1 / (np.sqrt(0.001) + 0.1))


def train(chain, theta, gradients, n_weights=None, **options):
    theta, g = theta.copy(), np.empty_like(theta)
    n_weights = theta.size if n_weights is None else n_weights
    optimizer = Optimizer(
        chain, options.pop("decay", []), lambda t: 0.1, theta, g, n_weights, **options
    )
    for gradient in gradients:
        g[:] = gradient
        optimizer.step()
    return theta, optimizer


def test_a_step_goes_against_the_gradient():
    theta, _ = train([], np.ones(10), GRADIENTS[:2])
    assert_allclose(theta, 1 - 0.1 * GRADIENTS[:2].sum(axis=0))


def test_only_weights_are_decayed_and_before_the_chain():
    theta, _ = train([], np.ones(10), np.zeros((1, 10)), n_weights=7, decay=[L2(0.5)])
    assert_allclose(theta, np.repeat([1 - 0.1 * 0.5, 1], [7, 3]))
    with_adam, _ = train(
        [Adam(0.9, 0.999, 1e-8)], np.ones(10), np.zeros((1, 10)), n_weights=7, decay=[L2(0.5)]
    )
    assert_allclose(with_adam, np.repeat([0.9, 1], [7, 3]), rtol=1e-5)


@pytest.mark.parametrize("chain", [[], [Momentum(0.9)], [Nesterov(0.9)], [Adam(0.9, 0.99, 1e-8)]])
@pytest.mark.parametrize("block", [1, 3, 4, 100])
def test_blocks_change_nothing(chain, block, monkeypatch):
    expected, _ = train(chain, np.ones(10), GRADIENTS, n_weights=6, decay=[L2(0.1)])
    monkeypatch.setattr(optimizers, "BLOCK", block)
    theta, _ = train(chain, np.ones(10), GRADIENTS, n_weights=6, decay=[L2(0.1)])
    assert_array_equal(theta, expected)


@pytest.mark.parametrize("chain", [[Momentum(0.9)], [Adam(0.9, 0.99, 1e-8)]])
def test_going_on_from_t_and_slots_is_exact(chain):
    whole, _ = train(chain, np.ones(10), GRADIENTS)
    half, optimizer = train(chain, np.ones(10), GRADIENTS[:3])
    rest, _ = train(chain, half, GRADIENTS[3:], t=optimizer.t, slots=optimizer.slots)
    assert_array_equal(rest, whole)


def test_the_rate_is_that_of_the_step_times_the_scale():
    steps, theta = [], np.zeros(1)
    optimizer = Optimizer([], [], lambda t: steps.append(t) or 1.0, theta, np.ones(1), 1, t=5)
    optimizer.scale = 0.5
    optimizer.step()
    assert steps == [5]
    assert theta == -0.5


def test_float32_stays_float32():
    theta, optimizer = train([Adam(0.9, 0.99, 1e-8)], np.ones(10, np.float32), GRADIENTS)
    assert theta.dtype == np.float32
    assert {slot.dtype for slot in optimizer.slots} == {np.dtype(np.float32)}


def test_solvers_build_the_chain_that_their_parameters_ask_for():
    assert SOLVERS["sgd"](momentum=0, nesterovs_momentum=True) == []
    assert SOLVERS["sgd"](momentum=0.5, nesterovs_momentum=True) == [Nesterov(0.5)]
    assert SOLVERS["sgd"](momentum=0.5, nesterovs_momentum=False) == [Momentum(0.5)]
    assert SOLVERS["adam"](beta_1=0.1, beta_2=0.2, epsilon=0.3) == [Adam(0.1, 0.2, 0.3)]
