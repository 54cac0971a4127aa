"""Optimizers: chains of gradient transforms on one flat vector, in place.

A transform turns the gradient g into a better direction. ``Optimizer`` sends g through its chain
and takes the step ``theta <- theta - rate · g``, block by block: a block of theta, g and the
transforms' memory fits the cache, so each is read from main memory once per step.

A new optimizer is a transform and a line in ``SOLVERS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

__all__ = ["L2", "SOLVERS", "Adam", "Momentum", "Nesterov", "Optimizer", "Transform"]

BLOCK = 65536


class Transform(Protocol):
    """One link of the chain; every array is a block of the same length."""

    @property
    def n_slots(self) -> int:
        """How many arrays of theta's size it keeps from step to step; they start at zero."""

    def __call__(self, xp: Any, t: int, theta: Any, g: Any, scratch: Any, *slots: Any) -> None:
        """Write ``g <- transformed g``; t counts the steps from 1."""


@dataclass(frozen=True)
class L2:
    """g <- g + strength · theta: the gradient of ½ · strength · ‖theta‖².

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import L2
    >>> theta, g = np.array([2.0]), np.array([1.0])
    >>> L2(0.5)(np, 1, theta, g, np.empty(1))
    >>> g
    array([2.])
    """

    strength: float
    n_slots: ClassVar[int] = 0

    def __call__(self, xp: Any, t: int, theta: Any, g: Any, scratch: Any, *slots: Any) -> None:
        xp.multiply(theta, self.strength, out=scratch)
        g += scratch


@dataclass(frozen=True)
class Momentum:
    """v <- momentum · v + g,  g <- v.

    The rate multiplies v, not what enters it, so a schedule acts at once.

    References
    ----------
    B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import Momentum
    >>> g, v = np.array([1.0]), np.array([10.0])
    >>> Momentum(0.9)(np, 1, np.zeros(1), g, np.empty(1), v)
    >>> g
    array([10.])
    """

    momentum: float
    n_slots: ClassVar[int] = 1

    def __call__(self, xp: Any, t: int, theta: Any, g: Any, scratch: Any, *slots: Any) -> None:
        (v,) = slots
        v *= self.momentum
        v += g
        g[...] = v


@dataclass(frozen=True)
class Nesterov:
    """v <- momentum · v + g,  g <- g + momentum · v: momentum that looks one step ahead.

    References
    ----------
    Y. Nesterov (1983). A method of solving a convex programming problem with convergence rate
    O(1/k²).

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import Nesterov
    >>> g, v = np.array([1.0]), np.array([10.0])
    >>> Nesterov(0.9)(np, 1, np.zeros(1), g, np.empty(1), v)
    >>> g
    array([10.])
    """

    momentum: float
    n_slots: ClassVar[int] = 1

    def __call__(self, xp: Any, t: int, theta: Any, g: Any, scratch: Any, *slots: Any) -> None:
        (v,) = slots
        v *= self.momentum
        v += g
        xp.multiply(v, self.momentum, out=scratch)
        g += scratch


@dataclass(frozen=True)
class Adam:
    """m <- β₁ m + (1 - β₁) g,  v <- β₂ v + (1 - β₂) g²,  g <- c m / (√v + ε).

    c = √(1 - β₂ᵗ) / (1 - β₁ᵗ) corrects the bias of both averages towards their start at zero.
    ε is added before the correction, as in the last paragraph of section 2 of the paper and in
    scikit-learn; algorithm 1 of the paper adds it after.

    References
    ----------
    D. P. Kingma and J. Ba (2015). Adam: a method for stochastic optimization.

    Examples
    --------
    The first step has length 1 whatever the gradient:

    >>> import numpy as np
    >>> from skscratch.core.optimizers import Adam
    >>> g = np.array([1000.0, -0.1])
    >>> Adam(0.9, 0.999, 1e-8)(np, 1, np.zeros(2), g, np.empty(2), np.zeros(2), np.zeros(2))
    >>> g.round(5)
    array([ 1., -1.])
    """

    beta_1: float
    beta_2: float
    epsilon: float
    n_slots: ClassVar[int] = 2

    def __call__(self, xp: Any, t: int, theta: Any, g: Any, scratch: Any, *slots: Any) -> None:
        m, v = slots
        m *= self.beta_1
        xp.multiply(g, 1 - self.beta_1, out=scratch)
        m += scratch
        v *= self.beta_2
        g *= g
        g *= 1 - self.beta_2
        v += g
        xp.sqrt(v, out=scratch)
        scratch += self.epsilon
        xp.divide(m, scratch, out=g)
        g *= (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)


class Optimizer:
    """Takes the steps of one training run.

    Parameters
    ----------
    chain : list of Transform
        Applied to every entry of g, in this order.
    decay : list of Transform
        Applied before the chain to the first ``n_weights`` entries: biases are not regularised.
    rate : Schedule
        From the number of steps taken to the learning rate.
    theta, g : ndarray of shape (P,)
        Read and written in place at every step; g is scratch afterwards.
    n_weights : int
        theta is ``[all W | all b]``; this is where the biases begin.
    t : int
        Steps taken by earlier runs.
    slots : list of ndarray of shape (P,), or None
        What the chain remembers of earlier runs, written in place; None if there were none.

    Attributes
    ----------
    scale : float
        A factor on the rate.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import L2, Momentum, Optimizer
    >>> theta, g = np.array([1.0, 1.0]), np.array([1.0, 2.0])
    >>> optimizer = Optimizer([Momentum(0.9)], [L2(1.0)], lambda step: 0.1, theta, g, n_weights=1)
    >>> optimizer.step()
    >>> theta
    array([0.8, 0.8])
    """

    def __init__(
        self,
        chain: list[Any],
        decay: list[Any],
        rate: Any,
        theta: Any,
        g: Any,
        n_weights: int,
        t: int = 0,
        slots: Any = None,
    ) -> None:
        self.rate, self.t, self.scale = rate, t, 1.0
        n_slots = sum(transform.n_slots for transform in chain)
        self.slots = [np.zeros_like(theta) for _ in range(n_slots)] if slots is None else slots
        scratch = np.empty_like(theta[:BLOCK])
        blocks = [(block, [*decay, *chain]) for block in _blocks(0, n_weights)]
        blocks += [(block, chain) for block in _blocks(n_weights, theta.size)]
        self._blocks = [
            (theta[block], g[block], scratch[: block.stop - block.start], self._bind(links, block))
            for block, links in blocks
        ]

    def _bind(self, links: list[Any], block: slice) -> list[Any]:
        """Pair each link of the chain with this block of its slots."""
        slots = iter(self.slots)
        return [(link, [next(slots)[block] for _ in range(link.n_slots)]) for link in links]

    def step(self) -> None:
        """Write ``theta <- theta - rate · transformed g``."""
        rate = self.rate(self.t) * self.scale
        self.t += 1
        for theta, g, scratch, links in self._blocks:
            for link, slots in links:
                link(np, self.t, theta, g, scratch, *slots)
            g *= rate
            theta -= g


def _blocks(start: int, stop: int) -> list[slice]:
    return [slice(i, min(i + BLOCK, stop)) for i in range(start, stop, BLOCK)]


def sgd(momentum: float, nesterovs_momentum: bool) -> list[Transform]:
    """Return the chain of plain or accelerated gradient descent.

    Examples
    --------
    >>> from skscratch.core.optimizers import sgd
    >>> sgd(momentum=0.9, nesterovs_momentum=True)
    [Nesterov(momentum=0.9)]
    >>> sgd(momentum=0, nesterovs_momentum=True)
    []
    """
    if momentum == 0:
        return []
    return [Nesterov(momentum) if nesterovs_momentum else Momentum(momentum)]


def adam(beta_1: float, beta_2: float, epsilon: float) -> list[Transform]:
    """Return the chain of Adam.

    Examples
    --------
    >>> from skscratch.core.optimizers import adam
    >>> adam(beta_1=0.9, beta_2=0.999, epsilon=1e-8)
    [Adam(beta_1=0.9, beta_2=0.999, epsilon=1e-08)]
    """
    return [Adam(beta_1, beta_2, epsilon)]


# The factories' arguments are the estimator's parameters of the same names.
SOLVERS: dict[str, Callable[..., list[Transform]]] = {"sgd": sgd, "adam": adam}
