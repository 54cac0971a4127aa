"""Draws: their shape, variance and distribution."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kstest, norm, uniform

from skscratch.core.initializers import INITIALIZERS, Glorot, He, LeCun

FAN_IN, FAN_OUT = 300, 200
VARIANCE = {"glorot": 2 / (FAN_IN + FAN_OUT), "he": 2 / FAN_IN, "lecun": 1 / FAN_IN}
LAWS = {"uniform": lambda s: uniform(-s * 3**0.5, 2 * s * 3**0.5), "normal": lambda s: norm(0, s)}


@pytest.mark.parametrize("name", sorted({*INITIALIZERS} - {"orthogonal"}))
def test_draws_follow_the_law_of_their_name(name):
    rule, law = name.split("_")
    W = INITIALIZERS[name](np.random.default_rng(0), FAN_IN, FAN_OUT)
    assert W.shape == (FAN_IN, FAN_OUT)
    assert_allclose(W.var(), VARIANCE[rule], rtol=0.02)
    assert kstest(W.ravel(), LAWS[law](VARIANCE[rule] ** 0.5).cdf).pvalue > 0.01


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_same_stream_gives_the_same_draws(name):
    first, second, other = (INITIALIZERS[name](np.random.default_rng(s), 5, 4) for s in (7, 7, 8))
    assert_array_equal(first, second)
    assert not np.isclose(first, other).any()


def test_rules_are_values():
    assert LeCun("normal") == INITIALIZERS["lecun_normal"]
    assert len({Glorot(), Glorot("uniform"), He(), LeCun(), LeCun("normal")}) == 4
    assert repr(LeCun()) == "LeCun(draw='uniform')"


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (1, 5), (5, 1), (1, 1), (300, 200)])
def test_the_shorter_side_of_an_orthogonal_draw_is_orthonormal(shape):
    W = INITIALIZERS["orthogonal"](np.random.default_rng(0), *shape)
    assert W.shape == shape
    products = W.T @ W if shape[0] >= shape[1] else W @ W.T
    assert_allclose(products, np.eye(min(shape)), atol=1e-12)


def test_no_direction_of_an_orthogonal_draw_is_preferred():
    """Without the correction of the signs, QR would favour a side: the diagonal's mean is off 0."""
    rng = np.random.default_rng(0)
    draws = np.array([INITIALIZERS["orthogonal"](rng, 3, 3) for _ in range(4000)])
    assert_allclose(draws.mean(axis=0), 0, atol=0.04)
    assert_allclose(draws.var(axis=0), 1 / 3, atol=0.02)
    assert_allclose(np.mean(np.linalg.det(draws) > 0), 0.5, atol=0.03)
