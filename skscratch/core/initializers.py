"""Initial weights: zero-mean draws whose variance depends on a layer's width only.

Biases start at zero. A new rule is a class or an instance and a line in ``INITIALIZERS``.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["INITIALIZERS", "Glorot", "He", "Initializer"]


class Initializer(Protocol):
    """Draws the weights of one layer."""

    def __call__(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        """Return a new (fan_in, fan_out) array."""


@dataclass(frozen=True)
class Glorot:
    """Variance 2 / (fan_in + fan_out): keeps signals and gradients even where f'(0) = 1.

    ``draw`` is "uniform" or "normal".

    References
    ----------
    X. Glorot and Y. Bengio (2010). Understanding the difficulty of training deep feedforward
    neural networks.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.initializers import Glorot
    >>> W = Glorot()(np.random.default_rng(0), fan_in=300, fan_out=100)
    >>> W.shape, float(round(W.var() * 400 / 2, 1))
    ((300, 100), 1.0)
    """

    draw: str = "uniform"

    def __call__(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        return _DRAWS[self.draw](rng, 2 / (fan_in + fan_out), (fan_in, fan_out))


@dataclass(frozen=True)
class He:
    """Variance 2 / fan_in: makes up for the half of its inputs that relu sets to zero.

    ``draw`` is "uniform" or "normal".

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun (2015). Delving deep into rectifiers: surpassing
    human-level performance on ImageNet classification.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.initializers import He
    >>> W = He("normal")(np.random.default_rng(0), fan_in=300, fan_out=100)
    >>> float(round(W.var() * 300 / 2, 1))
    1.0
    """

    draw: str = "uniform"

    def __call__(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        return _DRAWS[self.draw](rng, 2 / fan_in, (fan_in, fan_out))


def _uniform(
    rng: np.random.Generator, variance: float, shape: tuple[int, int]
) -> NDArray[np.float64]:
    bound = (3 * variance) ** 0.5
    return rng.uniform(-bound, bound, shape)


def _normal(
    rng: np.random.Generator, variance: float, shape: tuple[int, int]
) -> NDArray[np.float64]:
    return rng.normal(0, variance**0.5, shape)


_DRAWS = {"uniform": _uniform, "normal": _normal}

INITIALIZERS: dict[str, Initializer] = {
    "glorot_uniform": Glorot("uniform"),
    "glorot_normal": Glorot("normal"),
    "he_uniform": He("uniform"),
    "he_normal": He("normal"),
}
