"""The affine layer z = X W + b and its transpose, for dense and CSR inputs.

Dense arrays may have one more axis in front: then each is the layer of a network of its own.
"""

from typing import Any

__all__ = ["backward_input", "backward_parameters", "forward"]


def forward(xp: Any, X: Any, W: Any, b: Any, z: Any) -> None:
    """Write ``z <- X W + b``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core import linear
    >>> X, W, b, z = np.array([[1.0, 2.0]]), np.eye(2), np.array([10.0, 20.0]), np.empty((1, 2))
    >>> linear.forward(np, X, W, b, z)
    >>> z
    array([[11., 22.]])
    """
    _product(xp, X, W, z)
    z += b[..., None, :]


def backward_parameters(xp: Any, X: Any, delta: Any, ones: Any, gW: Any, gb: Any) -> None:
    """Write ``gW <- dL/dW = Xᵀ delta`` and ``gb <- dL/db = 1ᵀ delta``; ones is the 1 (n,).

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core import linear
    >>> X, delta, ones = np.ones((3, 2)), np.ones((3, 1)), np.ones(3)
    >>> gW, gb = np.empty((2, 1)), np.empty(1)
    >>> linear.backward_parameters(np, X, delta, ones, gW, gb)
    >>> gW.T, gb
    (array([[3., 3.]]), array([3.]))
    """
    _product(xp, X.mT if isinstance(X, xp.ndarray) else X.T, delta, gW)
    _product(xp, ones, delta, gb)


def backward_input(xp: Any, delta: Any, W: Any, dX: Any) -> None:
    """Write ``dX <- dL/dX = delta Wᵀ``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core import linear
    >>> delta, W, dX = np.ones((1, 1)), np.array([[2.0], [3.0]]), np.empty((1, 2))
    >>> linear.backward_input(np, delta, W, dX)
    >>> dX
    array([[2., 3.]])
    """
    _product(xp, delta, W.mT, dX)


def _product(xp: Any, A: Any, B: Any, out: Any) -> None:
    """Write ``out <- A B``; out may lie row by row or column by column."""
    if not isinstance(A, xp.ndarray):
        out[...] = A @ B  # SciPy's public product of a sparse A has no out: one temporary
        return
    if not out.flags.c_contiguous:
        A, B, out = B.mT, A.mT, out.mT
    if B.ndim == 2:
        A.dot(B, out)  # it begins a microsecond sooner than matmul
    elif A.ndim == 3 and A.shape[2] == 1:
        xp.multiply(A, B, out=out)  # matmul leaves BLAS out here, and takes eight times as long
    else:
        xp.matmul(A, B, out=out)
