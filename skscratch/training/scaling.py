"""Scaling of features, batch by batch. The scale is folded into the weights after training.

Each feature is judged by itself, because a table may have scaled and unscaled features.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from skscratch.core.network import Parameters

__all__ = [
    "FINENESS",
    "LIMIT",
    "Scaling",
    "TargetScaling",
    "differently_scaled",
    "find_scaling",
    "former_scaling",
    "root_mean_squares",
]

# A feature is in scale if its standard deviation lies between these, and its mean is no further
# from 0 than OFF_CENTER standard deviations. A network learns measurably worse from others.
IN_SCALE, OFF_CENTER = (0.1, 3.0), 2.0
# A feature with about this standard deviation and mean has been standardised, even with outliers.
STANDARDISED, NEAR_0 = (0.5, 2.0), 0.5
# Features with this share of zeros, such as pixels and counts, are judged together, because a
# rarely lit pixel is meant to count for less. A feature this much smaller than the others is an
# exception: it is out of scale.
SPARSE, MUCH_SMALLER = 0.1, 0.001
# At least this many of them have one unit, as pixels have, if half of them reach this share of the
# largest value. They are then scaled by one number, so that the largest root mean square becomes
# about this. Of fewer pixels, each counts for more, and a network learns more from scaling each.
MANY, REACH, BRIGHTEST = 100, 0.5, 0.6
# Lower bound on the scale: after scaling, no value of the bulk is much further than this from the
# center. Otherwise a rarely lit pixel would dominate when it is lit.
FURTHEST = 20.0
# Values are outliers if more than this many octaves are empty between them and a feature's bulk.
EMPTY_OCTAVES = 4
# A feature whose values occur so often in the mean, and have more digits than these, holds codes of
# categories, such as projections of text. It has no outliers: a category may be far from others.
REPEATED, DIGITS = 4, 5
# A number has no more digits than those if it is so close, in units of the last one, to one that
# has. This is more than float32 rounds.
CLOSE = 0.02
# Outliers are a small share of the rows, or few round numbers that stand for missing values.
RARE, FEW_CODES = 0.02, 3
# Training clips outliers, after scaling, at this distance from the center.
LIMIT = 1e4
# A center is a multiple of the scale divided by this.
FINENESS = 2**24
FEW_ROWS = 20
# A feature of a validation set has another scale if its root mean square exceeds this, in standard
# deviations of X, or if its standard deviation is smaller by this factor.
OTHER_SCALE = 3.0, 8.0
# Numbers to process at a time, so that they stay in the cache.
BUFFER = 2**16
# Number of rows in which the bulk of a feature is looked for.
SAMPLE = 10_000


class Scaling(NamedTuple):
    """The map ``x <- (x - center) / scale`` of each feature.

    scale is a power of two, so dividing weights by it and multiplying them again is exact. limit is
    None, or the largest absolute value of each scaled feature in training.

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
    limit: Any = None

    def apply(self, X: Any) -> None:
        """Write ``X <- (X - center) / scale``, clipped to limit."""
        X -= self.center
        X *= 1 / self.scale  # exact for powers of two, and faster than a division
        if self.limit is not None:
            np.clip(X, -self.limit, self.limit, out=X)

    def fold(self, params: Parameters) -> Parameters:
        """Return parameters for X, from those for the scaled X. Later layers are not copied."""
        (W, *weights), (b, *biases) = params
        W = W / self.scale[:, None]
        return Parameters([W, *weights], [b - np.matmul(self.center, W), *biases])

    def unfold(self, params: Parameters) -> Parameters:
        """Return parameters for the scaled X, from those for X; the first bias is rounded."""
        (W, *weights), (b, *biases) = params
        b = b + np.matmul(self.center, W)
        return Parameters([W * self.scale[:, None], *weights], [b, *biases])


class TargetScaling(NamedTuple):
    """The map ``y <- (y - center) / scale`` of each target column.

    The scale is a power of two, so that weights are multiplied by it without rounding. The loss
    knows how the map is folded into the last layer.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.scaling import TargetScaling
    >>> y = np.array([[100.0], [116.0]])
    >>> TargetScaling(center=np.array([108.0]), scale=np.array([8.0])).scaled(y)
    array([[-1.],
           [ 1.]])
    """

    center: Any
    scale: Any

    def scaled(self, y: Any) -> Any:
        """Return scaled targets, a new array."""
        return (y - self.center) / self.scale


class Moments(NamedTuple):
    """Statistics of each feature, over the rows with weight. All arrays have shape (p,)."""

    mean: Any
    std: Any
    low: Any
    high: Any
    zeros: Any  # share of the total weight

    def two_valued(self) -> Any:
        """Return which features have just two values."""
        # for a given mean, only a feature that is always low or high has such a large deviation
        below, above = np.maximum(self.mean - self.low, 0), np.maximum(self.high - self.mean, 0)
        return self.std > np.sqrt((1 - 1e-6) * below) * np.sqrt(above)

    def of_unit_range(self) -> Any:
        """Return which features range from 0 or -1 to 1, or from 0 to 1/2 or 1/4.

        They are indicators, min-max scaled, or piecewise-linear codes.
        """
        from_0, to_1 = np.isclose(self.low, 0, atol=1e-6), np.isclose(self.high, 1, rtol=1e-6)
        to_part = np.isclose(self.high, 0.5, rtol=1e-6) | np.isclose(self.high, 0.25, rtol=1e-6)
        return (from_0 & (to_1 | to_part)) | (np.isclose(self.low, -1, rtol=1e-6) & to_1)

    def sparse(self) -> Any:
        """Return which features are never negative and often zero, except indicators."""
        indicator = (self.high == 1) & self.two_valued()
        return (self.low == 0) & (self.high > 0) & (self.zeros >= SPARSE) & ~indicator


def find_scaling(X: Any, w: Any, size: int, dtype: Any) -> Scaling | None:
    """Return the scaling of features to mean 0 and a standard deviation of about 1.

    The result is None if all features are in scale. Otherwise, features that have been standardised
    and indicators keep center 0 and scale 1. A feature with two values becomes 0 and 1, because the
    rarer value must not count for more. Outliers, such as a code for missing values, do not affect
    the center and scale of their feature.

    Parameters
    ----------
    X : ndarray of shape (n, p)
    w : ndarray of shape (n,) or None
        Rows of weight 0 are ignored.
    size : int
        Rows to process at a time.
    dtype : dtype
        The dtype of the network.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.scaling import find_scaling
    >>> X = np.array([[1000.0, 1.0], [1010.0, 0.0], [1020.0, 0.0], [1030.0, 0.0]])
    >>> find_scaling(X, None, 2, np.float64)
    Scaling(center=array([1015.,    0.]), scale=array([8., 1.]), limit=None)
    >>> print(find_scaling(X[:, 1:], None, 2, np.float64))
    None
    """
    moments = _moments(X, w, size)
    in_scale = _in_scale(moments)
    low, high = moments.low.copy(), moments.high.copy()
    trusted = _trusted(moments)
    for j in np.flatnonzero(~(in_scale & trusted)):
        column, weights = X[:, j], w
        tame = _tame(column, w)
        if tame is not None:
            in_scale[j] = False
            weights = tame if w is None else w * tame
            bulk = _moments(column[:, None], weights, size)
            for name, of_bulk in bulk._asdict().items():
                getattr(moments, name)[j] = of_bulk[0]
    if in_scale.all():
        return None
    # next to features scaled to a standard deviation of 1, one of 0.2 is out of scale
    in_scale &= trusted
    mean, std, bulk_low, bulk_high, _ = moments
    two_valued, spread = moments.two_valued(), bulk_high - bulk_low
    scale = np.where(two_valued, spread, np.maximum(std, spread / FURTHEST))
    # a large constant is scaled down, or its products would hide the others by rounding
    scale = np.where(spread == 0, abs(mean), scale)
    pixels = _of_one_unit(moments) & ~in_scale
    scale[pixels] = np.hypot(mean, std)[pixels].max(initial=0) / BRIGHTEST
    # weights divided by the scale must be finite
    foldable = scale > 64 * float(np.finfo(dtype).tiny)
    scale = np.exp2(np.round(np.log2(np.where(in_scale | ~foldable, 1, scale))))
    # rounded, so that the order of the sum has no effect
    rounded = np.round(mean / scale * FINENESS) * (scale / FINENESS)
    center = np.where(in_scale | pixels, 0, np.where(two_valued, bulk_low, rounded))
    furthest = np.maximum(high / scale - center / scale, center / scale - low / scale)
    limit = np.where(furthest > LIMIT, LIMIT, np.inf).astype(dtype)
    return Scaling(
        center.astype(dtype), scale.astype(dtype), limit if (furthest > LIMIT).any() else None
    )


def former_scaling(X: Any, w: Any, size: int, dtype: Any) -> Scaling | None:
    """Return the scaling of a checkpoint that has none stored: of all features or of none.

    The versions that wrote such checkpoints decided by the largest root mean square alone.
    """
    moments = _moments(X, w, size)
    mean, std, low, high, _ = moments
    largest, tiny = np.hypot(std, mean).max(), float(np.finfo(dtype).tiny)
    if not largest**2 <= 1 / tiny or IN_SCALE[0] <= largest <= IN_SCALE[1]:
        return None
    two_valued, spread = moments.two_valued(), high - low
    scale = np.where(two_valued, spread, np.maximum(std, spread / FURTHEST))
    scale = np.exp2(np.round(np.log2(np.where(spread > tiny**0.5, scale, 1))))
    return Scaling(np.where(two_valued, low, mean).astype(dtype), scale.astype(dtype))


def differently_scaled(X: Any, X_val: Any, size: int) -> Any:
    """Return which features of a validation set have another scale than in X.

    A feature differs if its root mean square is large after it is standardised like X, or if its
    standard deviation is much smaller than in X. A feature with two values in X differs if X_val
    has values far from both. Otherwise it is not judged, because a scaler may leave it as it is.

    Returns
    -------
    differs, told : ndarray of bool of shape (p,)
        The features that differ, and the features that were judged.
    """
    of_X, of_val = _moments(X, None, size), _moments(X_val, None, size)
    numbers = (of_X.std > 0) & ~of_X.two_valued()
    std = np.where(numbers, of_X.std, 1)
    ratio = of_val.std / std
    differs = np.hypot((of_val.mean - of_X.mean) / std, ratio) > OTHER_SCALE[0]
    if X_val.shape[0] >= FEW_ROWS:  # fewer rows may lie close together by chance
        differs |= ratio < 1 / OTHER_SCALE[1]
    spread = of_X.high - of_X.low
    beyond = np.maximum(of_X.low - of_val.low, of_val.high - of_X.high) > spread / 2
    beyond &= (spread > 0) & ~numbers
    return (numbers & differs) | beyond, numbers | beyond


def root_mean_squares(X: Any, size: int) -> Any:
    """Return the root mean square of each feature, dense or sparse."""
    if issparse(X):
        squares = X.astype(np.float64).power(2).sum(axis=0)
        return np.sqrt(np.asarray(squares).reshape(-1) / X.shape[0])
    moments = _moments(X, None, size)
    return np.hypot(moments.mean, moments.std)


def _in_scale(moments: Moments) -> Any:
    """Return which features are in scale, so that a network can learn from unscaled values."""
    mean, std, low, high, _ = moments
    largest, sparse = np.maximum(abs(low), abs(high)), moments.sparse()
    in_scale = (IN_SCALE[0] <= std) & (std <= IN_SCALE[1]) & (abs(mean) <= OFF_CENTER * std)
    in_scale |= (low == high) & (largest <= IN_SCALE[1])
    common = np.hypot(mean, std)[sparse].max(initial=0)
    together = IN_SCALE[0] <= common <= IN_SCALE[1]
    in_scale[sparse] = together & (high >= MUCH_SMALLER * high[sparse].max(initial=0))[sparse]
    return in_scale | moments.of_unit_range()


def _of_one_unit(moments: Moments) -> Any:
    """Return which features are sparse and have one unit."""
    sparse, none = moments.sparse(), np.zeros(len(moments.high), bool)
    highs = moments.high[sparse]
    of_one_unit = highs.size >= MANY and np.median(highs) >= REACH * highs.max()
    return sparse if of_one_unit else none


def _trusted(moments: Moments) -> Any:
    """Return which features need no search for outliers, provided that they are in scale.

    For all other features, outliers may have determined the moments.
    """
    mean, std, low, high, _ = moments
    standardised = (STANDARDISED[0] <= std) & (std <= STANDARDISED[1]) & (abs(mean) <= NEAR_0)
    return standardised | (low == high) | moments.of_unit_range() | moments.sparse()


def _tame(column: Any, w: Any) -> Any:
    """Return which values of a feature are not outliers; None if there are no outliers.

    The bulk is looked for around the median of the distinct values. A code for missing values is
    one distinct value, even if it is frequent. Codes of categories are not outliers: between
    numbers that are 0 up to rounding, there are gaps of many octaves.
    """
    rows = np.arange(column.size) if w is None else np.flatnonzero(w)
    some = rows
    if rows.size > SAMPLE:
        some = np.random.default_rng(0).choice(rows, SAMPLE, replace=False)
    values = np.unique(column[some].astype(np.float64))
    if values.size < 3 or (values.size * REPEATED <= some.size and not _are_round(values)):
        return None
    center = values[(values.size - 1) // 2]
    of_bulk = np.sort(_octaves(values[values != center], center))[(values.size - 2) // 2]
    octaves = _octaves(column.astype(np.float64), center)
    taken = np.unique(octaves[rows])
    taken = taken[taken >= of_bulk]
    gaps = np.flatnonzero(np.diff(taken) > EMPTY_OCTAVES)
    if not gaps.size:
        return None
    tame = octaves <= taken[gaps[0]]
    far = column[rows][~tame[rows]]
    codes = np.unique(far.astype(np.float64))
    are_codes = codes.size <= FEW_CODES and _are_round(codes)
    return tame if are_codes or far.size <= RARE * rows.size else None


def _are_round(values: Any) -> bool:
    """Return whether most values have few digits, as counts and rounded measurements have."""
    unit = 10.0 ** np.floor(np.log10(np.maximum(abs(values), np.finfo(float).tiny)))
    digits = values / unit * 10 ** (DIGITS - 1)
    return bool(np.mean(abs(digits - np.rint(digits)) < CLOSE) > 0.5)


def _octaves(values: Any, center: Any) -> Any:
    """Return the binary exponents of the distances to the center; distance 0 has the lowest."""
    distances = abs(values / 2 - center / 2)  # halves cannot overflow
    return np.where(distances > 0, np.frexp(distances)[1], np.iinfo(np.int32).min // 2)


def _moments(X: Any, w: Any, size: int) -> Moments:
    """Return the moments of each feature, over rows with weight, some rows at a time."""
    exchange = getattr(X, "exchange", None)
    if exchange is not None:  # ranks share X: each looks at its own rows
        X, w = X.local, None if w is None else w[X.own]
    low, high = _range(X, w, size)
    if exchange is not None:
        lows, highs = zip(*exchange((low, high)), strict=True)
        low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    largest = np.maximum(abs(low), abs(high))
    # squares of numbers around 1 neither overflow nor underflow
    unit = np.exp2(np.frexp(largest)[1] - 1.0)
    sums = _combined(_sums(part, weights, unit) for part, weights in _weighted_parts(X, w, size))
    if exchange is not None:
        sums = _combined(exchange(sums))
    total, mean, square, zeros = sums
    return Moments(mean * unit, np.sqrt(square / total) * unit, low, high, zeros / total)


def _sums(part: Any, weights: Any, unit: Any) -> tuple[Any, ...]:
    """Return the weight of a part, the means in units, and sums of squared deviations and zeros."""
    part /= unit
    weight = weights.sum()
    zeros = weights @ (part == 0)
    mean = weights @ part / weight
    part -= mean
    return weight, mean, weights @ np.square(part, out=part), zeros


def _combined(parts: Any) -> tuple[Any, ...]:
    """Return the sums of all parts, without a difference of large numbers."""
    total, mean, square, zeros = 0.0, 0.0, 0.0, 0.0
    for weight, part_mean, part_square, part_zeros in parts:
        if not weight:  # a rank without rows
            continue
        step, share = part_mean - mean, weight / (total + weight)
        square = square + (part_square + step**2 * (total * share))
        mean, zeros, total = mean + step * share, zeros + part_zeros, total + weight
    return total, mean, square, zeros


def _range(X: Any, w: Any, size: int) -> tuple[Any, Any]:
    """Return the lowest and the highest value of each feature, over rows with weight."""
    low, high = np.full(X.shape[1], np.inf), np.full(X.shape[1], -np.inf)
    for part, _ in _weighted_parts(X, w, size):
        np.minimum(low, part.min(axis=0), out=low)
        np.maximum(high, part.max(axis=0), out=high)
    return low, high


def _weighted_parts(X: Any, w: Any, size: int) -> Any:
    """Yield the rows with weight as float64, in a buffer, and their weights."""
    size = max(1, min(size, BUFFER // X.shape[1], X.shape[0]))
    buffer = np.empty((size, X.shape[1]))
    for start in range(0, X.shape[0], size):
        weights = np.ones(len(X[start : start + size])) if w is None else w[start : start + size]
        rows = np.flatnonzero(weights)
        if rows.size:
            part = buffer[: rows.size]
            part[...] = X[start + rows]
            yield part, weights[rows].astype(np.float64)
