"""Optimizers: update rules on one flat vector, in place.

A rule turns the gradient g into a step; ``skscratch.core.steps`` takes it.

A new optimizer is a rule and a line in ``SOLVERS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

__all__ = ["SOLVERS", "Adam", "GradientDescent", "Momentum", "Nesterov", "Rule"]


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
