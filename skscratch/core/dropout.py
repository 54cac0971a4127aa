"""Dropout: in training, each activation is set to zero with probability ``rate``.

The others are divided by ``1 - rate``, so that their expectation is that of a network without
dropout: a prediction needs no correction.

References
----------
N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov (2014). Dropout: a simple
way to prevent neural networks from overfitting.
"""

from typing import Any

__all__ = ["backward", "forward"]


def forward(xp: Any, a: Any, rate: float, rng: Any, mask: Any, h: Any) -> None:
    """Write ``mask <- 0 with probability rate, else 1 / (1 - rate)`` and ``h <- a · mask``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core import dropout
    >>> a, mask, h = np.ones((1, 6)), np.empty((1, 6)), np.empty((1, 6))
    >>> dropout.forward(np, a, 0.5, np.random.default_rng(0), mask, h)
    >>> h
    array([[2., 0., 0., 0., 2., 2.]])
    """
    rng.random(out=mask, dtype=mask.dtype)
    xp.greater_equal(mask, rate, out=mask)
    mask *= 1 / (1 - rate)
    xp.multiply(a, mask, out=h)


def backward(xp: Any, mask: Any, delta: Any) -> None:
    """Write ``delta <- delta · mask``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core import dropout
    >>> delta = np.ones((1, 3))
    >>> dropout.backward(np, np.array([[2.0, 0.0, 2.0]]), delta)
    >>> delta
    array([[2., 0., 2.]])
    """
    xp.multiply(delta, mask, out=delta)
