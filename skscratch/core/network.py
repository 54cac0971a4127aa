"""The multilayer perceptron: its architecture, its parameters, and the two passes.

::

    h₀ = X    zₗ = hₗ₋₁ Wₗ + bₗ    aₗ = fₗ(zₗ)    hₗ = dropout(aₗ)    logits = z of the last layer

If all arrays have a leading member axis, the passes run through several networks of one shape
together.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import block_diag
from scipy.sparse import issparse

from skscratch.core import layers
from skscratch.core.activations import Activation
from skscratch.core.losses import Loss

__all__ = [
    "Architecture",
    "Gradient",
    "InputGradient",
    "Parameters",
    "Workspace",
    "allocate",
    "backward",
    "backward_input",
    "forward",
    "in_blocks",
    "merge_members",
    "outputs",
    "rows_per_buffer",
    "split_members",
    "trainable_slices",
    "views",
]


def forward(
    arch: "Architecture", params: "Parameters", ws: "Workspace", X: Any, rng: Any = None
) -> None:
    """Write every z, a and h of the batch X to ws; the logits are ``ws.z[-1]``.

    ``rng`` draws the dropout masks. Without rng, as in prediction, there is no dropout.
    """
    h, (weights, biases) = X, params
    for i, (f, W, b, z, a) in enumerate(
        zip(arch.activations, weights, biases, ws.z, ws.a, strict=False)
    ):
        layers.linear_forward(h, W, b, z)
        f.forward(z, a)
        h = a
        if rng is not None and (rate := arch.dropout[i]):
            h = ws.h[i]
            layers.dropout_forward(a, rate, rng, ws.mask[i], h)
    layers.linear_forward(h, weights[-1], biases[-1], ws.z[-1])


def backward(
    arch: "Architecture",
    params: "Parameters",
    ws: "Workspace",
    grad: "Gradient",
    X: Any,
    delta: Any,
) -> None:
    """Fill grad, given ``delta = dL/dz`` of the last layer.

    ws must hold the forward pass of X. If the architecture has dropout, that pass must have had an
    rng.
    """
    ones, gW, gb = grad.ones, grad.weights, grad.biases
    for i in range(len(arch.activations), 0, -1):
        delta_below = grad.delta[i - 1]
        layers.linear_backward_parameters(ws.h[i - 1], delta, ones, gW[i], gb[i])
        layers.linear_backward_input(delta, params.weights[i], delta_below)
        if arch.dropout[i - 1]:
            layers.dropout_backward(ws.mask[i - 1], delta_below)
        arch.activations[i - 1].backward(ws.z[i - 1], ws.a[i - 1], delta_below)
        delta = delta_below
    layers.linear_backward_parameters(X, delta, ones, gW[0], gb[0])


def backward_input(params: "Parameters", grad: "InputGradient", delta: Any, dX: Any) -> None:
    """Write ``dX <- dL/dX``, given ``delta = dL/dz`` of the last layer.

    grad must hold the derivatives of the forward pass of X. They stay as they are, so one forward
    pass serves every output of the network.
    """
    for i in range(len(grad.slope), 0, -1):
        delta_below = grad.delta[i - 1]
        layers.linear_backward_input(delta, params.weights[i], delta_below)
        delta_below *= grad.slope[i - 1]
        delta = delta_below
    layers.linear_backward_input(delta, params.weights[0], dX)


@dataclass(frozen=True)
class Architecture:
    """The constants of a network. Training never changes them.

    Parameters
    ----------
    sizes : tuple of int
        Width of every layer, inputs first and outputs last: ``(p, ..., q)``.
    activations : tuple of Activation
        One per hidden layer: ``len(sizes) - 2`` of them.
    loss : Loss
        The loss, which includes the output activation.
    dropout : tuple of float, optional
        Share of each hidden layer's activations that a training step sets to zero; none by default.
    members : int, optional
        Number of such networks that are trained side by side; one by default.
    trainable : tuple of bool, optional
        Whether training changes each layer, hidden layers first; all by default.

    Examples
    --------
    A network with two inputs, one hidden layer of three tanh units and one logistic output. Both
    passes run on a batch of one row:

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
    >>> round(arch.loss.forward(p, y, w), 4)
    0.254
    >>> arch.loss.backward(p, y, w)
    >>> backward(arch, params, ws, grad, X, p)
    >>> grad.weights[1].round(3)
    array([[-0.055],
           [-0.088],
           [-0.118]])
    """

    sizes: tuple[int, ...]
    activations: tuple[Activation, ...]
    loss: Loss
    dropout: tuple[float, ...] = ()
    members: int = 1
    trainable: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        """Replace an empty ``dropout`` by zeros, and an empty ``trainable`` by True everywhere."""
        if not self.trainable:
            object.__setattr__(self, "trainable", (True,) * (len(self.sizes) - 1))
        if not self.dropout:
            object.__setattr__(self, "dropout", (0.0,) * len(self.activations))

    def for_prediction(self) -> "Architecture":
        """Return the same network without dropout and label smoothing, which are for training."""
        return replace(self, loss=self.loss.for_prediction(), dropout=())


class Parameters(NamedTuple):
    """The learned arrays: the weights W (p, q) and the biases b (q,) of every layer.

    With several members, W is (members, p, q) and b is (members, q).
    """

    weights: list[Any]
    biases: list[Any]


def allocate(sizes: tuple[int, ...], dtype: Any, members: int = 1) -> tuple[Any, Parameters]:
    """Return a flat vector of zeros and the parameters as views into it, ``[all W | all b]``.

    The passes use the views, and the optimizer uses the vector. Both share their memory.

    Parameters
    ----------
    sizes : tuple of int
        Width of every layer, inputs first.
    dtype : dtype
        float32 or float64.
    members : int, optional
        Number of ensemble members; one by default.

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
    n = members * sum(p * q + q for p, q in pairwise(sizes))
    theta = np.zeros(n, dtype)
    return theta, views(theta, sizes, members)


def views(theta: Any, sizes: tuple[int, ...], members: int = 1) -> Parameters:
    """Return the weights and biases in a flat vector, as views that share its memory.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.network import views
    >>> views(np.arange(3.0), (2, 1))
    Parameters(weights=[array([[0.],
           [1.]])], biases=[array([2.])])
    """
    parts, end, in_front = [], 0, _in_front(members)
    for shape in (*pairwise(sizes), *((q,) for q in sizes[1:])):
        start, end = end, end + members * math.prod(shape)
        parts.append(theta[start:end].reshape(*in_front, *shape))
    n_layers = len(sizes) - 1
    return Parameters(parts[:n_layers], parts[n_layers:])


def trainable_slices(arch: Architecture, *, biases: bool = True) -> list[slice]:
    """Return the parts of a flat vector of parameters, or of their gradient, that are trained.

    Without ``biases``, they are the weights alone, the part that is regularised.

    Examples
    --------
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture, trainable_slices
    >>> arch = Architecture((2, 1), (), LogisticCrossEntropy())
    >>> trainable_slices(arch)
    [slice(0, 3, None)]
    >>> trainable_slices(arch, biases=False)
    [slice(0, 2, None)]
    """
    slices, end = [slice(0, 0)], 0
    shapes = (*pairwise(arch.sizes), *((q,) for q in arch.sizes[1:] if biases))
    for shape, is_trained in zip(shapes, arch.trainable * (1 + biases), strict=True):
        start, end = end, end + arch.members * math.prod(shape)
        if is_trained and slices[-1].stop == start:
            slices[-1] = slice(slices[-1].start, end)
        elif is_trained:
            slices.append(slice(start, end))
    return [part for part in slices if part.stop > part.start]


def split_members(params: Parameters, members: int) -> list[Parameters]:
    """Return the parameters of each member, as views.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.network import split_members, views
    >>> split_members(views(np.arange(4.0), (1, 1), members=2), members=2)[1]
    Parameters(weights=[array([[1.]])], biases=[array([3.])])
    """
    if members == 1:
        return [params]
    return [Parameters(*([array[i] for array in part] for part in params)) for i in range(members)]


def merge_members(params: Parameters) -> Parameters:
    """Return the parameters of one network whose logits are the mean of the members' logits.

    The members must have a hidden layer. All returned arrays are new::

        W₁ = [V₁ V₂ ...]    Wₗ = diag(Vₗ₁, Vₗ₂, ...)    W_last = [V₁; V₂; ...] / members

    Members start from different weights and train on different rows, so their errors differ. The
    mean of the members' logits is wrong less often than a member. Up to a constant, this mean is
    the logarithm of the geometric mean of the members' probabilities.

    References
    ----------
    L. K. Hansen and P. Salamon (1990). Neural network ensembles.
    G. E. Hinton (2002). Training products of experts by minimizing contrastive divergence.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.network import Parameters, merge_members
    >>> W, V = np.array([[[1.0]], [[2.0]]]), np.array([[[3.0]], [[4.0]]])
    >>> b, c = np.array([[5.0], [6.0]]), np.array([[7.0], [9.0]])
    >>> merge_members(Parameters([W, V], [b, c]))
    Parameters(weights=[array([[1., 2.]]), array([[1.5],
           [2. ]])], biases=[array([5., 6.]), array([8.])])
    """
    (first, *between, last), (*biases, b) = params
    weights = [
        np.concatenate(first, axis=1),
        *(block_diag(*W) for W in between),
        np.concatenate(last) / len(last),
    ]
    return Parameters(weights, [*(b.flatten() for b in biases), b.mean(axis=0)])


def in_blocks(params: Parameters, members: int) -> Parameters:
    """Return merged parameters with the weights between hidden layers as blocks (members, p, q).

    A prediction then does not multiply the zeros. Weights that are not block-diagonal stay as they
    are, for instance if a user has changed them.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.network import Parameters, in_blocks
    >>> W, V, b = np.ones((3, 2)), np.eye(2), np.zeros(2)
    >>> [w.shape for w in in_blocks(Parameters([W, V, W.T], [b, b, b]), members=2).weights]
    [(3, 2), (2, 1, 1), (2, 3)]
    """
    first, *between, last = params.weights
    each = np.arange(members)
    for i, W in enumerate(between):
        if not any(size % members for size in W.shape):
            p, q = W.shape[0] // members, W.shape[1] // members
            blocks = np.ascontiguousarray(W.reshape(members, p, members, q)[each, :, each])
            if np.count_nonzero(blocks) == np.count_nonzero(W):
                between[i] = blocks
    return Parameters([first, *between, last], params.biases)


class Workspace(NamedTuple):
    """The buffers of a forward pass over n rows. They are not stored on the estimator.

    Without dropout, h is a and mask is None. The hidden layers are stored row by row, as X and W
    are, which makes the products fastest. The logits are stored column by column, so a softmax sums
    n numbers at a time instead of q.
    """

    z: list[Any]
    a: list[Any]
    h: list[Any]
    mask: list[Any]

    @classmethod
    def empty(cls, arch: Architecture, n: int, dtype: Any) -> "Workspace":
        """Return new buffers for up to n rows."""
        z, a = (_hidden_buffers(arch, n, dtype) for _ in range(2))
        h, mask = a, list[Any]([None] * len(a))
        if any(arch.dropout):
            pairs = list(zip(a, arch.dropout, strict=True))
            h = [np.empty_like(buffer) if rate else buffer for buffer, rate in pairs]
            mask = [np.empty_like(buffer) if rate else None for buffer, rate in pairs]
        logits = np.empty((*_in_front(arch.members), arch.sizes[-1], n), dtype).mT
        return cls([*z, logits], a, h, mask)

    def head(self, n: int) -> "Workspace":
        """Return buffers for n rows in the same memory."""
        return Workspace(*([_head(buffer, n) for buffer in part] for part in self))


class Gradient(NamedTuple):
    """The buffers of a backward pass over n rows; weights and biases are views into g."""

    g: Any
    weights: list[Any]
    biases: list[Any]
    delta: list[Any]
    ones: Any

    @classmethod
    def empty(cls, arch: Architecture, n: int, dtype: Any) -> "Gradient":
        """Return new buffers for up to n rows, with g laid out like theta."""
        g, params = allocate(arch.sizes, dtype, arch.members)
        delta = _hidden_buffers(arch, n, dtype)
        return cls(g, params.weights, params.biases, delta, np.ones(n, dtype))

    def head(self, n: int) -> "Gradient":
        """Return the same gradient with buffers for n rows in the same memory."""
        return self._replace(delta=[_head(d, n) for d in self.delta], ones=self.ones[:n])


class InputGradient(NamedTuple):
    """The derivatives ``slope = f'(z)`` of n rows, and the buffers of ``backward_input``.

    Examples
    --------
    The network max(x₁ + x₂, 0) increases with both inputs where their sum is positive:

    >>> import numpy as np
    >>> from skscratch.core.activations import ReLU
    >>> from skscratch.core.losses import SquaredError
    >>> from skscratch.core.network import *
    >>> arch = Architecture((2, 1, 1), (ReLU(),), SquaredError())
    >>> params = Parameters([np.ones((2, 1)), np.ones((1, 1))], [np.zeros(1), np.zeros(1)])
    >>> X, ws = np.array([[1.0, 2.0], [1.0, -2.0]]), Workspace.empty(arch, 2, np.float64)
    >>> forward(arch, params, ws, X)
    >>> grad, dX = InputGradient.empty(arch, 2, np.float64), np.empty((2, 2))
    >>> grad.differentiate(arch, ws)
    >>> backward_input(params, grad, np.ones((2, 1)), dX)
    >>> dX
    array([[1., 1.],
           [0., 0.]])
    """

    slope: list[Any]
    delta: list[Any]

    @classmethod
    def empty(cls, arch: Architecture, n: int, dtype: Any) -> "InputGradient":
        """Return new buffers for up to n rows."""
        return cls(_hidden_buffers(arch, n, dtype), _hidden_buffers(arch, n, dtype))

    def head(self, n: int) -> "InputGradient":
        """Return buffers for n rows in the same memory."""
        return InputGradient(*([_head(buffer, n) for buffer in part] for part in self))

    def differentiate(self, arch: Architecture, ws: Workspace) -> None:
        """Write every slope from the forward pass in ws; its hidden z and a are overwritten."""
        for f, z, a, slope in zip(arch.activations, ws.z, ws.a, self.slope, strict=False):
            slope.fill(1)
            f.backward(z, a, slope)


def _hidden_buffers(arch: Architecture, n: int, dtype: Any) -> list[Any]:
    """Return a new array of n rows for each hidden layer, with the member axis of arch."""
    in_front = _in_front(arch.members)
    return [np.empty((*in_front, n, width), dtype) for width in arch.sizes[1:-1]]


def _head(buffer: Any, n: int) -> Any:
    """Return a contiguous array of n rows at the start of the memory of buffer."""
    if buffer is None:
        return None
    *in_front, _, q = buffer.shape
    if buffer.flags.c_contiguous:
        return np.ndarray((*in_front, n, q), buffer.dtype, buffer)
    return np.ndarray((*in_front, q, n), buffer.dtype, buffer.mT).mT


def _in_front(members: int) -> tuple[int, ...]:
    """Return the shape of the leading member axis: empty for one member."""
    return (members,) if members > 1 else ()


def rows_per_buffer(arch: Architecture, X: Any) -> int:
    """Return the number of rows to work on at a time, so that buffers take a few MiB.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import SoftmaxCrossEntropy
    >>> from skscratch.core.network import Architecture, rows_per_buffer
    >>> arch = Architecture((1000, 24), (), SoftmaxCrossEntropy())
    >>> rows_per_buffer(arch, np.zeros((1, 1000)))
    512
    """
    widths = arch.sizes[1:] if issparse(X) else arch.sizes
    return max(32, 2**19 // sum(widths))


def outputs(
    arch: Architecture,
    params: Parameters,
    X: Any,
    batch_size: int,
    finish: Callable[[Any], Any],
) -> Any:
    """Return ``finish(logits)`` of X as one new array, computed ``batch_size`` rows at a time.

    ``finish`` gets the logits (n, q) of one batch, may overwrite them, and returns n rows. The
    batch size thus bounds the memory that ``finish`` allocates, too. X may have another dtype than
    the parameters, and is cast batch by batch.
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
