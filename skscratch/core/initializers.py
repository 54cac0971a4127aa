"""Initializers: random weights with mean 0, whose variance depends on the layer's widths only.

Biases start at zero. A new initializer is a class or an instance and an entry of ``INITIALIZERS``.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["INITIALIZERS", "Glorot", "He", "Initializer", "LeCun", "Orthogonal"]


class Initializer(Protocol):
    """Draws the initial weights of one layer."""

    def __call__(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        """Return a new (fan_in, fan_out) array."""


@dataclass(frozen=True)
class _VarianceScaled:
    """The base class of three initializers.

    Only the base class is made by ``dataclass``, which takes a third of a millisecond per class.
    """

    draw: str = "uniform"

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return the variance of the weights."""
        raise NotImplementedError

    def __call__(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        return _DRAWS[self.draw](rng, self.variance(fan_in, fan_out), (fan_in, fan_out))


class Glorot(_VarianceScaled):
    """Variance 2 / (fan_in + fan_out), for activations with f'(0) = 1.

    The variances of signals and gradients then stay about the same from layer to layer.

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

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / (fan_in + fan_out)


class He(_VarianceScaled):
    """Variance 2 / fan_in. The factor 2 makes up for the half of the inputs that relu zeroes.

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

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / fan_in


class LeCun(_VarianceScaled):
    """Variance 1 / fan_in. Outputs then vary as much as inputs, as selu requires.

    ``draw`` is "uniform" or "normal".

    References
    ----------
    Y. LeCun, L. Bottou, G. Orr and K.-R. Müller (1998). Efficient BackProp.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.initializers import LeCun
    >>> W = LeCun("normal")(np.random.default_rng(0), fan_in=300, fan_out=100)
    >>> float(round(W.var() * 300, 1))
    1.0
    """

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 1 / fan_in


class Orthogonal:
    """Orthonormal columns, or orthonormal rows if fan_in is smaller than fan_out.

    A square W therefore keeps the length of its inputs. All such matrices are equally likely. The
    matrix is the Q of the QR decomposition of a normal matrix, with signs that make the diagonal of
    R positive.

    References
    ----------
    A. Saxe, J. McClelland and S. Ganguli (2014). Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.initializers import Orthogonal
    >>> W = Orthogonal()(np.random.default_rng(0), fan_in=300, fan_out=2)
    >>> abs(W.T @ W).round(6)
    array([[1., 0.],
           [0., 1.]])
    """

    def __call__(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        tall = rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out)))
        Q, R = np.linalg.qr(tall)
        Q *= np.copysign(1, np.diagonal(R))
        return Q if fan_in >= fan_out else Q.T


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
    "lecun_uniform": LeCun("uniform"),
    "lecun_normal": LeCun("normal"),
    "orthogonal": Orthogonal(),
}
