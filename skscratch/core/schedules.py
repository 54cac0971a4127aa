"""Learning-rate schedules: pure functions from the step to the learning rate.

A step is one update of the parameters. Steps are counted from 0 over the whole life of a model. The
fields of a schedule have the names of the estimator's parameters that set them. A new schedule is a
class and an entry of ``SCHEDULES``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

__all__ = [
    "SCHEDULES",
    "Adaptive",
    "Constant",
    "Cosine",
    "Exponential",
    "Function",
    "InvScaling",
    "OneCycle",
    "Schedule",
    "Step",
    "WarmUp",
]


class Schedule(Protocol):
    """The methods of a learning-rate schedule.

    A schedule with a field ``decay_steps`` also has an attribute ``share``: the fraction of the
    planned updates that ``decay_steps="auto"`` stands for.
    """

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""

    def after_plateau(self, scale: float) -> float:
        """Return the new factor on all later learning rates, after the loss has stalled.

        0 ends training. ``scale`` is the factor so far, 1 at the start.
        """


@dataclass(frozen=True)
class Constant:
    """rate(t) = learning_rate_init.

    Examples
    --------
    >>> from skscratch.core.schedules import Constant
    >>> Constant(0.1)(step=1000)
    0.1
    """

    learning_rate_init: float

    def __call__(self, step: int) -> float:
        return self.learning_rate_init

    def after_plateau(self, scale: float) -> float:
        return 0.0


@dataclass(frozen=True)
class InvScaling:
    """rate(t) = learning_rate_init / (t + 1) ** power_t.

    t counts updates. scikit-learn counts samples: there a rate of 0.001 has become 0.000004 after
    one epoch of 60 000 rows.

    Examples
    --------
    >>> from skscratch.core.schedules import InvScaling
    >>> round(InvScaling(0.1, power_t=0.5)(step=99), 6)
    0.01
    """

    learning_rate_init: float
    power_t: float

    def __call__(self, step: int) -> float:
        return float(self.learning_rate_init * (step + 1.0) ** -self.power_t)

    def after_plateau(self, scale: float) -> float:
        return 0.0


@dataclass(frozen=True)
class Adaptive:
    """rate(t) = learning_rate_init, divided by 5 at each plateau until it is 1e-6 or less.

    Examples
    --------
    >>> from skscratch.core.schedules import Adaptive
    >>> Adaptive(0.1).after_plateau(1.0), Adaptive(1e-6).after_plateau(1.0)
    (0.2, 0.0)
    """

    learning_rate_init: float

    def __call__(self, step: int) -> float:
        return self.learning_rate_init

    def after_plateau(self, scale: float) -> float:
        return scale / 5 if self.learning_rate_init * scale > 1e-6 else 0.0


@dataclass(frozen=True)
class _Decay:
    """The fields of two schedules.

    The schedules share one dataclass, because a dataclass takes a third of a millisecond to import.
    """

    learning_rate_init: float
    decay_steps: float


class Cosine(_Decay):
    """rate(t) = learning_rate_init (1 + cos(π t / decay_steps)) / 2, and 0 from decay_steps on.

    References
    ----------
    I. Loshchilov and F. Hutter (2017). SGDR: stochastic gradient descent with warm restarts.

    Examples
    --------
    >>> from skscratch.core.schedules import Cosine
    >>> schedule = Cosine(0.1, decay_steps=100)
    >>> schedule(0), round(schedule(50), 6), schedule(100)
    (0.1, 0.05, 0.0)
    """

    share: ClassVar[float] = 1.0

    def __call__(self, step: int) -> float:
        return _between(self.learning_rate_init, 0.0, step / self.decay_steps)

    def after_plateau(self, scale: float) -> float:
        return 0.0


class OneCycle(_Decay):
    """From learning_rate_init / 25 up to learning_rate_init, then down to 1 / 250 000 of it.

    The rate rises over the first 30 % of decay_steps and falls over the others. Both parts are half
    a cosine. From step decay_steps - 1 on, the rate is constant.

    References
    ----------
    L. Smith and N. Topin (2019). Super-convergence: very fast training of neural networks using
    large learning rates.

    Examples
    --------
    >>> from skscratch.core.schedules import OneCycle
    >>> schedule = OneCycle(0.5, decay_steps=10)
    >>> schedule(0), schedule(2), schedule(9)
    (0.02, 0.5, 2e-06)
    """

    share: ClassVar[float] = 1.0

    def __call__(self, step: int) -> float:
        start, top = self.learning_rate_init / 25, 0.3 * self.decay_steps - 1
        if step < top:
            return _between(start, self.learning_rate_init, step / top)
        down = (step - top) / (self.decay_steps - 1 - top)
        return _between(self.learning_rate_init, start / 10_000, down)

    def after_plateau(self, scale: float) -> float:
        return 0.0


def _between(first: float, last: float, t: float) -> float:
    """Return the value at t of half a cosine: first at t = 0, last from t = 1 on."""
    cosine = math.cos(math.pi * min(t, 1.0))
    return (first * (1 + cosine) + last * (1 - cosine)) / 2


@dataclass(frozen=True)
class _RatedDecay:
    """The fields of two more schedules, shared for the same reason as those of ``_Decay``."""

    learning_rate_init: float
    decay_rate: float
    decay_steps: float


class Exponential(_RatedDecay):
    """rate(t) = learning_rate_init · decay_rate ** (t / decay_steps).

    Examples
    --------
    >>> from skscratch.core.schedules import Exponential
    >>> schedule = Exponential(0.1, decay_rate=0.25, decay_steps=100)
    >>> schedule(50), schedule(100)
    (0.05, 0.025)
    """

    share: ClassVar[float] = 1.0

    def __call__(self, step: int) -> float:
        return float(self.learning_rate_init * self.decay_rate ** (step / self.decay_steps))

    def after_plateau(self, scale: float) -> float:
        return 0.0


class Step(_RatedDecay):
    """rate(t) = learning_rate_init · decay_rate ** (t // decay_steps).

    Examples
    --------
    >>> from skscratch.core.schedules import Step
    >>> schedule = Step(0.1, decay_rate=0.5, decay_steps=100)
    >>> schedule(99), schedule(100)
    (0.1, 0.05)
    """

    share: ClassVar[float] = 1 / 3

    def __call__(self, step: int) -> float:
        return float(self.learning_rate_init * self.decay_rate ** (step // self.decay_steps))

    def after_plateau(self, scale: float) -> float:
        return 0.0


@dataclass(frozen=True)
class WarmUp:
    """A linear warm-up to the first rate of another schedule, followed by that schedule.

    rate(t) = schedule(0) (t + 1) / (warmup_steps + 1) for t < warmup_steps, then
    schedule(t - warmup_steps).

    Examples
    --------
    >>> from skscratch.core.schedules import Constant, WarmUp
    >>> schedule = WarmUp(Constant(0.1), warmup_steps=3)
    >>> [schedule(step) for step in (0, 1, 3, 4)]
    [0.025, 0.05, 0.1, 0.1]
    """

    schedule: Schedule
    warmup_steps: int

    def __call__(self, step: int) -> float:
        if step < self.warmup_steps:
            return self.schedule(0) * (step + 1) / (self.warmup_steps + 1)
        return self.schedule(step - self.warmup_steps)

    def after_plateau(self, scale: float) -> float:
        return self.schedule.after_plateau(scale)


@dataclass(frozen=True)
class Function:
    """rate(t) = function(t). The function must return finite numbers of at least 0.

    If the function has a method ``after_plateau``, that method is called after a plateau. Otherwise
    a plateau ends training.

    Examples
    --------
    >>> from skscratch.core.schedules import Function
    >>> Function(lambda step: 0.1 if step < 1000 else 0.01)(1000)
    0.01
    """

    function: Callable[[int], Any]

    def __call__(self, step: int) -> float:
        return _checked(self.function(step), f"At step {step} it")

    def after_plateau(self, scale: float) -> float:
        answer = getattr(self.function, "after_plateau", None)
        return 0.0 if answer is None else _checked(answer(scale), "Its after_plateau")


def _checked(value: Any, source: str) -> float:
    # np.where returns an array without axes
    number = value.item() if getattr(value, "shape", None) == () else value
    if not (isinstance(number, (int, float)) and 0 <= number < math.inf):
        raise ValueError(
            "learning_rate, a function, must return a finite number of at least 0. "
            f"{source} returned {value!r}."
        )
    return float(number)


SCHEDULES: dict[str, Any] = {
    "constant": Constant,
    "invscaling": InvScaling,
    "adaptive": Adaptive,
    "cosine": Cosine,
    "onecycle": OneCycle,
    "exponential": Exponential,
    "step": Step,
}
