"""Activation functions f, each with its derivative.

A new activation is a class and an entry of ``ACTIVATIONS``. The estimator's allowed names and the
gradient tests come from that table. An activation without parameters is not a dataclass, because
each dataclass slows the import.

References
----------
In the order of the table, from leaky_relu on:

- A. Maas, A. Hannun, A. Ng (2013). Rectifier nonlinearities improve neural network acoustic models.
- D.-A. Clevert, T. Unterthiner, S. Hochreiter (2016). Fast and accurate deep network learning by
  exponential linear units (ELUs).
- G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter (2017). Self-normalizing neural networks.
- C. Dugas, Y. Bengio, F. Bélisle, C. Nadeau, R. Garcia (2001). Incorporating second-order
  functional knowledge for better option pricing.
- S. Elfwing, E. Uchibe, K. Doya (2018). Sigmoid-weighted linear units for neural network function
  approximation in reinforcement learning.
- D. Hendrycks, K. Gimpel (2016). Gaussian error linear units (GELUs).
- D. Misra (2020). Mish: a self regularized non-monotonic activation function.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from scipy.special import expit, ndtr

__all__ = [
    "ACTIVATIONS", "ELU", "GELU", "SELU", "Activation", "Identity", "LeakyReLU", "Logistic",
    "Mish", "ReLU", "SiLU", "Softplus", "Tanh", "softplus",
]  # fmt: skip


class Activation(Protocol):
    """The methods of an activation function.

    ``z``, ``a`` and ``delta`` are distinct (n, q) arrays. An attribute ``weight_init`` may name the
    initializer for layers with this activation. Without the attribute, the initializer is
    ``"glorot_uniform"``.
    """

    def forward(self, z: Any, a: Any) -> None:
        """Write ``a <- f(z)``; leave z as it is."""

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        """Write ``delta <- delta * f'(z)``; z and a may be overwritten."""


class _Plain:
    """An activation without parameters. All instances of a class are equal."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Identity(_Plain):
    """f(z) = z,  f'(z) = 1."""

    def forward(self, z: Any, a: Any) -> None:
        a[...] = z

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        pass


class Logistic(_Plain):
    """f(z) = 1 / (1 + exp(-z)),  f'(z) = a (1 - a)."""

    def forward(self, z: Any, a: Any) -> None:
        expit(z, out=a)

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        delta *= a
        np.subtract(1, a, out=a)
        delta *= a


class Tanh(_Plain):
    """f(z) = tanh(z),  f'(z) = 1 - a².

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.activations import Tanh
    >>> z, a, delta = np.array([-1000.0, 0.0]), np.empty(2), np.ones(2)
    >>> Tanh().forward(z, a)
    >>> Tanh().backward(z, a.copy(), delta)
    >>> a, delta
    (array([-1.,  0.]), array([0., 1.]))
    """

    def forward(self, z: Any, a: Any) -> None:
        np.tanh(z, out=a)

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        np.multiply(a, a, out=a)
        np.subtract(1, a, out=a)
        delta *= a


class ReLU(_Plain):
    """f(z) = max(z, 0),  f'(z) = 1 where z > 0, else 0."""

    weight_init: ClassVar[str] = "he_uniform"

    def forward(self, z: Any, a: Any) -> None:
        # an array of zeros: in float32, the scalar 0 takes a tenth longer
        a.fill(0)
        np.maximum(z, a, out=a)

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        np.greater(a, 0, out=a)
        delta *= a


@dataclass(frozen=True)
class LeakyReLU:
    """f(z) = max(z, slope · z),  f'(z) = 1 where z > 0, else slope; slope is at most 1."""

    slope: float = 0.01
    weight_init: ClassVar[str] = "he_uniform"

    def __post_init__(self) -> None:
        """Raise if the slope is above 1: the formula with ``max`` holds only up to 1."""
        if not self.slope <= 1:
            raise ValueError(f"slope must be at most 1. Got {self.slope!r}.")

    def forward(self, z: Any, a: Any) -> None:
        np.multiply(z, self.slope, out=a)
        np.maximum(z, a, out=a)

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        np.greater(z, 0, out=a)
        z.fill(self.slope)
        np.maximum(a, z, out=a)
        delta *= a


class ELU(_Plain):
    """f(z) = z where z > 0, else exp(z) - 1;  f'(z) = min(a, 0) + 1."""

    weight_init: ClassVar[str] = "he_uniform"

    def forward(self, z: Any, a: Any) -> None:
        a.fill(0)
        np.minimum(z, a, out=a)
        np.expm1(a, out=a)
        np.maximum(z, a, out=a)  # exp(z) - 1 >= z everywhere

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        z.fill(0)
        np.minimum(a, z, out=a)
        a += 1
        delta *= a


class SELU(_Plain):
    """f(z) = λ z where z > 0, else λ α (exp(z) - 1);  f'(z) = λ where z > 0, else a + λ α."""

    weight_init: ClassVar[str] = "lecun_normal"
    # with these constants, normal inputs keep mean 0 and variance 1
    _lambda: ClassVar[float] = 1.0507009873554804934193349852946
    _lambda_alpha: ClassVar[float] = _lambda * 1.6732632423543772848170429916717

    def forward(self, z: Any, a: Any) -> None:
        a.fill(0)
        # a new array: the curves of the two halves cross, so np.maximum cannot join them in place
        upper = np.maximum(z, a)
        upper *= self._lambda
        np.minimum(z, a, out=a)
        np.expm1(a, out=a)
        a *= self._lambda_alpha
        a += upper

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        z.fill(0)
        np.minimum(a, z, out=z)
        z += self._lambda_alpha
        np.greater(a, 0, out=a)
        a *= self._lambda - self._lambda_alpha
        a += z
        delta *= a


class Softplus(_Plain):
    """f(z) = log(1 + exp(z)),  f'(z) = 1 / (1 + exp(-z))."""

    def forward(self, z: Any, a: Any) -> None:
        softplus(z, a)

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        expit(z, out=a)
        delta *= a


class SiLU(_Plain):
    """f(z) = z s with s = 1 / (1 + exp(-z)),  f'(z) = s (1 + z (1 - s))."""

    weight_init: ClassVar[str] = "he_uniform"

    def forward(self, z: Any, a: Any) -> None:
        expit(z, out=a)
        a *= z

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        expit(z, out=a)
        delta *= a
        np.subtract(1, a, out=a)
        a *= z
        a += 1
        delta *= a


class GELU(_Plain):
    """f(z) = z Φ(z),  f'(z) = Φ(z) + z φ(z), with the normal distribution Φ and its density φ."""

    weight_init: ClassVar[str] = "he_uniform"

    def forward(self, z: Any, a: Any) -> None:
        ndtr(z, out=a)
        a *= z

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        np.multiply(z, z, out=a)
        a *= -0.5
        np.exp(a, out=a)
        a *= (2 * np.pi) ** -0.5
        a *= z
        ndtr(z, out=z)
        a += z
        delta *= a


class Mish(_Plain):
    """f(z) = z tanh(log(1 + exp(z))); with c = 1 / (1 + exp(z)),

    f'(z) = (1 - c) (1 + c (1 + c (1 + 4 z + c))) / (1 + c²)².
    """

    weight_init: ClassVar[str] = "he_uniform"

    def forward(self, z: Any, a: Any) -> None:
        softplus(z, a)
        np.tanh(a, out=a)
        a *= z

    def backward(self, z: Any, a: Any, delta: Any) -> None:
        expit(z, out=a)
        delta *= a
        np.subtract(1, a, out=a)
        z *= 4
        z += 1
        z += a
        for _ in range(2):
            z *= a
            z += 1
        delta *= z
        np.multiply(a, a, out=a)
        a += 1
        delta /= a
        delta /= a


def softplus(z: Any, a: Any) -> None:
    """Write ``a <- log(1 + exp(z))``. Where exp(z) could overflow, the value is z.

    ``np.logaddexp(z, 0)`` takes several times as long.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.activations import softplus
    >>> z, a = np.array([-1000.0, 0.0, 1000.0]), np.empty(3)
    >>> softplus(z, a)
    >>> a.round(2).tolist()
    [0.0, 0.69, 1000.0]
    """
    a.fill(80)
    np.minimum(z, a, out=a)
    np.exp(a, out=a)
    np.log1p(a, out=a)
    np.maximum(z, a, out=a)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Identity(),
    "logistic": Logistic(),
    "tanh": Tanh(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "elu": ELU(),
    "selu": SELU(),
    "softplus": Softplus(),
    "silu": SiLU(),
    "gelu": GELU(),
    "mish": Mish(),
}
