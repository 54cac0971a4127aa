"""Dropout: what the mask holds, how often it drops, and that it can be repeated."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core import dropout

RATES = [0.1, 0.5, 0.9]
SHAPE = (200, 50)


def drop(a, rate, seed=0):
    """Return the mask and h."""
    mask, h = np.full_like(a, np.nan), np.full_like(a, np.nan)
    dropout_forward(a, rate, np.random.default_rng(seed), mask, h)
    return mask, h


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mask_is_zero_or_one_over_the_share_kept(rate, dtype):
    mask, h = drop(np.ones(SHAPE, dtype), rate)
    assert mask.dtype == h.dtype == dtype
    assert_allclose(np.unique(mask), [0, 1 / (1 - rate)], rtol=1e-6)


def test_activations_are_multiplied_by_the_mask_and_left_as_they_were():
    a = np.random.default_rng(1).normal(size=SHAPE)
    before = a.copy()
    mask, h = drop(a, 0.3)
    assert_array_equal(h, a * mask)
    assert_array_equal(a, before)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_as_many_are_dropped_as_the_rate_says(rate, dtype):
    """Four standard deviations of a share among 10 000."""
    mask, _ = drop(np.ones(SHAPE, dtype), rate)
    assert_allclose((mask == 0).mean(), rate, atol=4 * np.sqrt(rate * (1 - rate) / 10_000))


@pytest.mark.parametrize("rate", RATES)
def test_the_expectation_is_that_without_dropout(rate):
    a = np.random.default_rng(1).uniform(1, 2, size=(1, 5))
    n = 40_000
    _, h = drop(np.tile(a, (n, 1)), rate)
    assert_allclose(h.mean(axis=0, keepdims=True), a, atol=8 * np.sqrt(rate / (1 - rate) / n))


def test_each_row_and_column_is_dropped_as_often_as_the_others():
    mask, _ = drop(np.ones(SHAPE), 0.5)
    for axis in (0, 1):
        n = SHAPE[axis]
        assert np.abs((mask == 0).mean(axis=axis) - 0.5).max() < 5 * 0.5 / np.sqrt(n)


def test_equal_generators_drop_the_same_and_a_generator_moves_on():
    a, rng = np.ones((20, 10)), np.random.default_rng(0)
    masks = np.empty((2, 20, 10))
    for mask in masks:
        dropout_forward(a, 0.5, rng, mask, np.empty_like(a))
    assert_array_equal(masks[0], drop(a, 0.5)[0])
    assert (masks[0] != masks[1]).any()


def test_backward_is_the_derivative_of_forward():
    """h is linear in a: along any direction of a, delta · h(direction)."""
    rng = np.random.default_rng(2)
    a, delta, direction = rng.normal(size=(3, *SHAPE))
    mask, h = drop(a, 0.4)
    _, moved = drop(a + direction, 0.4)
    expected = (delta * (moved - h)).sum()
    dropout_backward(mask, delta)
    assert_allclose((delta * direction).sum(), expected)
