"""Every activation of the table: value, derivative, buffers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad
from scipy.special import erf
from scipy.stats import norm

from skscratch.core.activations import ACTIVATIONS, LeakyReLU
from skscratch.core.initializers import INITIALIZERS

LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772
VALUES = {
    "identity": lambda z: z,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": lambda z: (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1),
    "relu": lambda z: np.where(z > 0, z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
    "selu": lambda z: LAMBDA * np.where(z > 0, z, ALPHA * (np.exp(z) - 1)),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "gelu": lambda z: z * (1 + erf(z / 2**0.5)) / 2,
    "mish": lambda z: z * ((1 + np.exp(z)) ** 2 - 1) / ((1 + np.exp(z)) ** 2 + 1),
}
Z = np.array([[-3.0, -0.5, 0.25], [0.75, 2.0, 5.0]])

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def value(f, z):
    a = np.empty_like(z)
    f.forward(z, a)
    return a


def derivative(f, z, factor=1.0):
    a, delta = value(f, z), np.full_like(z, factor)
    f.backward(z.copy(), a, delta)
    return delta


@every_activation
def test_forward_computes_the_formula_and_leaves_z(name):
    z, a = Z.copy(), np.empty_like(Z)
    ACTIVATIONS[name].forward(z, a)
    assert_allclose(a, VALUES[name](Z), rtol=1e-12)
    assert_array_equal(z, Z)


@every_activation
def test_backward_multiplies_by_the_derivative(name):
    f = ACTIVATIONS[name]
    quotient = (value(f, Z + 1e-6) - value(f, Z - 1e-6)) / 2e-6
    assert_allclose(derivative(f, Z, 3.0), 3 * quotient, rtol=1e-6, atol=1e-9)


@every_activation
@both_dtypes
def test_the_largest_inputs_overflow_nowhere(name, dtype):
    z = np.array([-1e4, -1e3, 0, 1e3, 1e4], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a, delta = value(ACTIVATIONS[name], z), derivative(ACTIVATIONS[name], z)
    assert np.isfinite([a, delta]).all()
    assert delta.dtype == dtype


@every_activation
@both_dtypes
def test_far_out_every_activation_is_a_line(name, dtype):
    f, z = ACTIVATIONS[name], np.array([-1000, 1000], dtype)
    chord = (value(f, z + 1) - value(f, z - 1)) / 2
    assert_allclose(derivative(f, z), chord, rtol=1e-3, atol=1e-6)


@every_activation
def test_float32_is_as_good_as_it_can_be(name):
    f, z = ACTIVATIONS[name], np.linspace(-30, 30, 241, dtype=np.float32)
    assert_allclose(value(f, z), value(f, z.astype(float)), rtol=1e-6, atol=1e-6)
    assert_allclose(derivative(f, z), derivative(f, z.astype(float)), rtol=2e-6, atol=2e-6)


@every_activation
def test_nan_is_not_hidden(name):
    """A network that has gone wrong must show it."""
    assert np.isnan(value(ACTIVATIONS[name], np.array([np.nan]))).all()


@every_activation
def test_the_initial_draw_of_an_activation_is_in_the_table(name):
    assert getattr(ACTIVATIONS[name], "weight_init", "glorot_uniform") in INITIALIZERS


def test_relu_has_no_slope_at_zero():
    assert_array_equal(derivative(ACTIVATIONS["relu"], np.zeros(1)), [0])


def test_leaky_relu_has_the_slope_that_it_is_given():
    z = np.array([-1000.0, -2.0, 0.0, 3.0])
    assert_allclose(value(LeakyReLU(0.3), z), [-300, -0.6, 0, 3])
    assert_array_equal(derivative(LeakyReLU(0.3), z), [0.3, 0.3, 0.3, 1])


def test_selu_keeps_mean_zero_and_variance_one():
    """What its constants are made for."""

    def moment(k):
        def integrand(x):
            return float(value(ACTIVATIONS["selu"], np.array(x)) ** k * norm.pdf(x))

        return quad(integrand, -12, 0)[0] + quad(integrand, 0, 12)[0]

    assert_allclose([moment(1), moment(2)], [0, 1], atol=1e-9)


def test_small_values_keep_their_digits():
    """log(1 + exp(-40)) is exp(-40), though 1 + exp(-40) is 1; elu(z) is z near 0."""
    z = np.array([-40.0, -25.0, 25.0, 40.0])
    exact = z.clip(0) + np.log1p(np.exp(-abs(z)))
    assert_allclose(value(ACTIVATIONS["softplus"], z), exact, rtol=1e-15)
    assert_allclose(value(ACTIVATIONS["mish"], np.array([-40.0])), -40 * np.exp(-40), rtol=1e-12)
    assert_allclose(value(ACTIVATIONS["elu"], np.array([-1e-12])), -1e-12, rtol=1e-11)
