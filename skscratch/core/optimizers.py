"""Optimizers: update rules on one flat vector, in place.

A rule turns the gradient g into a step. ``Optimizer`` adds the gradient of the penalty, asks the
rule and moves theta against the step, block by block: a block of theta, g and the rule's memory
fits the cache, so each is read from main memory once per step.

A new optimizer is a rule and a line in ``SOLVERS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

__all__ = ["SOLVERS", "Adam", "GradientDescent", "Momentum", "Nesterov", "Optimizer", "Rule"]

BLOCK = 65536


class Rule(Protocol):
    """How a gradient becomes a step."""

    @property
    def units(self) -> tuple[float, ...]:
        """One number per array of theta's size that it keeps from step to step; they start at zero.

        It is what the array's numbers count in. A rule that goes on from the arrays of another one
        of its class, with other units, finds them converted.
        """

    def scalars(self, t: int, rate: float) -> tuple[float, ...]:
        """Return the numbers that step t needs, always as many; t counts from 1."""

    def __call__(self, xp: Any, g: Any, step: Any, scalars: Any, *slots: Any) -> None:
        """Write ``step <- rate · direction``; g is scratch afterwards.

        The arrays are blocks of the same length; the scalars come as 0-d arrays.
        """


@dataclass(frozen=True)
class GradientDescent:
    """step <- rate · g.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import GradientDescent
    >>> g, step = np.array([2.0]), np.empty(1)
    >>> rule = GradientDescent()
    >>> rule(np, g, step, rule.scalars(t=1, rate=0.1))
    >>> step
    array([0.2])
    """

    units: ClassVar[tuple[float, ...]] = ()

    def scalars(self, t: int, rate: float) -> tuple[float, ...]:
        return (rate,)

    def __call__(self, xp: Any, g: Any, step: Any, scalars: Any, *slots: Any) -> None:
        xp.multiply(g, scalars[0], out=step)


@dataclass(frozen=True)
class Momentum:
    """v <- momentum · v + g,  step <- rate · v.

    The rate multiplies v, not what enters it, so a schedule acts at once.

    References
    ----------
    B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import Momentum
    >>> g, step, v = np.array([1.0]), np.empty(1), np.array([10.0])
    >>> rule = Momentum(0.9)
    >>> rule(np, g, step, rule.scalars(t=1, rate=0.1), v)
    >>> step
    array([1.])
    """

    momentum: float
    units: ClassVar[tuple[float, ...]] = (1.0,)

    def scalars(self, t: int, rate: float) -> tuple[float, ...]:
        return self.momentum, rate

    def __call__(self, xp: Any, g: Any, step: Any, scalars: Any, *slots: Any) -> None:
        (momentum, rate), (v,) = scalars, slots
        v *= momentum
        v += g
        xp.multiply(v, rate, out=step)


@dataclass(frozen=True)
class Nesterov:
    """v <- momentum · v + g,  step <- rate · (g + momentum · v): looks one step ahead.

    References
    ----------
    Y. Nesterov (1983). A method of solving a convex programming problem with convergence rate
    O(1/k²).

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import Nesterov
    >>> g, step, v = np.array([1.0]), np.empty(1), np.array([10.0])
    >>> rule = Nesterov(0.9)
    >>> rule(np, g, step, rule.scalars(t=1, rate=0.1), v)
    >>> step
    array([1.])
    """

    momentum: float
    units: ClassVar[tuple[float, ...]] = (1.0,)

    def scalars(self, t: int, rate: float) -> tuple[float, ...]:
        return self.momentum, rate

    def __call__(self, xp: Any, g: Any, step: Any, scalars: Any, *slots: Any) -> None:
        (momentum, rate), (v,) = scalars, slots
        v *= momentum
        v += g
        xp.multiply(v, momentum, out=step)
        step += g
        step *= rate


@dataclass(frozen=True)
class Adam:
    """m <- β₁ m + g,  v <- β₂ v + g²,  step <- rate · c m / (√v + ε / √(1 - β₂)).

    (1 - β₁) m and (1 - β₂) v are the averages of the paper. Kept as plain sums they need no
    multiplication of their own: c = (1 - β₁) / √(1 - β₂) · √(1 - β₂ᵗ) / (1 - β₁ᵗ) makes the sums
    averages and corrects their bias towards their start at zero. ε is added to √v before the
    correction, as in the last paragraph of section 2 of the paper and in scikit-learn; algorithm 1
    of the paper adds it after.

    References
    ----------
    D. P. Kingma and J. Ba (2015). Adam: a method for stochastic optimization.

    Examples
    --------
    The first step has the length of the rate whatever the gradient:

    >>> import numpy as np
    >>> from skscratch.core.optimizers import Adam
    >>> g, step = np.array([1000.0, -0.1]), np.empty(2)
    >>> rule = Adam(0.9, 0.999, 1e-8)
    >>> rule(np, g, step, rule.scalars(t=1, rate=0.1), np.zeros(2), np.zeros(2))
    >>> step.round(5)
    array([ 0.1, -0.1])
    """

    beta_1: float
    beta_2: float
    epsilon: float

    @property
    def units(self) -> tuple[float, ...]:
        return 1 - self.beta_1, 1 - self.beta_2

    def scalars(self, t: int, rate: float) -> tuple[float, ...]:
        b1, b2 = self.beta_1, self.beta_2
        c = (1 - b1) / (1 - b1**t) * ((1 - b2**t) / (1 - b2)) ** 0.5
        return b1, b2, self.epsilon / (1 - b2) ** 0.5, rate * c

    def __call__(self, xp: Any, g: Any, step: Any, scalars: Any, *slots: Any) -> None:
        (b1, b2, epsilon, rate), (m, v) = scalars, slots
        m *= b1
        m += g
        v *= b2
        g *= g
        v += g
        xp.sqrt(v, out=step)
        step += epsilon
        xp.divide(m, step, out=step)
        step *= rate


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
    t : int
        Steps taken by earlier runs.
    slots : list of ndarray of shape (P,), or None
        What the rule remembers of earlier runs, written in place; None if there were none.

    Attributes
    ----------
    scale : float
        A factor on the rate.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import Momentum, Optimizer
    >>> theta, g = np.array([1.0, 1.0]), np.array([1.0, 2.0])
    >>> optimizer = Optimizer(Momentum(0.9), lambda step: 0.1, theta, g, n_weights=1, l2=1.0)
    >>> optimizer.step()
    >>> theta
    array([0.8, 0.8])
    """

    def __init__(
        self,
        rule: Rule,
        rate: Any,
        theta: Any,
        g: Any,
        n_weights: int,
        l2: float = 0.0,
        t: int = 0,
        slots: Any = None,
    ) -> None:
        self.rule, self.rate, self.t, self.scale = rule, rate, t, 1.0
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
        rule, l2, scalars = self.rule, self._l2, self._each_scalar
        self.t += 1
        self._scalars[:] = rule.scalars(self.t, self.rate(self.t - 1) * self.scale)
        for theta, g, step, W, gW, slots in self._blocks:
            if l2 and W.size:
                penalty = step[: W.size]
                np.multiply(W, l2, out=penalty)
                gW += penalty
            rule(np, g, step, scalars, *slots)
            theta -= step


def _blocks(size: int) -> list[tuple[int, int]]:
    return [(i, min(i + BLOCK, size)) for i in range(0, size, BLOCK)]


def sgd(momentum: float, nesterovs_momentum: bool) -> Rule:
    """Return the rule of plain or accelerated gradient descent.

    Examples
    --------
    >>> from skscratch.core.optimizers import sgd
    >>> sgd(momentum=0.9, nesterovs_momentum=True)
    Nesterov(momentum=0.9)
    >>> sgd(momentum=0, nesterovs_momentum=True)
    GradientDescent()
    """
    if momentum == 0:
        return GradientDescent()
    return Nesterov(momentum) if nesterovs_momentum else Momentum(momentum)


def adam(beta_1: float, beta_2: float, epsilon: float) -> Rule:
    """Return the rule of Adam.

    Examples
    --------
    >>> from skscratch.core.optimizers import adam
    >>> adam(beta_1=0.9, beta_2=0.999, epsilon=1e-8)
    Adam(beta_1=0.9, beta_2=0.999, epsilon=1e-08)
    """
    return Adam(beta_1, beta_2, epsilon)


# The factories' arguments are the estimator's parameters of the same names.
SOLVERS: dict[str, Callable[..., Rule]] = {"sgd": sgd, "adam": adam}
