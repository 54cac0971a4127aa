"""Learning-rate schedules: pure functions from the step to the rate.

A step is one update of the parameters, counted from 0 over the whole life of a model. The fields
of a schedule are named like the estimator's parameters, which fill them. A new schedule is a
class and a line in ``SCHEDULES``.
"""

from dataclasses import dataclass
from typing import Protocol

__all__ = ["SCHEDULES", "Adaptive", "Constant", "InvScaling", "Schedule"]


class Schedule(Protocol):
    """What training needs of a schedule."""

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""

    def after_plateau(self, scale: float) -> float:
        """Return the factor on all later rates once the loss has stalled; 0 ends training.

        ``scale`` is the factor so far, 1 at the start.
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

    t counts updates. (scikit-learn counts samples: after one epoch of 60 000 rows its rate of
    0.001 has become 0.000004.)

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


SCHEDULES: dict[str, type[Constant] | type[InvScaling] | type[Adaptive]] = {
    "constant": Constant,
    "invscaling": InvScaling,
    "adaptive": Adaptive,
}
