"""Optimizers: update rules, the step, and the running average of the parameters.

A rule turns the gradient g into a step. ``Optimizer`` takes the step, on one flat vector, in place.
The optimizer works block by block: a block of theta, g and the rule's arrays fits in the cache, so
each array is read from main memory once per step.

A new optimizer is a rule and an entry of ``SOLVERS``.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np

__all__ = [
    "EMA",
    "SOLVERS",
    "Adam",
    "GradientDescent",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "OptimizerState",
    "Rule",
]

BLOCK = 65536


class Rule(Protocol):
    """The methods of an update rule, which turns a gradient into a step."""

    @property
    def units(self) -> tuple[float, ...]:
        """One factor per slot.

        A slot is an array of theta's size that the rule keeps from step to step. Slots start at
        zero. The factor turns a slot into the paper's average, for example 1 - beta_1. If training
        resumes with other betas, the slots are rescaled by the ratio.
        """

    def scalars(self, t: int, rate: float) -> tuple[float, ...]:
        """Return the constants of update t, the same number of them each time; t counts from 1."""

    def __call__(self, g: Any, step: Any, scalars: Any, *slots: Any) -> None:
        """Write ``step <- rate · direction``; g may be overwritten.

        The arrays are blocks of the same length. The scalars are 0-d arrays.
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
    >>> rule(g, step, rule.scalars(t=1, rate=0.1))
    >>> step
    array([0.2])
    """

    units: ClassVar[tuple[float, ...]] = ()

    def scalars(self, t: int, rate: float) -> tuple[float, ...]:
        return (rate,)

    def __call__(self, g: Any, step: Any, scalars: Any, *slots: Any) -> None:
        np.multiply(g, scalars[0], out=step)


@dataclass(frozen=True)
class Momentum:
    """v <- momentum · v + g,  step <- rate · v.

    The rate multiplies v, not the gradients that are added to v. A change of the rate thus takes
    effect in the same step.

    References
    ----------
    B. T. Polyak (1964). Some methods of speeding up the convergence of iteration methods.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import Momentum
    >>> g, step, v = np.array([1.0]), np.empty(1), np.array([10.0])
    >>> rule = Momentum(0.9)
    >>> rule(g, step, rule.scalars(t=1, rate=0.1), v)
    >>> step
    array([1.])
    """

    momentum: float
    units: ClassVar[tuple[float, ...]] = (1.0,)

    def scalars(self, t: int, rate: float) -> tuple[float, ...]:
        return self.momentum, rate

    def __call__(self, g: Any, step: Any, scalars: Any, *slots: Any) -> None:
        (momentum, rate), (v,) = scalars, slots
        v *= momentum
        v += g
        np.multiply(v, rate, out=step)


@dataclass(frozen=True)
class Nesterov:
    """v <- momentum · v + g,  step <- rate · (g + momentum · v): the gradient one step ahead.

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
    >>> rule(g, step, rule.scalars(t=1, rate=0.1), v)
    >>> step
    array([1.])
    """

    momentum: float
    units: ClassVar[tuple[float, ...]] = (1.0,)

    def scalars(self, t: int, rate: float) -> tuple[float, ...]:
        return self.momentum, rate

    def __call__(self, g: Any, step: Any, scalars: Any, *slots: Any) -> None:
        (momentum, rate), (v,) = scalars, slots
        v *= momentum
        v += g
        np.multiply(v, momentum, out=step)
        step += g
        step *= rate


@dataclass(frozen=True)
class Adam:
    """m <- β₁ m + g,  v <- β₂ v + g²,  step <- rate · c m / (√v + ε / √(1 - β₂)).

    (1 - β₁) m and (1 - β₂) v are the averages of the paper. The slots m and v are plain sums, which
    saves multiplications. c = (1 - β₁) / √(1 - β₂) · √(1 - β₂ᵗ) / (1 - β₁ᵗ) turns the sums into
    averages and corrects the bias that comes from starting at zero. ε is added to √v before the
    correction, as in the last paragraph of section 2 of the paper and in scikit-learn. Algorithm 1
    of the paper adds ε after the correction.

    References
    ----------
    D. P. Kingma and J. Ba (2015). Adam: a method for stochastic optimization.

    Examples
    --------
    In the first step, every parameter moves by the learning rate, whatever the gradient's size:

    >>> import numpy as np
    >>> from skscratch.core.optimizers import Adam
    >>> g, step = np.array([1000.0, -0.1]), np.empty(2)
    >>> rule = Adam(0.9, 0.999, 1e-8)
    >>> rule(g, step, rule.scalars(t=1, rate=0.1), np.zeros(2), np.zeros(2))
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

    def __call__(self, g: Any, step: Any, scalars: Any, *slots: Any) -> None:
        (b1, b2, epsilon, rate), (m, v) = scalars, slots
        m *= b1
        m += g
        v *= b2
        g *= g
        v += g
        np.sqrt(v, out=step)
        step += epsilon
        np.divide(m, step, out=step)
        step *= rate


def sgd(momentum: float, nesterovs_momentum: bool) -> Rule:
    """Return the rule of gradient descent: plain, with momentum, or with Nesterov momentum.

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


# The arguments are the estimator's parameters of the same names.
SOLVERS: dict[str, Callable[..., Rule]] = {"sgd": sgd, "adam": Adam}


@dataclass
class OptimizerState:
    """The state of an optimizer: everything needed to continue training.

    Parameters
    ----------
    rule : str
        The class of the rule.
    units : tuple of float
        The rule's ``units``, one per slot.
    slots : list of ndarray of shape (P,)
        The arrays of the rule, written in place.
    n_updates : int
        Updates made, including those of earlier runs.
    lr_multiplier : float
        A factor on the learning rate.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import Momentum, OptimizerState
    >>> OptimizerState.start(Momentum(0.9), np.zeros(2))
    OptimizerState(rule='Momentum', units=(1.0,), slots=[array([0., 0.])], n_updates=0, \
lr_multiplier=1.0)
    """

    rule: str
    units: tuple[float, ...]
    slots: list[Any]
    n_updates: int = 0
    lr_multiplier: float = 1.0

    @classmethod
    def start(cls, rule: Rule, theta: Any, former: Self | None = None) -> Self:
        """Return the state of a rule at the start of a run.

        If ``former`` belongs to a rule of the same class, the new state continues it and shares its
        slots.
        """
        name, units = type(rule).__name__, tuple(rule.units)
        if former is None or former.rule != name:
            return cls(name, units, [np.zeros_like(theta) for _ in units])
        for slot, old, new in zip(former.slots, former.units, units, strict=True):
            if old != new:
                slot *= old / new
        return cls(name, units, former.slots, former.n_updates)

    def state_dict(self) -> dict[str, Any]:
        """Return the state in plain containers; the slots are not copied."""
        return {
            "rule": self.rule,
            "units": list(self.units),
            "t": self.n_updates,
            "scale": self.lr_multiplier,
            "slots": self.slots,
        }

    @classmethod
    def from_state_dict(cls, saved: dict[str, Any]) -> Self | None:
        """Return the state from a dict of ``state_dict``; None from an empty dict."""
        if not saved:
            return None
        units, slots = tuple(saved["units"]), saved["slots"]
        return cls(saved["rule"], units, slots, int(saved["t"]), saved["scale"])

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Load a dict that ``state_dict`` returned, from a state of the same rule, in place."""
        for slot, other in zip(self.slots, saved["slots"], strict=True):
            np.copyto(slot, other)
        self.n_updates, self.lr_multiplier = saved["t"], saved["scale"]


class EMA:
    """The exponential moving average of the parameters.

    mean <- mean + c (theta - mean),  c = max(1 - decay, 10 / (n + 9)) after update n. In the end,
    each update multiplies the weight of all earlier parameters by decay. At first the average is
    over about the last tenth of the updates. An average over all updates would contain the initial
    weights for a long time.

    Parameters
    ----------
    theta : ndarray of shape (P,)
        The parameters that are averaged.
    decay : float
        Between 0 and 1. In the end the average is over about the last 1 / (1 - decay) updates.
    mean : ndarray of shape (P,)
        The average so far, written in place.
    n : int
        Number of updates averaged so far.

    References
    ----------
    B. T. Polyak and A. B. Juditsky (1992). Acceleration of stochastic approximation by averaging.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.optimizers import EMA
    >>> theta = np.zeros(1)
    >>> ema = EMA(theta, decay=0.5, mean=theta.copy())
    >>> for _ in range(2):
    ...     theta += 1
    ...     ema.update()
    >>> ema.mean.round(4)
    array([1.9091])
    """

    def __init__(self, theta: Any, decay: float, mean: Any, n: int = 0) -> None:
        self.decay, self.mean, self.n = decay, mean, n
        difference = np.empty_like(theta[:BLOCK])
        self._blocks = [
            (theta[i:j], mean[i:j], difference[: j - i]) for i, j in _blocks(theta.size)
        ]

    def update(self) -> None:
        """Include the parameters after another update in the average."""
        self.n += 1
        c = max(1 - self.decay, 10 / (self.n + 9))
        for theta, mean, difference in self._blocks:
            np.subtract(theta, mean, out=difference)
            np.multiply(difference, c, out=difference)
            mean += difference


class Optimizer:
    """Takes the steps of one training run.

    Parameters
    ----------
    rule : Rule
        Turns gradients into steps.
    schedule : Schedule
        Maps the number of updates made to the learning rate.
    theta, g : ndarray of shape (P,)
        The parameters, updated in place, and their gradient, which a step may overwrite.
    n_weights : int
        theta is ``[all W | all b]``; the biases begin at this position.
    l2 : float
        Strength of the penalty ½ · l2 · ‖W‖². Its gradient l2 · W is added to that of the weights.
        Biases are not regularised.
    weight_decay : float
        Each step multiplies the weights by 1 - rate · weight_decay. The rule does not rescale this
        decay: Adam becomes AdamW.
    max_norm : float
        Largest norm of the gradient, before the penalty is added. A longer gradient is scaled down
        to this norm.
    state : OptimizerState, optional
        The state to continue from, updated at every step; by default the state of a new optimizer.
    ema : EMA, optional
        A moving average of theta, updated after every step.
    trainable : sequence of slice, optional
        The parts of theta to train; all by default. The gradient of the others is ignored.

    Attributes
    ----------
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
        schedule: Any,
        theta: Any,
        g: Any,
        n_weights: int,
        *,
        l2: float = 0.0,
        weight_decay: float = 0.0,
        max_norm: float = math.inf,
        state: OptimizerState | None = None,
        ema: EMA | None = None,
        trainable: Sequence[slice] | None = None,
    ) -> None:
        self.rule, self.schedule, self.ema, self.norms = rule, schedule, ema, 0.0
        self.state = OptimizerState.start(rule, theta) if state is None else state
        trainable = [slice(0, theta.size)] if trainable is None else trainable
        self._trained = [g[part] for part in trainable]
        self._max_norm, self._weight_decay = max_norm, weight_decay
        # 0-d arrays: NumPy would convert a Python float again in every operation
        self._l2 = np.array(l2, theta.dtype)
        self._scalars = np.empty(len(rule.scalars(1, 1.0)), theta.dtype)
        self._each_scalar = [self._scalars[i, ...] for i in range(self._scalars.size)]
        step, slots = np.empty_like(theta[:BLOCK]), self.state.slots
        W, gW = theta[:n_weights], g[:n_weights]
        self._blocks = [
            (theta[i:j], g[i:j], step[: j - i], W[i:j], gW[i:j], [slot[i:j] for slot in slots])
            for part in trainable
            for i, j in _blocks(part.stop, part.start)
        ]

    def step(self) -> None:
        """Write ``theta <- theta - step``, and update the moving average."""
        rule, l2, scalars, state, square = self.rule, self._l2, self._each_scalar, self.state, 0.0
        excess = self._clip() if self._max_norm < math.inf else 0.0
        rate = self.schedule(state.n_updates) * state.lr_multiplier
        state.n_updates += 1
        self._scalars[:] = rule.scalars(state.n_updates, rate)
        keep = 1 - rate * self._weight_decay
        for theta, g, step, W, gW, slots in self._blocks:
            square += np.dot(g, g)
            if l2 and W.size:
                penalty = step[: W.size]
                np.multiply(W, l2, out=penalty)
                gW += penalty
            rule(g, step, scalars, *slots)
            if keep != 1:
                W *= keep
            theta -= step
        self.norms += math.sqrt(square) + excess
        if self.ema is not None:
            self.ema.update()

    def _clip(self) -> float:
        """Scale g down to max_norm; return the difference between both norms."""
        most, parts = self._max_norm, self._trained
        norm = math.sqrt(sum(np.dot(g, g) for g in parts))
        if norm == math.inf:
            norm = _large_norm(parts)
        if norm <= most or not norm < math.inf:
            return 0.0
        for g in parts:
            g *= most / norm
        return norm - most


def _large_norm(parts: list[Any]) -> float:
    """Return ‖g‖ even if its square overflows."""
    largest = max(float(abs(g).max()) for g in parts)
    if not largest < math.inf:
        return math.inf
    return largest * math.sqrt(sum(float(np.sum((g / largest) ** 2)) for g in parts))


def _blocks(end: int, start: int = 0) -> list[tuple[int, int]]:
    return [(i, min(i + BLOCK, end)) for i in range(start, end, BLOCK)]
