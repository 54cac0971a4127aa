"""Losses of a regressor. Each owns everything that depends on the loss.

The inverse link turns logits into predictions. With the identity link, the predictions are the
logits. With the log link, the predictions are ``exp(z)``, so they are positive. All targets y have
the shape (n, q), and the loss of a row is the sum over its outputs.

Training standardises the targets, ``(y - center) / scale``. ``fold_target`` puts center and scale
into the last layer, so that the network predicts raw targets.

``score`` is the coefficient of determination R², or D² for quantiles. It needs the variance of the
validation targets, or the loss of their best constant, which ``for_validation`` keeps in the loss.

A new loss is a class and an entry of ``REGRESSION_LOSSES`` in ``losses.py``.

References
----------
P. McCullagh and J. A. Nelder (1989). Generalized linear models.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from itertools import pairwise
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, xlogy

__all__ = [
    "AbsoluteError", "Gamma", "Huber", "Poisson", "Quantile", "SquaredError", "summed",
    "weighted_mean",
]  # fmt: skip


@dataclass(frozen=True)
class _RegressionLoss(ABC):
    """The methods that are the same for every loss of a regressor."""

    baseline: tuple[float, ...] | None = field(default=None, kw_only=True, repr=False)

    def forward(self, z: Any, y: Any, w: Any) -> float:
        return summed(self.each(z, y, w))

    @abstractmethod
    def each(self, z: Any, y: Any, w: Any) -> Any:
        """Write ``z <- prediction``; return the mean loss L, or that of each member."""

    @abstractmethod
    def _best_constant(self, y: Any, w: Any) -> Any:
        """Return the logits (q,) of the best constant prediction."""

    def for_prediction(self) -> Self:
        return self

    def for_validation(self, y: Any, w: Any) -> Self:
        _, std = _mean_and_std(y, w)
        return replace(self, baseline=tuple(np.square(std).tolist()))

    def n_outputs(self, q: int) -> int:
        return q

    def targets(self, y: Any, dtype: Any) -> Any:
        return np.ascontiguousarray(y, dtype).reshape(len(y), -1)

    def score(self, p: Any, y: Any, w: Any) -> float:
        error = np.average(self._errors(p, y), axis=0, weights=w)
        baseline = np.ones_like(error) if self.baseline is None else np.array(self.baseline)
        # a constant column counts 0, or 1 where every prediction is exact
        unexplained = np.where(error > 0, 1.0, 0.0)
        np.divide(error, baseline, out=unexplained, where=baseline > 0)
        return float((1 - unexplained).mean())

    def _errors(self, p: Any, y: Any) -> Any:
        """Return the errors whose mean ``score`` compares with that of the best constants."""
        errors = np.subtract(p, y, dtype=float)
        return np.square(errors, out=errors)

    def fit_constant(self, y: Any, w: Any) -> tuple[Any, float]:
        y, w = np.asarray(y, float), np.asarray(w, float)
        z = self._best_constant(y, w)
        return z, self.forward(np.tile(z, (len(y), 1)), y, w)


class _IdentityLink(_RegressionLoss):
    """p = z. Standardised targets have mean 0 and a standard deviation of about 1."""

    output_activation: ClassVar[str] = "identity"

    def backward(self, p: Any, y: Any, w: Any) -> None:
        p -= y
        self._slope(p)
        p *= w[..., None]

    @abstractmethod
    def _slope(self, r: Any) -> None:
        """Write the derivative of the loss over the residuals ``r = z - y``."""

    def accepts(self, y: Any) -> str:
        return ""

    def predict(self, z: Any) -> Any:
        return z.copy()

    def target_scale(self, y: Any, w: Any) -> tuple[Any, Any]:
        center, spread = self._center_and_spread(y, w)
        return center, _power_of_two(np.where(spread > 0, spread, abs(center)))

    def _center_and_spread(self, y: Any, w: Any) -> tuple[Any, Any]:
        return _mean_and_std(y, w)

    def fold_target(self, W: Any, b: Any, center: Any, scale: Any) -> tuple[Any, Any]:
        return _cast(W, W * scale, b * scale + center)

    def unfold_target(self, W: Any, b: Any, center: Any, scale: Any) -> tuple[Any, Any]:
        return _cast(W, W / scale, (b - center) / scale)


class _LogLink(_RegressionLoss):
    """p = exp(z). Standardised targets have a mean of about 1, and the center is 0."""

    output_activation: ClassVar[str] = "exp"

    def predict(self, z: Any) -> Any:
        info = np.finfo(z.dtype)
        with np.errstate(over="ignore"):  # clipped in the next line
            p = np.exp(z)
        return np.clip(p, info.tiny, info.max, out=p)

    def _best_constant(self, y: Any, w: Any) -> Any:
        with np.errstate(divide="ignore"):  # a column of zeros
            return np.log(np.average(y, axis=0, weights=w))

    def target_scale(self, y: Any, w: Any) -> tuple[Any, Any]:
        mean, _ = _mean_and_std(y, w)
        return np.zeros_like(mean), _power_of_two(mean)

    def fold_target(self, W: Any, b: Any, center: Any, scale: Any) -> tuple[Any, Any]:
        return _cast(W, W.copy(), b + np.log(scale))

    def unfold_target(self, W: Any, b: Any, center: Any, scale: Any) -> tuple[Any, Any]:
        return _cast(W, W.copy(), b - np.log(scale))


class _RobustLoss(_IdentityLink):
    """The loss is linear in large residuals. Outliers do not determine its scale of targets either.

    The center is the median. The spread is that of the middle half, or, where half of the targets
    are equal, of the next larger part that has one.
    """

    def _center_and_spread(self, y: Any, w: Any) -> tuple[Any, Any]:
        y = np.asarray(y, float)
        weights = np.ones(len(y)) if w is None else np.asarray(w, float)
        found = [_median_and_spread(column, weights) for column in y.T]
        center, spread = np.array(found).T
        mean, std = _mean_and_std(y, w)
        return np.where(spread > 0, center, mean), np.where(spread > 0, spread, std)


@dataclass(frozen=True)
class SquaredError(_IdentityLink):
    """p = z,  loss = ½ (z - y)²,  dL/dz = w (z - y).

    The best constant prediction is the mean of the targets.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.regression_losses import SquaredError
    >>> z, y, w = np.array([[3.0], [0.0]]), np.array([[1.0], [1.0]]), np.array([0.5, 0.5])
    >>> loss = SquaredError()
    >>> loss.forward(z, y, w)
    1.25
    >>> loss.backward(z, y, w)
    >>> z
    array([[ 1. ],
           [-0.5]])
    """

    name: ClassVar[str] = "squared_error"

    def each(self, z: Any, y: Any, w: Any) -> Any:
        r = z - y
        r *= r
        return 0.5 * _mean(r, w)

    def _slope(self, r: Any) -> None:
        pass

    def _best_constant(self, y: Any, w: Any) -> Any:
        return np.average(y, axis=0, weights=w)


@dataclass(frozen=True)
class AbsoluteError(_RobustLoss):
    """p = z,  loss = abs(z - y),  dL/dz = w sign(z - y).

    The best constant prediction is the median of the targets, so single outliers have little
    effect. The derivative is 0 where z is y.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.regression_losses import AbsoluteError
    >>> z, y, w = np.array([[3.0], [0.0]]), np.array([[1.0], [1.0]]), np.array([0.5, 0.5])
    >>> loss = AbsoluteError()
    >>> loss.forward(z, y, w)
    1.5
    >>> loss.backward(z, y, w)
    >>> z
    array([[ 0.5],
           [-0.5]])
    """

    name: ClassVar[str] = "absolute_error"

    def each(self, z: Any, y: Any, w: Any) -> Any:
        r = z - y
        return _mean(np.abs(r, out=r), w)

    def _slope(self, r: Any) -> None:
        np.sign(r, out=r)

    def _best_constant(self, y: Any, w: Any) -> Any:
        return np.array([_quantile(column, w, 0.5) for column in y.T])


@dataclass(frozen=True)
class Huber(_RobustLoss):
    """p = z,  r = z - y,  dL/dz = w · (r, clipped to the range from -delta to delta).

    The loss is ½ r² where abs(r) <= delta, and delta (abs(r) - ½ delta) elsewhere. With
    c = min(abs(r), delta), both are c (abs(r) - ½ c). delta has the unit of the standardised
    targets.

    References
    ----------
    P. J. Huber (1964). Robust estimation of a location parameter.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.regression_losses import Huber
    >>> z, y, w = np.array([[3.0], [0.5]]), np.array([[1.0], [1.0]]), np.array([0.5, 0.5])
    >>> loss = Huber(delta=1.0)
    >>> loss.forward(z, y, w)
    0.8125
    >>> loss.backward(z, y, w)
    >>> z
    array([[ 0.5 ],
           [-0.25]])
    """

    delta: float = 1.0
    name: ClassVar[str] = "huber"

    def __post_init__(self) -> None:
        """Raise a ValueError if delta is not a positive number."""
        delta: Any = self.delta
        if not (isinstance(delta, Real) and 0 < float(delta) < np.inf):
            raise ValueError(f"delta must be a positive number. Got {delta!r}.")

    def each(self, z: Any, y: Any, w: Any) -> Any:
        r = z - y
        np.abs(r, out=r)
        c = np.minimum(r, self.delta)
        r -= c / 2
        r *= c
        return _mean(r, w)

    def _slope(self, r: Any) -> None:
        np.clip(r, -self.delta, self.delta, out=r)

    def _best_constant(self, y: Any, w: Any) -> Any:
        def root(column: Any) -> float:
            def slope(z: float) -> float:
                return float(w @ np.clip(z - column, -self.delta, self.delta))

            return float(brentq(slope, column.min(), column.max(), maxiter=10_000))

        return np.array([root(column) for column in y.T])


@dataclass(frozen=True)
class Quantile(_RobustLoss):
    """p = z,  loss = max((1 - level) r, -level r),  dL/dz = w (½ sign(r) + ½ - level).

    This is the pinball loss of r = z - y. The best constant prediction is a quantile: the share
    ``level`` of the targets lies below it. With several levels, there is one target, z has one
    output for each level, and the loss is the sum over the levels. ``predict`` sorts the outputs of
    each row, so that quantiles do not cross. ``score`` is D², the share of the best constants' loss
    that the predictions remove. D² is for quantiles what R² is for the mean.

    Parameters
    ----------
    levels : tuple of float
        Increasing numbers strictly between 0 and 1.

    References
    ----------
    R. Koenker and G. Bassett (1978). Regression quantiles.
    V. Chernozhukov, I. Fernández-Val and A. Galichon (2010). Quantile and probability curves
    without crossing.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.regression_losses import Quantile
    >>> z, y, w = np.array([[3.0], [0.0]]), np.array([[1.0], [1.0]]), np.array([0.5, 0.5])
    >>> loss = Quantile(levels=(0.75,))
    >>> loss.forward(z, y, w)
    0.625
    >>> loss.backward(z, y, w)
    >>> z
    array([[ 0.125],
           [-0.375]])
    >>> Quantile(levels=(0.25, 0.75)).predict(np.array([[2.0, 1.0]]))
    array([[1., 2.]])
    """

    levels: tuple[float, ...] = (0.5,)
    name: ClassVar[str] = "quantile"

    def __post_init__(self) -> None:
        """Raise a ValueError if the levels are not increasing numbers between 0 and 1."""
        bounds = (0, *self.levels, 1)
        if not self.levels or not all(a < b for a, b in pairwise(bounds)):
            raise ValueError(
                f"levels must increase, strictly between 0 and 1. Got {self.levels!r}."
            )

    def each(self, z: Any, y: Any, w: Any) -> Any:
        return _mean(self._pinball(z, y), w)

    def _pinball(self, z: Any, y: Any) -> Any:
        r = z - y
        levels = np.array(self.levels, z.dtype)
        below = -levels * r
        r *= 1 - levels
        return np.maximum(r, below, out=r)

    def _slope(self, r: Any) -> None:
        np.sign(r, out=r)
        r *= 0.5
        r += 0.5 - np.array(self.levels, r.dtype)

    def _best_constant(self, y: Any, w: Any) -> Any:
        return np.array([_quantile(column, w, level) for column in y.T for level in self.levels])

    def accepts(self, y: Any) -> str:
        if len(self.levels) > 1 and y.ndim == 2 and y.shape[1] > 1:
            return f"Several quantiles can be predicted of one target. y has {y.shape[1]} columns."
        return ""

    def n_outputs(self, q: int) -> int:
        return q * len(self.levels)

    def predict(self, z: Any) -> Any:
        return np.sort(z, axis=1) if len(self.levels) > 1 else z.copy()

    def for_validation(self, y: Any, w: Any) -> Self:
        constant = self._best_constant(np.asarray(y, float), np.ones(len(y)) if w is None else w)
        errors = self._errors(np.tile(constant, (len(y), 1)), y)
        return replace(self, baseline=tuple(np.average(errors, axis=0, weights=w).tolist()))

    def _errors(self, p: Any, y: Any) -> Any:
        return self._pinball(self.predict(np.asarray(p, float)), y)


@dataclass(frozen=True)
class Poisson(_LogLink):
    """p = exp(z),  loss = exp(z) - y z + y log y - y,  dL/dz = w (p - y).

    The loss is half the Poisson deviance, and 0 where p is y. Targets are counts or rates, at least
    0. Where exp(z) is larger than any number, the loss is inf.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.regression_losses import Poisson
    >>> z, y, w = np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]), np.array([0.5, 0.5])
    >>> loss = Poisson()
    >>> loss.forward(z, y, w)
    0.5
    >>> loss.backward(z, y, w)
    >>> z
    array([[0. ],
           [0.5]])
    """

    name: ClassVar[str] = "poisson"

    def each(self, z: Any, y: Any, w: Any) -> Any:
        linear = y * np.clip(z, np.finfo(z.dtype).min, _overflowing(z))
        np.exp(z, out=z)
        loss = z - linear
        loss += xlogy(y, y) - y
        return _mean(loss, w)

    def backward(self, p: Any, y: Any, w: Any) -> None:
        p -= y
        p *= w[..., None]

    def accepts(self, y: Any) -> str:
        if y.min() < 0:
            return f"The Poisson loss needs targets of at least 0. y contains {y.min():g}."
        return ""


@dataclass(frozen=True)
class Gamma(_LogLink):
    """p = exp(z),  loss = z + y exp(-z) - 1 - log y,  dL/dz = w (1 - y / p).

    The loss is half the Gamma deviance, and 0 where p is y. The loss depends only on y / p, so an
    error of a tenth costs the same for small and large targets. Targets are above 0. Where exp(-z)
    is larger than any number, the loss is inf.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.regression_losses import Gamma
    >>> z, y, w = np.array([[0.0], [0.0]]), np.array([[1.0], [2.0]]), np.array([0.5, 0.5])
    >>> loss = Gamma()
    >>> round(loss.forward(z, y, w), 4)
    0.1534
    >>> loss.backward(z, y, w)
    >>> z
    array([[ 0. ],
           [-0.5]])
    """

    name: ClassVar[str] = "gamma"

    def each(self, z: Any, y: Any, w: Any) -> Any:
        loss = y * np.exp(-z)
        loss += np.maximum(z, -_overflowing(z))
        loss -= np.log(y) + 1
        np.exp(z, out=z)
        return _mean(loss, w)

    def backward(self, p: Any, y: Any, w: Any) -> None:
        np.divide(y, p, out=p)
        np.subtract(1, p, out=p)
        p *= w[..., None]

    def targets(self, y: Any, dtype: Any) -> Any:
        # a positive number that float32 rounds to 0 stays positive
        return np.maximum(super().targets(y, dtype), np.finfo(dtype).tiny)

    def accepts(self, y: Any) -> str:
        if y.min() <= 0:
            return f"The Gamma loss needs targets above 0. y contains {y.min():g}."
        return ""


def _mean(loss: Any, w: Any) -> Any:
    """Return the weighted mean over rows of the sum over outputs, see ``weighted_mean``."""
    return weighted_mean(loss.sum(axis=-1), w)


def summed(losses: Any) -> float:
    """Return the sum of the losses of members, or the loss of one network.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.regression_losses import summed
    >>> summed(np.array([1.0, 2.0])), summed(1.0)
    (3.0, 1.0)
    """
    return float(losses if isinstance(losses, float) else sum(losses.tolist()))


def weighted_mean(loss: Any, w: Any) -> Any:
    """Return ``sum(w · loss)`` over rows: a float, or one number in float64 for each member.

    The result for a member does not depend on the other members.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.regression_losses import weighted_mean
    >>> weighted_mean(np.array([1.0, 3.0]), np.array([0.5, 0.5]))
    2.0
    """
    if w.ndim == 1:
        return float(np.dot(w, loss))
    return np.vecdot(w, loss).astype(np.float64)


def _overflowing(z: Any) -> float:
    """Return a logit whose exp is larger than any number of the dtype of z."""
    return float(np.log(np.finfo(z.dtype).max)) + 1


def _quantile(column: Any, w: Any, level: float) -> float:
    """Return the least value with the share ``level`` of the weight at or below it."""
    order = np.argsort(column)
    total = np.cumsum(w[order])
    share = level * total[-1] * (1 - 1e-12)  # the sums are rounded
    return float(column[order[np.searchsorted(total, share)]])


def _median_and_spread(column: Any, w: Any) -> tuple[float, float]:
    """Return the median, and the standard deviation of normal targets with the same quantiles."""
    for level in (0.25, 0.1, 0.05, 0.01):
        low, high = (_quantile(column, w, share) for share in (level, 1 - level))
        deviations = -2 * ndtri(level)
        spread = high / deviations - low / deviations  # high - low may overflow
        if spread > 0:
            return _quantile(column, w, 0.5), spread
    return 0.0, 0.0


def _mean_and_std(y: Any, w: Any) -> tuple[Any, Any]:
    """Return the weighted mean and standard deviation of each column, at any size of the targets.

    The targets are divided by a power of two near the largest, so squares neither overflow nor
    underflow. A constant column has its value as mean and a standard deviation of exactly 0.
    """
    y = np.asarray(y, float)
    if w is not None:
        y, w = y[w > 0], w[w > 0]
    low, high = y.min(axis=0), y.max(axis=0)
    unit = np.ldexp(1.0, np.frexp(np.maximum(-low, high))[1] - 1)
    y = y / unit
    mean = np.where(low == high, low / unit, np.average(y, axis=0, weights=w))
    y -= mean
    return mean * unit, np.sqrt(np.average(np.square(y, out=y), axis=0, weights=w)) * unit


def _power_of_two(size: Any) -> Any:
    """Return the nearest powers of two, and 1 for 0."""
    exponents = np.round(np.log2(np.where(size > 0, size, 1)))
    return np.maximum(np.exp2(exponents), np.finfo(float).tiny)


def _cast(like: Any, *arrays: Any) -> tuple[Any, ...]:
    """Return the arrays in the dtype of another."""
    return tuple(array.astype(like.dtype, copy=False) for array in arrays)
