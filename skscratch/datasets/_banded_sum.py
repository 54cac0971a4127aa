"""A toy data set: a band between two parallel hyperplanes."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_scalar

from skscratch._typing import RandomState

# The median of |N(0, 1)|: half of all samples fall inside the band.
_HALF_WIDTH = 0.6744897501960817


def make_banded_sum(
    n_samples: int = 100, n_features: int = 2, *, random_state: RandomState = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw points of two classes: inside and outside a band through the origin.

    The features are independent standard normal numbers. Let ``s`` be the sum of the
    features divided by the square root of ``n_features``. Then ``s`` is standard normal too.
    Class 1 is ``abs(s) < 0.674...``, a band between two parallel hyperplanes. The band
    holds half of the distribution.

    A single hyperplane classifies at most three quarters of the points correctly. A linear
    model that is trained with cross-entropy does not find such a hyperplane. Its loss is
    smallest, log 2, if it ignores the features. A network with two hidden units can place
    one hyperplane on each edge of the band.

    Parameters
    ----------
    n_samples : int, default=100
        Number of points, at least 1.
    n_features : int, default=2
        Number of features, at least 1.
    random_state : int, RandomState, Generator or None, default=None
        Source of random numbers. An int gives the same points every time. None gives
        different points every time. NumPy's global random state is never used.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float64
        The points.
    y : ndarray of shape (n_samples,), int64
        1 inside the band, 0 outside.

    Raises
    ------
    TypeError
        If ``n_samples`` or ``n_features`` is not an integer, or if ``random_state`` has
        another type.
    ValueError
        If ``n_samples`` or ``n_features`` is below 1, or if the seed is below 0.

    See Also
    --------
    sklearn.datasets.make_moons : Two classes with a curved boundary.

    Examples
    --------
    >>> from skscratch.datasets import make_banded_sum
    >>> X, y = make_banded_sum(1000, n_features=3, random_state=0)
    >>> X.shape, y.shape
    ((1000, 3), (1000,))
    >>> y.mean().round(1)
    np.float64(0.5)
    >>> abs(X.sum(axis=1) / 3**0.5)[y == 1].max().round(2)
    np.float64(0.67)
    """
    check_scalar(n_samples, "n_samples", Integral, min_val=1)
    check_scalar(n_features, "n_features", Integral, min_val=1)
    rng = _as_random(random_state)
    X = rng.standard_normal((n_samples, n_features))
    distance = np.abs(X.sum(axis=1)) / np.sqrt(n_features)
    return X, (distance < _HALF_WIDTH).astype(np.int64)


def _as_random(random_state: Any) -> np.random.RandomState | np.random.Generator:
    """Return a source of random numbers that is not NumPy's global one."""
    if isinstance(random_state, np.random.RandomState | np.random.Generator):
        return random_state
    if random_state is not None:
        if not isinstance(random_state, Integral):
            raise TypeError(
                "random_state must be an int, a numpy RandomState or Generator, or None, "
                f"got {random_state!r}"
            )
        check_scalar(random_state, "random_state", Integral, min_val=0)
    return np.random.default_rng(random_state)
