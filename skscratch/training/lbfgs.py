"""The full-batch solver: SciPy's L-BFGS over the same two passes.

A descent of many iterations turns a difference in the last digit into another minimum. A row of
weight 2 and a row that is there twice must lead to the same one. So ``distinct_rows`` merges
identical rows and puts them in an order of their own: both ways then give the same arrays.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.sparse import csr_array, issparse

from skscratch.core.network import Architecture, Gradient, Parameters, Workspace
from skscratch.training.epoch import loss_and_gradient

__all__ = ["distinct_rows", "minimize", "objective"]

# numbers that are hashed or compared at a time: copies of them stay small
AT_ONCE = 2**16
# weights are multiples of this part of the largest one
ROUNDING = 2.0**-44


def objective(
    arch: Architecture,
    params: Parameters,
    ws: Workspace,
    grad: Gradient,
    batches: Iterable[Any],
    W: Any,
    l2: float,
) -> tuple[float, Any]:
    """Return ``L + ½ l2 ‖W‖²`` over all batches and its gradient, a new float64 vector.

    W stands for all the weights, the part of theta before the biases.
    The data are visited in batches only to bound memory: means are combined by weight.
    """
    total = weights = 0.0
    g = np.zeros(grad.g.shape)
    for X, y, w, weight in batches:
        total += weight * loss_and_gradient(arch, params, ws, grad, X, y, w)
        g += np.float64(weight) * grad.g  # float32 may not hold the weight
        weights += weight
    g /= weights
    g[: W.size] += l2 * W
    return total / weights + 0.5 * l2 * float(W @ W), g


def minimize(
    theta: Any,
    loss_and_grad: Callable[[], tuple[float, Any]],
    after_iteration: Callable[[float], None],
    *,
    max_iter: int,
    max_fun: int,
    tol: float,
) -> Any:
    """Move theta to a minimum.

    Parameters
    ----------
    theta : ndarray of shape (P,)
        The start; overwritten with the end.
    loss_and_grad : callable
        Returns the loss and its gradient at the current theta.
    after_iteration : callable
        Receives the loss after every iteration, when theta is where it led; may raise
        StopIteration to end there.
    max_iter, max_fun : int
        Most iterations and most evaluations of the loss.
    tol : float
        Largest entry of the gradient at which to stop.

    Returns
    -------
    result : scipy.optimize.OptimizeResult

    References
    ----------
    D. C. Liu and J. Nocedal (1989). On the limited memory BFGS method for large scale
    optimization.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.lbfgs import minimize
    >>> theta, losses = np.array([3.0]), []
    >>> def parabola():
    ...     return float(theta @ theta), 2 * theta
    >>> result = minimize(theta, parabola, losses.append, max_iter=9, max_fun=99, tol=1e-6)
    >>> bool(abs(theta[0]) < 1e-6), len(losses) == result.nit
    (True, True)
    """

    def at(point: Any) -> tuple[float, Any]:
        theta[:] = point
        return loss_and_grad()

    def callback(intermediate_result: Any) -> None:
        theta[:] = intermediate_result.x
        after_iteration(float(intermediate_result.fun))

    result = optimize.minimize(
        at,
        theta.astype(float),
        method="L-BFGS-B",
        jac=True,
        callback=callback,
        options={"maxiter": max_iter, "maxfun": max_fun, "gtol": tol},
    )
    theta[:] = result.x
    return result


def distinct_rows(X: Any, y: Any, w: Any) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return the positions of distinct rows of X and y, in an order of their own, and weights.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n, p)
    y : ndarray of shape (n,) or (n, q)
    w : ndarray of shape (n,) or None
        Rows of weight 0 are left out; None gives every row weight 1.

    Returns
    -------
    rows : ndarray of int of shape (n_distinct,)
        Whatever the order of the data, the rows at these positions come in the same one.
    weights : ndarray of shape (n_distinct,)
        The sum of the weights of all rows that are identical.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.lbfgs import distinct_rows
    >>> X, y = np.array([[1.0], [2.0], [1.0], [1.0]]), np.array([0, 0, 0, 1])
    >>> rows, weights = distinct_rows(X, y, None)
    >>> sorted(zip(X[rows, 0].tolist(), y[rows].tolist(), weights.tolist()))
    [(1.0, 0, 2.0), (1.0, 1, 1.0), (2.0, 0, 1.0)]
    """
    if issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    weights = np.ones(X.shape[0]) if w is None else w
    rows = np.flatnonzero(weights)
    keys = _keys(X)[rows] + _keys(y.reshape(len(y), -1))[rows] * np.uint64(3)
    order = np.argsort(keys, kind="stable")
    rows, keys = rows[order], keys[order]
    same = keys[1:] == keys[:-1]
    above, below = rows[:-1][same], rows[1:][same]
    same[same] = _equal(X, above, below) & _equal(y, above, below)
    first = np.flatnonzero(np.r_[True, ~same])
    merged = np.add.reduceat(weights[rows].astype(np.float64), first)
    # rounded, so that a product and a sum of the same weights are equal
    unit = np.exp2(np.ceil(np.log2(merged.max()))) * ROUNDING
    return rows[first], np.round(merged / unit) * unit


def _keys(X: Any) -> NDArray[np.uint64]:
    """Return a hash of each row: a sum of its mixed numbers, each times one of its column."""
    factors = np.random.default_rng(0).integers(2**64, size=X.shape[1], dtype=np.uint64) | 1
    if issparse(X):
        mixed = csr_array((_mixed(X.data), X.indices, X.indptr), X.shape)
        return np.asarray(mixed @ factors)
    keys, n_rows = np.empty(X.shape[0], np.uint64), max(1, AT_ONCE // X.shape[1])
    for start in range(0, X.shape[0], n_rows):
        some = slice(start, start + n_rows)
        np.matmul(_mixed(X[some]), factors, out=keys[some])
    return keys


def _mixed(x: Any) -> NDArray[np.uint64]:
    """Return integers whose every bit depends on all bits of the number; 0 for 0."""
    # -0.0 becomes 0.0
    bits: NDArray[np.uint64] = (x + np.zeros((), x.dtype)).astype(np.float64).view(np.uint64)
    bits *= np.uint64(0x9E3779B97F4A7C15)
    bits ^= bits >> np.uint64(29)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(32)
    return bits


def _equal(X: Any, some: Any, others: Any) -> NDArray[np.bool_]:
    """Return for pairs of rows whether they are equal."""
    if issparse(X):
        return np.asarray(abs(X[some] - X[others]).sum(axis=1) == 0).ravel()
    equal, n_rows = np.empty(len(some), bool), max(1, AT_ONCE // math.prod(X.shape[1:]))
    for start in range(0, len(some), n_rows):
        pairs = slice(start, start + n_rows)
        differences = X[some[pairs]] != X[others[pairs]]
        equal[pairs] = ~differences.reshape(len(differences), -1).any(axis=1)
    return equal
