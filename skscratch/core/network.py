"""The multilayer perceptron: what never changes, what is learned, and the two passes.

::

    a₀ = X        zₗ = aₗ₋₁ Wₗ + bₗ        aₗ = fₗ(zₗ)        logits = z of the last layer
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from skscratch.core import linear

__all__ = [
    "Architecture",
    "Gradient",
    "Parameters",
    "Workspace",
    "allocate",
    "backward",
    "forward",
    "outputs",
]


def forward(arch: "Architecture", params: "Parameters", ws: "Workspace", X: Any) -> None:
    """Leave every z and a of the batch X in ws; the logits are ``ws.z[-1]``."""
    xp, (weights, biases) = ws.xp, params
    for f, W, b, z, a in zip(arch.activations, weights, biases, ws.z, ws.a, strict=False):
        linear.forward(xp, X, W, b, z)
        f.forward(xp, z, a)
        X = a
    linear.forward(xp, X, weights[-1], biases[-1], ws.z[-1])


def backward(
    arch: "Architecture",
    params: "Parameters",
    ws: "Workspace",
    grad: "Gradient",
    X: Any,
    delta: Any,
) -> None:
    """Fill grad, given ``delta = dL/dz`` of the last layer; ws must hold X's forward pass."""
    xp, ones, gW, gb = ws.xp, grad.ones, grad.weights, grad.biases
    for i in range(len(arch.activations), 0, -1):
        a, delta_below = ws.a[i - 1], grad.delta[i - 1]
        linear.backward_parameters(xp, a, delta, ones, gW[i], gb[i])
        linear.backward_input(xp, delta, params.weights[i], delta_below)
        arch.activations[i - 1].backward(xp, ws.z[i - 1], a, delta_below)
        delta = delta_below
    linear.backward_parameters(xp, X, delta, ones, gW[0], gb[0])


@dataclass(frozen=True)
class Architecture:
    """What never changes while a network is trained.

    Parameters
    ----------
    sizes : tuple of int
        Width of every layer, inputs first and outputs last: ``(p, ..., q)``.
    activations : tuple of Activation
        One per hidden layer: ``len(sizes) - 2`` of them.
    loss : Loss
        The link of the output layer and the loss on it.

    Examples
    --------
    A network with two inputs, one hidden layer of three tanh units and one logistic output; both
    passes for a batch of one row:

    >>> import numpy as np
    >>> from skscratch.core.activations import Tanh
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import *
    >>> arch = Architecture((2, 3, 1), (Tanh(),), LogisticCrossEntropy())
    >>> theta, params = allocate(arch.sizes, np.float64)
    >>> theta[:] = np.linspace(-1, 1, theta.size)
    >>> X, y, w = np.array([[0.5, -0.5]]), np.array([[1.0]]), np.array([1.0])
    >>> ws, grad = Workspace.empty(arch, 1, np.float64), Gradient.empty(arch, 1, np.float64)
    >>> forward(arch, params, ws, X)
    >>> p = ws.z[-1]
    >>> round(arch.loss.forward(np, p, y, w), 4)
    0.254
    >>> arch.loss.backward(np, p, y, w)
    >>> backward(arch, params, ws, grad, X, p)
    >>> grad.g.shape == theta.shape
    True
    """

    sizes: tuple[int, ...]
    activations: tuple[Any, ...]
    loss: Any


class Parameters(NamedTuple):
    """What is learned: per layer the weights W (p, q) and the biases b (q,)."""

    weights: list[Any]
    biases: list[Any]


def allocate(sizes: tuple[int, ...], dtype: Any) -> tuple[Any, Parameters]:
    """Return a flat vector of zeros and the parameters as views into it, ``[all W | all b]``.

    Networks read the views, optimizers read the vector: each sees what the other writes.

    Parameters
    ----------
    sizes : tuple of int
        Width of every layer, inputs first.
    dtype : dtype
        float32 or float64.

    Returns
    -------
    theta : ndarray of shape (P,)
    params : Parameters
        Views into theta.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.network import allocate
    >>> theta, params = allocate((3, 2), np.float64)
    >>> params.biases[0][:] = 7
    >>> theta
    array([0., 0., 0., 0., 0., 0., 7., 7.])
    """
    shapes = [*pairwise(sizes), *((q,) for q in sizes[1:])]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    theta = np.zeros(int(ends[-1]), dtype)
    views = [
        block.reshape(shape)
        for block, shape in zip(np.split(theta, ends[:-1]), shapes, strict=True)
    ]
    n_layers = len(sizes) - 1
    return theta, Parameters(views[:n_layers], views[n_layers:])


class Workspace(NamedTuple):
    """Every buffer of a forward pass over n rows. Lives inside one call.

    The logits lie column by column, for a softmax runs along the rows: NumPy then works on n
    numbers at a time, not on q.
    """

    xp: Any
    z: list[Any]
    a: list[Any]

    @classmethod
    def empty(cls, arch: Architecture, n: int, dtype: Any) -> "Workspace":
        """Return new buffers for up to n rows."""
        *hidden, q = arch.sizes[1:]
        z = [np.empty((n, width), dtype) for width in hidden]
        return cls(np, [*z, np.empty((q, n), dtype).T], [np.empty_like(buffer) for buffer in z])

    def head(self, n: int) -> "Workspace":
        """Return buffers for n rows in the same memory."""
        return self._replace(z=[_head(z, n) for z in self.z], a=[_head(a, n) for a in self.a])


class Gradient(NamedTuple):
    """Every buffer of a backward pass over n rows; weights and biases are views into g."""

    g: Any
    weights: list[Any]
    biases: list[Any]
    delta: list[Any]
    ones: Any

    @classmethod
    def empty(cls, arch: Architecture, n: int, dtype: Any) -> "Gradient":
        """Return new buffers for up to n rows, with g laid out like theta."""
        g, params = allocate(arch.sizes, dtype)
        delta = [np.empty((n, q), dtype) for q in arch.sizes[1:-1]]
        return cls(g, params.weights, params.biases, delta, np.ones(n, dtype))

    def head(self, n: int) -> "Gradient":
        """Return the same gradient with buffers for n rows in the same memory."""
        return self._replace(delta=[_head(d, n) for d in self.delta], ones=self.ones[:n])


def _head(buffer: Any, n: int) -> Any:
    """Return an array of n rows at the start of buffer's memory, which stays in one piece."""
    if buffer.flags.c_contiguous:
        return buffer[:n]
    q = buffer.shape[1]
    return buffer.T.reshape(-1)[: n * q].reshape(q, n).T


def outputs(
    arch: Architecture,
    params: Parameters,
    X: Any,
    batch_size: int,
    finish: Callable[[Any], Any],
) -> Any:
    """Return ``finish(logits)`` of X as one new array, computed ``batch_size`` rows at a time.

    ``finish`` gets the logits of some rows, (n, q), as scratch, and returns n rows; what it
    allocates is bounded like the rest. X may be of another dtype than the parameters; it is cast
    batch by batch.
    """
    dtype, n, out = params.weights[0].dtype, X.shape[0], None
    ws = Workspace.empty(arch, min(n, batch_size), dtype)
    for start in range(0, n, batch_size):
        rows = slice(start, min(start + batch_size, n))
        if rows.stop - start < ws.z[-1].shape[0]:
            ws = ws.head(rows.stop - start)
        forward(arch, params, ws, X[rows].astype(dtype, copy=False))
        finished = finish(ws.z[-1])
        if out is None:
            out = np.empty((n, *finished.shape[1:]), finished.dtype)
        out[rows] = finished
    return out
