"""Integrated gradients: the derivative along straight lines from a background to the samples.

For a sample x, a background row b and a response f, feature j contributes

    c_j = (x_j - b_j) · ∫₀¹ ∂f/∂x_j (b + t (x - b)) dt,

averaged over the background. The integral is a Gauss-Legendre sum. The first layer is linear, so
its pre-activations on a line lie between those of x and b. The product with its weights is
therefore computed once for a row, not once for a point of the line, in both passes.

References
----------
M. Sundararajan, A. Taly and Q. Yan (2017). Axiomatic attribution for deep networks.
G. Erion, J. D. Janizek, P. Sturmfels, S. M. Lundberg and S.-I. Lee (2021). Improving performance of
deep learning models with axiomatic attribution priors and expected gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import issparse
from scipy.special import roots_legendre

from skscratch.core import layers
from skscratch.core.network import (
    Architecture,
    InputGradient,
    Parameters,
    Workspace,
    backward_input,
    forward,
)
from skscratch.inspection._response import Response

__all__ = ["Lines"]

# Numbers in one buffer. Larger buffers fall out of the processor's cache.
BUFFER = 2**18


@dataclass(frozen=True)
class Lines:
    """The lines from every row of a background to every sample, through one network.

    Parameters
    ----------
    arch : Architecture
    params : Parameters
        Weights between hidden layers may be blocks, see ``in_blocks``.
    response : Response
        What is explained.
    background : ndarray or CSR of shape (m, p)
    base : ndarray of shape (m, q)
        The responses of the background.
    """

    arch: Architecture
    params: Parameters
    response: Response
    background: Any
    base: Any

    @property
    def n_points(self) -> int:
        """Number of points that are computed at a time, on as many lines as they fill."""
        return max(1, BUFFER // max(self.arch.sizes[1:]))

    def integrated(self, X: Any, f: Any, n_nodes: int) -> tuple[Any, Any]:
        """Return the contributions (n, p, q) to the responses f of X, and their errors (n, q).

        There are ``n_nodes`` points on each line. The error of a line is the difference between the
        sum of its contributions and that of the responses at its ends. The errors of the lines to a
        sample have different signs. What is returned is the larger of their mean and the standard
        error of this mean, because their mean alone may be close to 0 by chance.
        """
        (n, p), m = X.shape, self.background.shape[0]
        W, q = self.params.weights[0], self.arch.sizes[-1]
        nodes, weights = roots_legendre(n_nodes)
        t, w = ((nodes + 1) / 2).astype(W.dtype), (weights / 2).astype(W.dtype)
        n_lines = max(1, min(self.n_points // n_nodes, BUFFER // p, n * m))
        columns = min(m, n_lines)
        size = n_lines * n_nodes
        ws = Workspace.empty(self.arch, size, W.dtype)
        grad = InputGradient.empty(self.arch, size, W.dtype)
        out, total, squares = np.zeros((n, p, q)), np.zeros((n, q)), np.zeros((n, q))
        for b, zb, others in self._blocks(self.background, columns):
            for x, zx, rows in self._blocks(X, n_lines // columns):
                shape = (len(x), len(b), n_nodes, W.shape[1])
                if (size := len(x) * len(b) * n_nodes) != len(ws.z[0]):
                    ws, grad = ws.head(size), grad.head(size)
                z = ws.z[0].reshape(shape)
                np.multiply((zx[:, None] - zb)[:, :, None], t[:, None], out=z)
                z += zb[:, None]
                dX, x_minus_b = np.empty((len(x) * len(b), p), W.dtype), x[:, None] - b
                for k, slope in enumerate(self._slopes(ws, grad)):
                    mean = w @ slope.reshape(shape)
                    layers.linear_backward_input(mean.reshape(len(dX), -1), W, dX)
                    each = x_minus_b * dX.reshape(x_minus_b.shape)
                    out[rows, :, k] += each.sum(axis=1, dtype=float)
                    error = each.sum(axis=2, dtype=float)
                    error -= f[rows, None, k] - self.base[others, k].astype(float)
                    total[rows, k] += error.sum(axis=1)
                    squares[rows, k] += np.square(error).sum(axis=1)
        out /= m
        return out, np.maximum(np.abs(total), np.sqrt(squares)) / m

    def _blocks(self, X: Any, size: int) -> Iterator[tuple[Any, Any, slice]]:
        """Yield some rows as a dense array, their pre-activations (size, q), and their places."""
        W, b = self.params.weights[0], self.params.biases[0]
        for start in range(0, X.shape[0], size):
            rows = slice(start, start + size)
            block = X[rows].astype(W.dtype, copy=False)
            z = np.empty((block.shape[0], W.shape[1]), W.dtype)
            layers.linear_forward(block, W, b, z)
            yield block.toarray() if issparse(block) else block, z, rows

    def _slopes(self, ws: Workspace, grad: InputGradient) -> Iterator[Any]:
        """Yield, for each response, its derivative by the first layer's z, which is in ws."""
        arch, params = self.arch, self.params
        if arch.activations:
            behind = replace(
                arch,
                sizes=arch.sizes[1:],
                activations=arch.activations[1:],
                dropout=arch.dropout[1:],
            )
            params = Parameters(params.weights[1:], params.biases[1:])
            arch.activations[0].forward(ws.z[0], ws.a[0])
            forward(behind, params, Workspace(*(part[1:] for part in ws)), ws.a[0])
            grad.differentiate(arch, ws)
        for k in range(arch.sizes[-1]):
            delta = self.response.backward(ws.z[-1], k)
            if arch.activations:
                above = InputGradient(*(part[1:] for part in grad))
                backward_input(params, above, delta, grad.delta[0])
                grad.delta[0] *= grad.slope[0]
                delta = grad.delta[0]
            yield delta
