"""One step of training: from the gradient to new parameters, and their running average.

Everything runs block by block: a block of theta, g and of what an optimizer remembers fits the
cache, so each is read from main memory once per step.
"""

import math
from typing import Any

import numpy as np

__all__ = ["Averaging", "Optimizer"]

BLOCK = 65536


class Optimizer:
    """Takes the steps of one training run.

    Parameters
    ----------
    rule : Rule
        Turns gradients into steps.
    rate : Schedule
        From the number of steps taken to the learning rate.
    theta, g : ndarray of shape (P,)
        Read and written in place at every step; g is scratch afterwards.
    n_weights : int
        theta is ``[all W | all b]``; this is where the biases begin.
    l2 : float
        Strength of the penalty ½ · l2 · ‖W‖², whose gradient l2 · W is added to that of the
        weights; biases are not regularised.
    weight_decay : float
        Share of the weights, times the rate, that each step takes off them: decoupled from the
        gradient, so that the rule does not rescale it. Adam becomes AdamW.
    max_norm : float
        A gradient that is longer, the penalty's not counted, is shortened to it.
    t : int
        Steps taken by earlier runs.
    slots : list of ndarray of shape (P,), or None
        What the rule remembers of earlier runs, written in place; None if there were none.

    Attributes
    ----------
    scale : float
        A factor on the rate.
    norms : float
        The sum of ‖g‖ before clipping, over all steps since it was last set to 0.

    References
    ----------
    I. Loshchilov and F. Hutter (2019). Decoupled weight decay regularization.
    R. Pascanu, T. Mikolov and Y. Bengio (2013). On the difficulty of training recurrent neural
    networks.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import Momentum
    >>> from skscratch.core.steps import Optimizer
    >>> theta, g = np.array([1.0, 1.0]), np.array([1.0, 2.0])
    >>> optimizer = Optimizer(Momentum(0.9), lambda step: 0.1, theta, g, n_weights=1, l2=1.0)
    >>> optimizer.step()
    >>> theta
    array([0.8, 0.8])
    """

    def __init__(
        self,
        rule: Any,
        rate: Any,
        theta: Any,
        g: Any,
        n_weights: int,
        *,
        l2: float = 0.0,
        weight_decay: float = 0.0,
        max_norm: float = math.inf,
        t: int = 0,
        slots: Any = None,
    ) -> None:
        self.rule, self.rate, self.t, self.scale, self.norms = rule, rate, t, 1.0, 0.0
        self._g, self._max_norm, self._weight_decay = g, max_norm, weight_decay
        # 0-d arrays: NumPy would convert a Python float in every operation anew
        self._l2 = np.array(l2, theta.dtype)
        self._scalars = np.empty(len(rule.scalars(1, 1.0)), theta.dtype)
        self._each_scalar = [self._scalars[i, ...] for i in range(self._scalars.size)]
        self.slots = [np.zeros_like(theta) for _ in rule.units] if slots is None else slots
        step = np.empty_like(theta[:BLOCK])
        W, gW = theta[:n_weights], g[:n_weights]
        self._blocks = [
            (theta[i:j], g[i:j], step[: j - i], W[i:j], gW[i:j], [slot[i:j] for slot in self.slots])
            for i, j in _blocks(theta.size)
        ]

    def step(self) -> None:
        """Write ``theta <- theta - step``."""
        rule, l2, scalars, square = self.rule, self._l2, self._each_scalar, 0.0
        excess = self._clip() if self._max_norm < math.inf else 0.0
        rate = self.rate(self.t) * self.scale
        self.t += 1
        self._scalars[:] = rule.scalars(self.t, rate)
        keep = 1 - rate * self._weight_decay
        for theta, g, step, W, gW, slots in self._blocks:
            square += np.dot(g, g)
            if l2 and W.size:
                penalty = step[: W.size]
                np.multiply(W, l2, out=penalty)
                gW += penalty
            rule(np, g, step, scalars, *slots)
            if keep != 1:
                W *= keep
            theta -= step
        self.norms += math.sqrt(square) + excess

    def _clip(self) -> float:
        """Shorten g to max_norm; return by how much."""
        g, most = self._g, self._max_norm
        norm = math.sqrt(np.dot(g, g))
        if norm == math.inf:
            norm = _large_norm(g)
        if norm <= most or not norm < math.inf:
            return 0.0
        g *= most / norm
        return norm - most


class Averaging:
    """Takes an optimizer's steps, and averages the parameters that they lead to.

    mean <- mean + c (theta - mean),  c = max(1 - decay, 10 / (n + 9)) in the n-th step: the further
    back a step, the less its parameters count, by the factor decay. At first the average is over
    about the last tenth of the steps: one over all would long remember where training began.

    Parameters
    ----------
    optimizer : Optimizer
    theta, mean : ndarray of shape (P,)
        mean is written in place.
    decay : float
        Between 0 and 1: an average over about the last 1 / (1 - decay) steps in the end.
    n : int
        Steps that mean holds already.

    References
    ----------
    B. T. Polyak and A. B. Juditsky (1992). Acceleration of stochastic approximation by averaging.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import GradientDescent
    >>> from skscratch.core.steps import Averaging, Optimizer
    >>> theta, mean, g = np.zeros(1), np.zeros(1), np.array([-1.0])
    >>> optimizer = Optimizer(GradientDescent(), lambda step: 1.0, theta, g, n_weights=1)
    >>> averaging = Averaging(optimizer, theta, mean, decay=0.5)
    >>> for _ in range(2):
    ...     averaging.step()
    >>> theta, mean.round(4)
    (array([2.]), array([1.9091]))
    """

    def __init__(self, optimizer: Optimizer, theta: Any, mean: Any, decay: float, n: int = 0):
        self.optimizer, self.decay, self.n = optimizer, decay, n
        difference = np.empty_like(theta[:BLOCK])
        self._blocks = [
            (theta[i:j], mean[i:j], difference[: j - i]) for i, j in _blocks(theta.size)
        ]

    def step(self) -> None:
        """Take a step and let mean follow."""
        self.optimizer.step()
        self.n += 1
        c = max(1 - self.decay, 10 / (self.n + 9))
        for theta, mean, difference in self._blocks:
            np.subtract(theta, mean, out=difference)
            np.multiply(difference, c, out=difference)
            mean += difference


def _large_norm(g: Any) -> float:
    """Return ‖g‖ where its square overflows."""
    largest = float(abs(g).max())
    return largest * math.sqrt(np.sum((g / largest) ** 2)) if largest < math.inf else math.inf


def _blocks(size: int) -> list[tuple[int, int]]:
    return [(i, min(i + BLOCK, size)) for i in range(0, size, BLOCK)]
