"""The layers of a network, each as a forward and a backward pass: affine maps and dropout.

The affine layer is ``z = X W + b``, for dense and CSR inputs. Dense arrays may have a leading
member axis. Each entry of that axis is then the layer of one member.

Dropout sets each activation to zero with probability ``rate`` during training. The other
activations are divided by ``1 - rate``, so their expectation does not change. A prediction
therefore needs no correction.

References
----------
N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov (2014). Dropout: a simple
way to prevent neural networks from overfitting.
"""

from typing import Any

import numpy as np

__all__ = [
    "dropout_backward",
    "dropout_forward",
    "linear_backward_input",
    "linear_backward_parameters",
    "linear_forward",
]


def linear_forward(X: Any, W: Any, b: Any, z: Any) -> None:
    """Write ``z <- X W + b``.

    If X and z have no member axis, W may hold the blocks (members, p, q) of a block-diagonal
    matrix. The zeros between the blocks are then not multiplied.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.layers import linear_forward
    >>> X, W, b, z = np.array([[1.0, 2.0]]), np.eye(2), np.array([10.0, 20.0]), np.empty((1, 2))
    >>> linear_forward(X, W, b, z)
    >>> z
    array([[11., 22.]])
    >>> linear_forward(X, np.array([[[1.0]], [[1.0]]]), b, z)
    >>> z
    array([[11., 22.]])
    """
    if W.ndim > z.ndim:
        _product(_by_member(X, len(W)), W, _by_member(z, len(W)))
    else:
        _product(X, W, z)
    z += b[..., None, :]


def _by_member(h: Any, members: int) -> Any:
    """Return the columns (n, members · q) of all members as a view of shape (members, n, q)."""
    return h.reshape(len(h), members, -1).swapaxes(0, 1)


def linear_backward_parameters(X: Any, delta: Any, ones: Any, gW: Any, gb: Any) -> None:
    """Write ``gW <- dL/dW = Xᵀ delta`` and ``gb <- dL/db = 1ᵀ delta``.

    ``ones`` is the vector 1, of shape (n,).

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.layers import linear_backward_parameters
    >>> X, delta, ones = np.ones((3, 2)), np.ones((3, 1)), np.ones(3)
    >>> gW, gb = np.empty((2, 1)), np.empty(1)
    >>> linear_backward_parameters(X, delta, ones, gW, gb)
    >>> gW.T, gb
    (array([[3., 3.]]), array([3.]))
    """
    _product(X.mT if isinstance(X, np.ndarray) else X.T, delta, gW)
    _product(ones, delta, gb)


def linear_backward_input(delta: Any, W: Any, dX: Any) -> None:
    """Write ``dX <- dL/dX = delta Wᵀ``.

    As in ``linear_forward``, W may hold the blocks of a block-diagonal matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.layers import linear_backward_input
    >>> delta, W, dX = np.ones((1, 1)), np.array([[2.0], [3.0]]), np.empty((1, 2))
    >>> linear_backward_input(delta, W, dX)
    >>> dX
    array([[2., 3.]])
    """
    if W.ndim > dX.ndim:
        _product(_by_member(delta, len(W)), W.mT, _by_member(dX, len(W)))
    else:
        _product(delta, W.mT, dX)


def dropout_forward(a: Any, rate: float, rng: Any, mask: Any, h: Any) -> None:
    """Write ``mask <- 0 with probability rate, else 1 / (1 - rate)`` and ``h <- a · mask``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.layers import dropout_forward
    >>> a, mask, h = np.ones((1, 6)), np.empty((1, 6)), np.empty((1, 6))
    >>> dropout_forward(a, 0.5, np.random.default_rng(0), mask, h)
    >>> h
    array([[2., 0., 0., 0., 2., 2.]])
    """
    rng.random(out=mask, dtype=mask.dtype)
    np.greater_equal(mask, rate, out=mask)
    mask *= 1 / (1 - rate)
    np.multiply(a, mask, out=h)


def dropout_backward(mask: Any, delta: Any) -> None:
    """Write ``delta <- delta · mask``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.layers import dropout_backward
    >>> delta = np.ones((1, 3))
    >>> dropout_backward(np.array([[2.0, 0.0, 2.0]]), delta)
    >>> delta
    array([[2., 0., 2.]])
    """
    np.multiply(delta, mask, out=delta)


def _product(A: Any, B: Any, out: Any) -> None:
    """Write ``out <- A B``; out may be C-ordered or Fortran-ordered."""
    if not isinstance(A, np.ndarray):
        out[...] = A @ B  # SciPy's sparse product has no argument out: it makes a new array
        return
    if not out.flags.c_contiguous:
        A, B, out = B.mT, A.mT, out.mT
    if A.ndim < 3 and B.ndim == 2:
        A.dot(B, out)  # dot has a microsecond less overhead than matmul
    elif A.ndim == 3 and A.shape[2] == 1:
        np.multiply(A, B, out=out)  # matmul does not use BLAS here, and takes eight times as long
    else:
        np.matmul(A, B, out=out)
