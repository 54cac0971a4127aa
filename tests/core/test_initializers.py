"""Draws: their shape, variance and distribution."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kstest, norm, uniform

from skscratch.core.initializers import INITIALIZERS

FAN_IN, FAN_OUT = 300, 200
VARIANCE = {"glorot": 2 / (FAN_IN + FAN_OUT), "he": 2 / FAN_IN}
LAWS = {"uniform": lambda s: uniform(-s * 3**0.5, 2 * s * 3**0.5), "normal": lambda s: norm(0, s)}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_draws_follow_the_law_of_their_name(name):
    rule, law = name.split("_")
    W = INITIALIZERS[name](np.random.default_rng(0), FAN_IN, FAN_OUT)
    assert W.shape == (FAN_IN, FAN_OUT)
    assert_allclose(W.var(), VARIANCE[rule], rtol=0.02)
    assert kstest(W.ravel(), LAWS[law](VARIANCE[rule] ** 0.5).cdf).pvalue > 0.01


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_same_stream_gives_the_same_draws(name):
    first, second = (INITIALIZERS[name](np.random.default_rng(7), 5, 4) for _ in range(2))
    assert_array_equal(first, second)
