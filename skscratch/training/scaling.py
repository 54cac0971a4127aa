"""Features brought to one scale, batch by batch, for a network that is to take them as they are."""

from typing import Any, NamedTuple

import numpy as np

from skscratch.core.network import Parameters

__all__ = ["Scaling", "find_scaling"]

# Features are in scale already if the largest of their root mean squares lies between these.
IN_SCALE = 0.1, 3.0
# No training value is much further than this from the center: a pixel that is hardly ever lit must
# not outshine all others on the day it is.
FURTHEST = 20.0


class Scaling(NamedTuple):
    """The map ``x <- (x - center) / scale`` of each feature.

    scale is a power of two: dividing weights by it, and multiplying them again, loses no digit.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.scaling import Scaling
    >>> X = np.array([[1000.0], [1016.0]])
    >>> Scaling(center=np.array([1008.0]), scale=np.array([8.0])).apply(X)
    >>> X
    array([[-1.],
           [ 1.]])
    """

    center: Any
    scale: Any

    def apply(self, X: Any) -> None:
        """Write ``X <- (X - center) / scale``."""
        X -= self.center
        X /= self.scale

    def fold(self, params: Parameters) -> Parameters:
        """Return the network that does on X what params do on the scaled X; later layers shared."""
        (W, *weights), (b, *biases) = params
        W = W / self.scale[:, None]
        return Parameters([W, *weights], [b - np.matmul(self.center, W), *biases])

    def unfold(self, params: Parameters) -> Parameters:
        """Return the network on the scaled X, up to rounding in its first bias."""
        (W, *weights), (b, *biases) = params
        b = b + np.matmul(self.center, W)
        return Parameters([W * self.scale[:, None], *weights], [b, *biases])


def find_scaling(X: Any, w: Any, size: int, dtype: Any) -> Scaling | None:
    """Return what brings the features to mean 0 and about standard deviation 1; None if in scale.

    If the largest feature is out of scale, nobody has scaled X, and all features are; but one with
    two values becomes 0 and 1, for the rarer of the two must not count for more. Where numbers are
    too large for a weight to be divided by them it is None, too.

    Parameters
    ----------
    X : ndarray of shape (n, p)
    w : ndarray of shape (n,) or None
        Rows of weight 0 are as if they were not there.
    size : int
        Rows to look at at a time.
    dtype : dtype
        Of the network.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.scaling import find_scaling
    >>> X = np.array([[1000.0, 1.0], [1010.0, 0.0], [1020.0, 0.0], [1030.0, 0.0]])
    >>> find_scaling(X, None, 2, np.float64)
    Scaling(center=array([1015.,    0.]), scale=array([8., 1.]))
    >>> print(find_scaling(X[:, 1:], None, 2, np.float64))
    None
    """
    mean, variance, low, high = _moments(X, w, size)
    square, tiny = variance + mean**2, float(np.finfo(dtype).tiny)
    # weights divided by the scale must stay normal numbers
    if not square.max() <= 1 / tiny or IN_SCALE[0] ** 2 <= square.max() <= IN_SCALE[1] ** 2:
        return None
    spread = high - low
    # of all that lies between low and high, only two values can vary as much as this
    two_valued = variance > (1 - 1e-6) * (mean - low) * (high - mean)
    scale = np.where(two_valued, spread, np.maximum(np.sqrt(variance), spread / FURTHEST))
    scale = np.exp2(np.round(np.log2(np.where(spread > tiny**0.5, scale, 1))))
    return Scaling(np.where(two_valued, low, mean).astype(dtype), scale.astype(dtype))


def _moments(X: Any, w: Any, size: int) -> tuple[Any, Any, Any, Any]:
    """Return mean, variance, least and greatest value of each feature, over rows with weight."""
    mean = np.zeros(X.shape[1])
    square, low, high = mean.copy(), mean + np.inf, mean - np.inf
    total, buffer = 0.0, np.empty((min(size, X.shape[0]), X.shape[1]))
    for start in range(0, X.shape[0], size):
        weights = np.ones(len(X[start : start + size])) if w is None else w[start : start + size]
        rows = np.flatnonzero(weights)
        if not rows.size:
            continue
        part, weights = buffer[: rows.size], weights[rows].astype(np.float64)
        part[...] = X[start + rows]
        weight = weights.sum()
        part_mean = weights @ part / weight
        np.minimum(low, part.min(axis=0), out=low)
        np.maximum(high, part.max(axis=0), out=high)
        part -= part_mean
        # means and squares of parts make those of the whole without a difference of large numbers
        step, share = part_mean - mean, weight / (total + weight)
        square += weights @ np.square(part, out=part) + step**2 * (total * share)
        mean += step * share
        total += weight
    return mean, square / total, low, high
