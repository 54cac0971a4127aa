"""The affine layer, dense and CSR, alone and side by side, against the plain expressions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array, csr_matrix

from skscratch.core import linear

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
