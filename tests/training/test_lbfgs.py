"""L-BFGS: its objective by finite differences, its minimum against a known one."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression

from skscratch.core.activations import Tanh
from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture, Gradient, Workspace, allocate
from skscratch.training import lbfgs
from skscratch.training.data import InOrder

RNG = np.random.default_rng(0)
X, Y, W = RNG.normal(size=(40, 3)), RNG.integers(3, size=40), RNG.uniform(0.1, 2, 40)


def make(hidden=(), w=None, batch_size=40, l2=0.0, container=np.asarray, dtype=np.float64):
    """Return theta and the objective at theta."""
    arch = Architecture((3, *hidden, 3), (Tanh(),) * len(hidden), LOSSES["softmax"])
    theta, params = allocate(arch.sizes, dtype)
    n_weights = sum(layer.size for layer in params.weights)
    ws, grad = Workspace.empty(arch, batch_size, dtype), Gradient.empty(arch, batch_size, dtype)
    batches = InOrder(container(X), Y, w, batch_size, dtype)
    return theta, lambda: lbfgs.objective(arch, params, ws, grad, batches, theta[:n_weights], l2)


@pytest.mark.parametrize("container", [np.asarray, csr_array])
@pytest.mark.parametrize("w", [None, W], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("batch_size", [40, 7])
def test_gradient_of_the_objective(container, w, batch_size):
    theta, objective = make((4,), w, batch_size, l2=0.3, container=container)
    theta[:] = start = RNG.normal(size=theta.size)
    gradient, direction = objective()[1], RNG.normal(size=theta.size)
    losses = []
    for sign in (1, -1):
        theta[:] = start + sign * 1e-6 * direction
        losses.append(objective()[0])
    assert_allclose(gradient @ direction, (losses[0] - losses[1]) / 2e-6, rtol=1e-6)


def test_batches_only_bound_memory():
    results = []
    for batch_size in (40, 7, 1):
        theta, objective = make((4,), W, batch_size, l2=0.3)
        theta[:] = np.linspace(-1, 1, theta.size)
        results.append(objective())
    for loss, gradient in results[1:]:
        assert_allclose(loss, results[0][0], rtol=1e-12)
        assert_allclose(gradient, results[0][1], rtol=1e-9, atol=1e-15)


def minimize(theta, objective, **options):
    losses = []
    options = {"max_iter": 500, "max_fun": 1000, "tol": 1e-10} | options
    return lbfgs.minimize(theta, objective, losses.append, **options), losses


def test_without_hidden_layers_the_minimum_is_logistic_regression():
    theta, objective = make(l2=1 / 40)
    result, losses = minimize(theta, objective)
    reference = LogisticRegression(C=1, tol=1e-12, max_iter=1000).fit(X, Y)
    assert result.success
    # SciPy also stops once the loss falls by less than 2e-9 of itself: coefficients to 4 digits
    assert_allclose(theta[:9].reshape(3, 3).T, reference.coef_, atol=1e-4)
    assert len(losses) == result.nit
    assert (np.diff(losses) <= 0).all()
    assert_allclose(losses[-1], result.fun)


def test_limits_are_kept():
    assert minimize(*make((4,)), max_iter=1)[0].nit == 1
    assert minimize(*make((4,)), max_fun=3)[0].nfev <= 5  # SciPy ends a line search it has begun


def test_float32_parameters_are_computed_with_in_float32():
    theta, objective = make(dtype=np.float32, l2=1 / 40)
    minimize(theta, objective, tol=1e-5)
    reference, objective = make(l2=1 / 40)
    minimize(reference, objective)
    assert theta.dtype == np.float32
    assert_allclose(theta, reference, atol=2e-3)
