"""The full-batch solver: SciPy's L-BFGS over the same two passes."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import optimize

from skscratch.core.network import Architecture, Gradient, Parameters, Workspace
from skscratch.training.epoch import loss_and_gradient

__all__ = ["minimize", "objective"]


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
