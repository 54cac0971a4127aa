"""The textbook loop."""

import math
from collections.abc import Iterable
from typing import Any

from skscratch.core.network import Architecture, Gradient, Parameters, Workspace, backward, forward
from skscratch.core.steps import Averaging, Optimizer

__all__ = ["evaluate", "loss_and_gradient", "run_epoch"]


def loss_and_gradient(
    arch: Architecture,
    params: Parameters,
    ws: Workspace,
    grad: Gradient,
    X: Any,
    y: Any,
    w: Any,
    rng: Any = None,
) -> float:
    """Fill grad with the gradient of the batch's mean loss; return that loss, summed over members.

    rng draws what dropout drops; an architecture without dropout needs none.
    """
    n = X.shape[-2]
    if n != grad.ones.shape[0]:
        ws, grad = ws.head(n), grad.head(n)
    forward(arch, params, ws, X, rng)
    output = ws.z[-1]
    loss: float = arch.loss.forward(ws.xp, output, y, w)
    arch.loss.backward(ws.xp, output, y, w)
    backward(arch, params, ws, grad, X, output)
    return loss


def run_epoch(
    arch: Architecture,
    params: Parameters,
    ws: Workspace,
    grad: Gradient,
    optimizer: Optimizer | Averaging,
    batches: Iterable[Any],
    rng: Any = None,
) -> float:
    """Take one step per batch; return the mean loss of a member, each batch's before its step.

    A loss that is not finite ends the epoch at once and is returned.

    Examples
    --------
    Logistic regression on four points, from the pieces:

    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture, Gradient, Workspace, allocate
    >>> from skscratch.core.optimizers import GradientDescent
    >>> from skscratch.core.steps import Optimizer
    >>> from skscratch.training.batches import InOrder
    >>> from skscratch.training.epoch import run_epoch
    >>> X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([[0.0], [0.0], [1.0], [1.0]])
    >>> arch = Architecture((1, 1), (), LogisticCrossEntropy())
    >>> theta, params = allocate(arch.sizes, np.float64)
    >>> ws, grad = Workspace.empty(arch, 2, np.float64), Gradient.empty(arch, 2, np.float64)
    >>> optimizer = Optimizer(GradientDescent(), lambda step: 1.0, theta, grad.g, n_weights=1)
    >>> batches = InOrder(X, y, None, 2, np.float64)
    >>> [round(run_epoch(arch, params, ws, grad, optimizer, batches), 2) for _ in range(3)]
    [0.57, 0.16, 0.11]
    """
    total = weights = 0.0
    for X, y, w, weight in batches:
        loss = loss_and_gradient(arch, params, ws, grad, X, y, w, rng)
        if not math.isfinite(loss):
            return loss
        optimizer.step()
        total += weight * loss
        weights += weight
    return total / weights / arch.members


def evaluate(
    arch: Architecture, params: Parameters, ws: Workspace, batches: Iterable[Any], hits: Any
) -> tuple[float, float]:
    """Return one network's mean loss and mean of ``hits(prediction, y)``, one value per row."""
    total = score = weights = 0.0
    for X, y, w, weight in batches:
        here = ws.head(X.shape[0])
        forward(arch, params, here, X)
        total += weight * arch.loss.forward(here.xp, here.z[-1], y, w)
        right = hits(here.z[-1], y)
        # the sum of w is 1 but for rounding, which must not show in a perfect score
        score += weight * float(w.sum(where=right, dtype=float) / w.sum(dtype=float))
        weights += weight
    return total / weights, score / weights
