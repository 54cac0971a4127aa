"""Every activation of the table: value, derivative, buffers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core.activations import ACTIVATIONS

VALUES = {
    "identity": lambda z: z,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": lambda z: (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1),
    "relu": lambda z: np.where(z > 0, z, 0),
}
Z = np.array([[-3.0, -0.5, 0.25], [0.75, 2.0, 5.0]])

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)


@every_activation
def test_forward_computes_the_formula_and_leaves_z(name):
    z, a = Z.copy(), np.empty_like(Z)
    ACTIVATIONS[name].forward(np, z, a)
    assert_allclose(a, VALUES[name](Z), rtol=1e-12)
    assert_array_equal(z, Z)


@every_activation
def test_backward_multiplies_by_the_derivative(name):
    f = ACTIVATIONS[name]
    above, below, a, delta = (np.empty_like(Z) for _ in range(4))
    f.forward(np, Z + 1e-6, above)
    f.forward(np, Z - 1e-6, below)
    f.forward(np, Z, a)
    delta[...] = 3.0
    f.backward(np, Z.copy(), a, delta)
    assert_allclose(delta, 3 * (above - below) / 2e-6, rtol=1e-6, atol=1e-9)


@every_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_largest_inputs_overflow_nowhere(name, dtype):
    z = np.array([-1e4, 0, 1e4], dtype)
    a, delta = np.empty_like(z), np.ones_like(z)
    with np.errstate(over="raise", invalid="raise"):
        ACTIVATIONS[name].forward(np, z, a)
        ACTIVATIONS[name].backward(np, z, a, delta)
    assert np.isfinite(delta).all()
    assert delta.dtype == dtype


@every_activation
def test_nan_is_not_hidden(name):
    """A network that has gone wrong must show it."""
    z, a = np.array([np.nan]), np.empty(1)
    ACTIVATIONS[name].forward(np, z, a)
    assert np.isnan(a).all()


def test_relu_has_no_slope_at_zero():
    a, delta = np.empty(1), np.ones(1)
    ACTIVATIONS["relu"].forward(np, np.zeros(1), a)
    ACTIVATIONS["relu"].backward(np, np.zeros(1), a, delta)
    assert_array_equal(delta, [0])
