"""Layers: the affine map against plain expressions, dropout against what its rate says."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix

from skscratch.core.layers import (
    dropout_backward,
    dropout_forward,
    linear_backward_input,
    linear_backward_parameters,
    linear_forward,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 4)) * (RNG.random((7, 4)) < 0.5)
W, b, DELTA = RNG.normal(size=(4, 3)), RNG.normal(size=3), RNG.normal(size=(7, 3))

containers = pytest.mark.parametrize("container", [np.asarray, csr_array, csr_matrix])


@containers
def test_forward(container):
    z = np.full((7, 3), np.nan)
    linear_forward(container(X), W, b, z)
    assert_allclose(z, X @ W + b, rtol=1e-12)


@containers
def test_backward_parameters(container):
    gW, gb = np.full((4, 3), np.nan), np.full(3, np.nan)
    linear_backward_parameters(container(X), DELTA, np.ones(7), gW, gb)
    assert_allclose(gW, X.T @ DELTA, rtol=1e-12, atol=1e-15)
    assert_allclose(gb, DELTA.sum(axis=0), rtol=1e-12)


def test_backward_input():
    dX = np.full((7, 4), np.nan)
    linear_backward_input(DELTA, W, dX)
    assert_allclose(dX, DELTA @ W.T, rtol=1e-12)


@containers
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("q", [1, 3])
def test_outputs_may_lie_by_rows_or_by_columns(container, order, q):
    z = np.full((7, q), np.nan, order=order)
    linear_forward(container(X), W[:, :q], b[:q], z)
    assert_allclose(z, X @ W[:, :q] + b[:q], rtol=1e-12)
    delta = np.asarray(DELTA[:, :q], order=order)
    gW, gb, dX = np.full((4, q), np.nan), np.full(q, np.nan), np.full((7, 4), np.nan)
    linear_backward_parameters(container(X), delta, np.ones(7), gW, gb)
    linear_backward_input(delta, W[:, :q], dX)
    assert_allclose(gW, X.T @ delta, rtol=1e-12, atol=1e-15)
    assert_allclose(gb, delta.sum(axis=0), rtol=1e-12)
    assert_allclose(dX, delta @ W[:, :q].T, rtol=1e-12)


@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize(
    ("n", "p", "q"), [(7, 4, 3), (7, 4, 1), (7, 1, 3), (1, 4, 3), (1, 4, 1), (1, 1, 1)]
)
def test_layers_side_by_side_are_each_as_if_alone(n, p, q, order):
    """X is a part of a larger buffer, as in training."""
    rng = np.random.default_rng(1)
    members, like = 3, {"rows": (n, q), "columns": (q, n)}[order]
    many, W, b = (rng.normal(size=(members, *s)) for s in [(n + 2, p), (p, q), (q,)])
    each, z, delta = many[:, 1:-1], np.full((members, *like), np.nan), np.empty((members, *like))
    z, delta = (a if order == "rows" else a.mT for a in (z, delta))
    delta[...] = rng.normal(size=delta.shape)
    gW, gb, dX = np.full_like(W, np.nan), np.full_like(b, np.nan), np.full((members, n, p), np.nan)
    linear_forward(each, W, b, z)
    linear_backward_parameters(each, delta, np.ones(n), gW, gb)
    linear_backward_input(delta, W, dX)
    for i in range(members):
        assert_allclose(z[i], each[i] @ W[i] + b[i], rtol=1e-12)
        assert_allclose(gW[i], each[i].T @ delta[i], rtol=1e-12, atol=1e-15)
        assert_allclose(gb[i], delta[i].sum(axis=0), rtol=1e-12, atol=1e-15)
        assert_allclose(dX[i], delta[i] @ W[i].T, rtol=1e-12, atol=1e-15)


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
