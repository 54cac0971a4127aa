"""Losses. Each owns everything that depends on the loss, from the targets to the predictions.

This file holds the protocols, the losses of a classifier, and the tables of all losses. The losses
of a regressor are in ``regression_losses``.

A loss is fused with the output activation that turns logits into predictions. Softmax and
cross-entropy belong together, and so do logistic and binary cross-entropy: the product of their
derivatives is ``prediction - target``. A loss computed from the logits is exact even where they
are large.

The loss of a batch is the mean ``L = sum(w · loss)``, with weights w whose sum is 1. The loss of
several members is the sum of the members' losses. The losses of this package also have a method
``each``, which returns the loss of each member. The losses of a classifier also have
``each_score``, which returns the score of each member.

``smoothing``, from 0 to 1, is the share of every target that is spread evenly over the K classes.
Smoothing keeps the logits from growing without bound. A logistic output has the classes 0 and 1.

A new loss is a class and an entry of a table at the end of this file.

References
----------
C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna (2016). Rethinking the Inception
architecture for computer vision.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, expit, log_expit, logit, softmax

from skscratch.core.activations import softplus
from skscratch.core.regression_losses import (
    AbsoluteError,
    Gamma,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
    summed,
    weighted_mean,
)

__all__ = [
    "CLASS_LOSSES",
    "LOSSES",
    "REGRESSION_LOSSES",
    "ClassLoss",
    "LogisticCrossEntropy",
    "LogisticSoftLabels",
    "Loss",
    "RegressionLoss",
    "SoftmaxCrossEntropy",
    "SoftmaxSoftLabels",
    "with_output",
]


class Loss(Protocol):
    """The methods of a loss. ``z`` and ``p`` are the same (n, q) buffer, before and after forward.

    ``forward`` and ``backward`` are for training. Their arrays may have a leading member axis. The
    other methods are for one network, and return new arrays.
    """

    @property
    def name(self) -> str:
        """The name of the loss, its key in ``LOSSES``."""

    @property
    def output_activation(self) -> str:
        """The name of the output activation, as in the fitted attribute ``out_activation_``."""

    def forward(self, z: Any, y: Any, w: Any) -> float:
        """Write ``z <- prediction``; return the mean loss L."""

    def backward(self, p: Any, y: Any, w: Any) -> None:
        """Write ``p <- dL/dz`` over the prediction."""

    def for_prediction(self) -> Self:
        """Return the loss without its parts for training only, such as label smoothing."""

    def for_validation(self, y: Any, w: Any) -> Self:
        """Return the loss with what ``score`` has to know about all validation targets.

        w are the weights of the rows, of any sum, or None.
        """

    def targets(self, y: Any, dtype: Any) -> Any:
        """Return encoded labels, or numbers, as the targets that forward and backward take."""

    def predict(self, z: Any) -> Any:
        """Return the predictions for logits; probabilities are never exactly 0."""

    def score(self, p: Any, y: Any, w: Any) -> float:
        """Return the mean score of the predictions p, which ``history_`` records."""

    def fit_constant(self, y: Any, w: Any) -> tuple[Any, float]:
        """Return the best logits (q,) that are the same for every row, and their mean loss.

        A network with these output biases, and no other weights, predicts the frequencies of the
        targets, or their mean or quantile. Label smoothing is left out.
        """


AnyLoss = TypeVar("AnyLoss", bound=Loss)


class ClassLoss(Loss, Protocol):
    """The methods that the loss of a classifier has besides those of every loss."""

    def log_predict(self, z: Any) -> Any:
        """Return the logarithm of ``predict``, computed from the logits."""

    def decide(self, z: Any) -> Any:
        """Return the index of each row's most probable class, or which labels are probable."""


class RegressionLoss(Loss, Protocol):
    """The methods that the loss of a regressor has besides those of every loss.

    Standardised targets are ``(y - center) / scale``. ``W`` and ``b`` are the last layer.
    """

    def accepts(self, y: Any) -> str:
        """Return a sentence about targets that the loss is not defined for, or an empty string."""

    def n_outputs(self, q: int) -> int:
        """Return the number of logits for q columns of targets."""

    def target_scale(self, y: Any, w: Any) -> tuple[Any, Any]:
        """Return center and scale (q,) of the raw targets; the scale is a power of two.

        w are the weights of the rows, of any sum, or None.
        """

    def fold_target(self, W: Any, b: Any, center: Any, scale: Any) -> tuple[Any, Any]:
        """Return W and b for raw targets, from those for standardised targets."""

    def unfold_target(self, W: Any, b: Any, center: Any, scale: Any) -> tuple[Any, Any]:
        """Return W and b for standardised targets, from those for raw targets; b is rounded."""


@dataclass(frozen=True)
class SoftmaxCrossEntropy:
    """p = exp(z) / sum(exp(z)),  loss = -log p[y],  dL/dz = w (p - onehot(y)).

    y holds class indices, shape (n,). Subtracting each row's maximum from z does not change p, and
    keeps exp from overflowing. Then ``-log p[y] = log(sum(exp(z))) - z[y]``. With smoothing,
    (1 - smoothing) z[y] + smoothing · mean(z) replaces z[y], and
    (1 - smoothing) onehot(y) + smoothing / K replaces onehot(y).

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import SoftmaxCrossEntropy
    >>> z, y, w = np.array([[1000.0, 0.0], [0.0, 0.0]]), np.array([1, 0]), np.array([0.5, 0.5])
    >>> loss = SoftmaxCrossEntropy()
    >>> round(loss.forward(z, y, w) - 500, 4)
    0.3466
    >>> loss.backward(z, y, w)
    >>> z
    array([[ 0.5 , -0.5 ],
           [-0.25,  0.25]])
    """

    smoothing: float = 0.0
    name: ClassVar[str] = "softmax_cross_entropy"
    output_activation: ClassVar[str] = "softmax"

    def forward(self, z: Any, y: Any, w: Any) -> float:
        return summed(self.each(z, y, w))

    def each(self, z: Any, y: Any, w: Any) -> Any:
        z -= z.max(axis=-1, keepdims=True)
        of_target = z[_at(y)]
        if self.smoothing:
            of_target *= 1 - self.smoothing
            of_target += self.smoothing * z.mean(axis=-1)
        np.exp(z, out=z)
        total = z.sum(axis=-1)
        z /= total[..., None]
        return weighted_mean(np.log(total) - of_target, w)

    def backward(self, p: Any, y: Any, w: Any) -> None:
        if self.smoothing:
            p -= self.smoothing / p.shape[-1]
        p[_at(y)] -= 1 - self.smoothing
        p *= w[..., None]

    def for_prediction(self) -> Self:
        return replace(self, smoothing=0.0)

    def for_validation(self, y: Any, w: Any) -> Self:
        return self

    def targets(self, y: Any, dtype: Any) -> NDArray[np.intp]:
        targets: NDArray[np.intp] = y.astype(np.intp, copy=False)
        return targets

    def predict(self, z: Any) -> Any:
        p = softmax(z, axis=1)
        return np.maximum(p, np.finfo(z.dtype).tiny, out=p)

    def log_predict(self, z: Any) -> Any:
        z = z - z.max(axis=1, keepdims=True)
        others = np.exp(z)
        np.put_along_axis(others, z.argmax(axis=1)[:, None], 0, axis=1)
        log_p = z - np.log1p(others.sum(axis=1, keepdims=True))
        return np.maximum(log_p, np.log(np.finfo(z.dtype).tiny), out=log_p)

    def decide(self, z: Any) -> Any:
        return z.argmax(axis=1)

    def score(self, p: Any, y: Any, w: Any) -> float:
        return float(self.each_score(p, y, w))

    def each_score(self, p: Any, y: Any, w: Any) -> Any:
        return _share(p.argmax(axis=-1) == y, w)

    def fit_constant(self, y: Any, w: Any) -> tuple[Any, float]:
        frequencies = np.bincount(y, w)
        with np.errstate(divide="ignore"):  # a class without weight
            logits = np.log(frequencies)
        return logits, float(entr(frequencies).sum())


@dataclass(frozen=True)
class LogisticCrossEntropy:
    """p = 1 / (1 + exp(-z)),  loss = -log(p if y else 1 - p),  dL/dz = w (p - y).

    y holds zeros and ones, shape (n, q): one column for a binary problem, one per label for a
    multilabel problem. The loss of a row is the sum over its columns. With s = z where y is 0 and
    s = -z where y is 1, the loss is ``log(1 + exp(s))``, exact at both ends. Smoothing subtracts
    smoothing / 2 · s from the loss, and (1 - smoothing) y + smoothing / 2 replaces y.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> z, y, w = np.array([[1000.0], [0.0]]), np.array([[0.0], [1.0]]), np.array([0.5, 0.5])
    >>> loss = LogisticCrossEntropy()
    >>> round(loss.forward(z, y, w) - 500, 4)
    0.3466
    >>> loss.backward(z, y, w)
    >>> z
    array([[ 0.5 ],
           [-0.25]])
    """

    smoothing: float = 0.0
    name: ClassVar[str] = "logistic_cross_entropy"
    output_activation: ClassVar[str] = "logistic"

    def forward(self, z: Any, y: Any, w: Any) -> float:
        return summed(self.each(z, y, w))

    def each(self, z: Any, y: Any, w: Any) -> Any:
        s = (1 - 2 * y) * z
        linear = self.smoothing / 2 * _of_columns(s, w) if self.smoothing else None
        of_rows = np.empty_like(s)
        softplus(s, of_rows)
        expit(z, out=z)
        loss = _of_columns(of_rows, w)
        if linear is not None:
            loss -= linear
        return float(sum(loss.tolist())) if w.ndim == 1 else loss.astype(np.float64).sum(axis=-1)

    def backward(self, p: Any, y: Any, w: Any) -> None:
        if self.smoothing:
            y = (1 - self.smoothing) * y + self.smoothing / 2
        p -= y
        p *= w[..., None]

    def for_prediction(self) -> Self:
        return replace(self, smoothing=0.0)

    def for_validation(self, y: Any, w: Any) -> Self:
        return self

    def targets(self, y: Any, dtype: Any) -> Any:
        # an indicator matrix keeps its dtype, and is cast batch by batch
        return np.ascontiguousarray(y) if y.ndim == 2 else y.astype(dtype).reshape(-1, 1)

    def predict(self, z: Any) -> Any:
        if z.shape[1] == 1:
            # 1 - expit(z) would round to 0 long before expit(-z) does
            p = expit(np.concatenate([-z, z], axis=1))
        else:
            p = np.minimum(expit(z), 1 - np.finfo(z.dtype).epsneg)
        return np.maximum(p, np.finfo(z.dtype).tiny, out=p)

    def log_predict(self, z: Any) -> Any:
        log_p = log_expit(z * np.array([-1, 1], z.dtype) if z.shape[1] == 1 else z)
        return np.maximum(log_p, np.log(np.finfo(z.dtype).tiny), out=log_p)

    def decide(self, z: Any) -> Any:
        return (z[:, 0] > 0).astype(int) if z.shape[1] == 1 else z > 0

    def score(self, p: Any, y: Any, w: Any) -> float:
        return float(self.each_score(p, y, w))

    def each_score(self, p: Any, y: Any, w: Any) -> Any:
        return _share(((p > 0.5) == y).all(axis=-1), w)

    def fit_constant(self, y: Any, w: Any) -> tuple[Any, float]:
        # label by label: one matrix product would copy integer targets as floats
        share = np.array([np.dot(w, column) for column in y.T]).clip(0, 1)
        return logit(share), float((entr(share) + entr(1 - share)).sum(dtype=float))


@dataclass(frozen=True)
class SoftmaxSoftLabels(SoftmaxCrossEntropy):
    """p as by ``SoftmaxCrossEntropy``,  loss = -sum(y · log p),  dL/dz = w (p - y).

    y holds probabilities, shape (n, K), whose rows sum to 1. With y = onehot(i), the loss is that
    of class i. Its minimum is the entropy of y. The score is the expected accuracy: the mean
    probability, by y, of the predicted class.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import SoftmaxSoftLabels
    >>> z, y, w = np.array([[0.0, 0.0]]), np.array([[0.75, 0.25]]), np.array([1.0])
    >>> loss = SoftmaxSoftLabels()
    >>> round(loss.forward(z, y, w), 4)
    0.6931
    >>> loss.backward(z, y, w)
    >>> z
    array([[-0.25,  0.25]])
    """

    name: ClassVar[str] = "softmax_soft_labels"

    def each(self, z: Any, y: Any, w: Any) -> Any:
        z -= z.max(axis=-1, keepdims=True)
        linear = (z * self._smoothed(y)).sum(axis=-1)
        np.exp(z, out=z)
        total = z.sum(axis=-1)
        z /= total[..., None]
        return weighted_mean(np.log(total) - linear, w)

    def backward(self, p: Any, y: Any, w: Any) -> None:
        p -= self._smoothed(y)
        p *= w[..., None]

    def _smoothed(self, y: Any) -> Any:
        return (1 - self.smoothing) * y + self.smoothing / y.shape[-1] if self.smoothing else y

    def targets(self, y: Any, dtype: Any) -> Any:
        return y.astype(dtype, order="C", copy=False)

    def each_score(self, p: Any, y: Any, w: Any) -> Any:
        chosen = np.take_along_axis(y, p.argmax(axis=-1)[..., None], axis=-1)[..., 0]
        return np.average(chosen, axis=-1, weights=w)

    def fit_constant(self, y: Any, w: Any) -> tuple[Any, float]:
        frequencies = w @ y
        with np.errstate(divide="ignore"):  # a class of probability 0
            logits = np.log(frequencies)
        return logits, float(entr(frequencies).sum(dtype=float))


@dataclass(frozen=True)
class LogisticSoftLabels(LogisticCrossEntropy):
    """p as by ``LogisticCrossEntropy``,  loss = -y log p - (1 - y) log(1 - p),  dL/dz = w (p - y).

    y holds the probability of the second of two classes, shape (n, 1). See ``SoftmaxSoftLabels``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticSoftLabels
    >>> z, y, w = np.array([[0.0]]), np.array([[0.25]]), np.array([1.0])
    >>> loss = LogisticSoftLabels()
    >>> round(loss.forward(z, y, w), 4)
    0.6931
    >>> loss.backward(z, y, w)
    >>> z
    array([[0.25]])
    """

    name: ClassVar[str] = "logistic_soft_labels"

    def each(self, z: Any, y: Any, w: Any) -> Any:
        y = (1 - self.smoothing) * y + self.smoothing / 2 if self.smoothing else y
        # both terms are exact where they are small; log(1 + exp(z)) - y z would not be
        of_first, of_second = np.empty_like(z), np.empty_like(z)
        softplus(z, of_first)
        softplus(-z, of_second)
        loss = y * of_second + (1 - y) * of_first
        expit(z, out=z)
        return weighted_mean(loss.sum(axis=-1), w)

    def targets(self, y: Any, dtype: Any) -> Any:
        return y[:, 1:].astype(dtype, order="C")

    def each_score(self, p: Any, y: Any, w: Any) -> Any:
        return np.average(np.where(p > 0.5, y, 1 - y)[..., 0], axis=-1, weights=w)


def _at(y: Any) -> tuple[Any, ...]:
    """Return the index of every row's target in z."""
    rows = np.arange(y.shape[-1])
    return (rows, y) if y.ndim == 1 else (np.arange(y.shape[0])[:, None], rows, y)


def _of_columns(s: Any, w: Any) -> Any:
    """Return the weighted mean of each column, (q,) or (members, q)."""
    return np.dot(w, s) if w.ndim == 1 else np.vecdot(w[:, None], s.mT)


def _share(right: Any, w: Any) -> Any:
    """Return the weighted share of the rows that are right, for each member if there are some."""
    # the sum of w is 1 up to rounding; divided by it, a perfect score is exactly 1
    return w.sum(axis=-1, where=right, dtype=float) / w.sum(axis=-1, dtype=float)


CLASS_LOSSES: dict[str, ClassLoss] = {
    loss.name: loss for loss in (SoftmaxCrossEntropy(), LogisticCrossEntropy())
}

REGRESSION_LOSSES: dict[str, RegressionLoss] = {
    loss.name: loss
    for loss in (SquaredError(), AbsoluteError(), Huber(), Quantile(), Poisson(), Gamma())
}

LOSSES: dict[str, Loss] = {**CLASS_LOSSES, **REGRESSION_LOSSES}


def with_output(activation: str, losses: Mapping[str, AnyLoss]) -> AnyLoss:
    """Return the first loss of a table that has this output activation, for prediction.

    Examples
    --------
    >>> from skscratch.core.losses import LOSSES, with_output
    >>> with_output("softmax", LOSSES).name
    'softmax_cross_entropy'
    """
    for loss in losses.values():
        if loss.output_activation == activation:
            return loss
    raise KeyError(activation)
