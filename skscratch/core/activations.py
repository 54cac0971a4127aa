"""Activations f, each with its derivative under it.

A new activation is a class and a line in ``ACTIVATIONS``: the estimator's allowed names and the
gradient tests read the table.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from scipy.special import expit

__all__ = ["ACTIVATIONS", "Activation", "Identity", "Logistic", "ReLU", "Tanh"]


class Activation(Protocol):
    """What a layer needs of its non-linearity.

    ``z``, ``a`` and ``delta`` are distinct (n, q) arrays.
    """

    def forward(self, xp: Any, z: Any, a: Any) -> None:
        """Write ``a <- f(z)``; leave z as it is."""

    def backward(self, xp: Any, z: Any, a: Any, delta: Any) -> None:
        """Write ``delta <- delta * f'(z)``; z and a are scratch afterwards."""


@dataclass(frozen=True)
class Identity:
    """f(z) = z,  f'(z) = 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.activations import Identity
    >>> z, a = np.array([-1.0, 2.0]), np.empty(2)
    >>> Identity().forward(np, z, a)
    >>> a
    array([-1.,  2.])
    """

    def forward(self, xp: Any, z: Any, a: Any) -> None:
        a[...] = z

    def backward(self, xp: Any, z: Any, a: Any, delta: Any) -> None:
        pass


@dataclass(frozen=True)
class Logistic:
    """f(z) = 1 / (1 + exp(-z)),  f'(z) = a (1 - a).

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.activations import Logistic
    >>> z, a, delta = np.array([-1000.0, 0.0]), np.empty(2), np.ones(2)
    >>> Logistic().forward(np, z, a)
    >>> a
    array([0. , 0.5])
    >>> Logistic().backward(np, z, a, delta)
    >>> delta
    array([0.  , 0.25])
    """

    def forward(self, xp: Any, z: Any, a: Any) -> None:
        expit(z, out=a)

    def backward(self, xp: Any, z: Any, a: Any, delta: Any) -> None:
        delta *= a
        xp.subtract(1, a, out=a)
        delta *= a


@dataclass(frozen=True)
class Tanh:
    """f(z) = tanh(z),  f'(z) = 1 - a².

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.activations import Tanh
    >>> z, a, delta = np.array([-1000.0, 0.0]), np.empty(2), np.ones(2)
    >>> Tanh().forward(np, z, a)
    >>> a
    array([-1.,  0.])
    >>> Tanh().backward(np, z, a, delta)
    >>> delta
    array([0., 1.])
    """

    def forward(self, xp: Any, z: Any, a: Any) -> None:
        xp.tanh(z, out=a)

    def backward(self, xp: Any, z: Any, a: Any, delta: Any) -> None:
        xp.multiply(a, a, out=a)
        xp.subtract(1, a, out=a)
        delta *= a


@dataclass(frozen=True)
class ReLU:
    """f(z) = max(z, 0),  f'(z) = 1 where z > 0, else 0.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.activations import ReLU
    >>> z, a, delta = np.array([-1.0, 2.0]), np.empty(2), np.array([3.0, 3.0])
    >>> ReLU().forward(np, z, a)
    >>> a
    array([0., 2.])
    >>> ReLU().backward(np, z, a, delta)
    >>> delta
    array([0., 3.])
    """

    def forward(self, xp: Any, z: Any, a: Any) -> None:
        # a scalar 0 in place of the array would keep NumPy from using vector instructions
        a.fill(0)
        xp.maximum(z, a, out=a)

    def backward(self, xp: Any, z: Any, a: Any, delta: Any) -> None:
        xp.greater(a, 0, out=a)
        delta *= a


ACTIVATIONS: dict[str, Activation] = {
    "identity": Identity(),
    "logistic": Logistic(),
    "tanh": Tanh(),
    "relu": ReLU(),
}
