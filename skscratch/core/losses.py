"""Losses, each fused with the link that turns logits into predictions.

Fused, because softmax with cross-entropy and logistic with binary cross-entropy are each other's
natural partners: the product of their derivatives collapses to ``prediction - target``, and the
loss can be computed from the logits, where it is exact however large they are.

The loss of a batch is the mean ``L = sum(w · loss)``, with weights w whose sum is 1; of networks
side by side it is the sum of theirs.

``smoothing``, from 0 to 1, takes that share of every target and spreads it evenly over the K
classes, so that no logit is driven to infinity; an output of a logistic has the classes 0 and 1.

References
----------
C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna (2016). Rethinking the Inception
architecture for computer vision.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from scipy.special import entr, expit

__all__ = ["LOSSES", "LogisticCrossEntropy", "Loss", "SoftmaxCrossEntropy"]


class Loss(Protocol):
    """What the passes need of a loss; z and p stand for the same (n, q) buffer."""

    @property
    def name(self) -> str:
        """The name of the link, as in the fitted attribute ``out_activation_``."""

    def link(self, xp: Any, z: Any) -> None:
        """Write ``z <- prediction`` over the logits."""

    def forward(self, xp: Any, z: Any, y: Any, w: Any) -> float:
        """Write ``z <- prediction``; return the mean loss L."""

    def backward(self, xp: Any, p: Any, y: Any, w: Any) -> None:
        """Write ``p <- dL/dz`` over the prediction."""

    def of_constant(self, xp: Any, y: Any, w: Any) -> float:
        """Return the least mean loss of a prediction that is the same for every row.

        That prediction is the mean of the targets, as they are without smoothing.
        """


@dataclass(frozen=True)
class SoftmaxCrossEntropy:
    """p = exp(z) / sum(exp(z)),  loss = -log p[y],  dL/dz = w (p - onehot(y)).

    y holds class indices, shape (n,). Shifting each row of z by its maximum changes nothing in p
    and keeps exp from overflowing; then ``-log p[y] = log(sum(exp(z))) - z[y]``. With smoothing
    (1 - smoothing) z[y] + smoothing · mean(z) replaces z[y], and
    (1 - smoothing) onehot(y) + smoothing / K replaces onehot(y).

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import SoftmaxCrossEntropy
    >>> z, y, w = np.array([[1000.0, 0.0], [0.0, 0.0]]), np.array([1, 0]), np.array([0.5, 0.5])
    >>> loss = SoftmaxCrossEntropy()
    >>> round(loss.forward(np, z, y, w) - 500, 4)
    0.3466
    >>> loss.backward(np, z, y, w)
    >>> z
    array([[ 0.5 , -0.5 ],
           [-0.25,  0.25]])
    """

    smoothing: float = 0.0
    name: ClassVar[str] = "softmax"

    def link(self, xp: Any, z: Any) -> None:
        z -= z.max(axis=-1, keepdims=True)
        xp.exp(z, out=z)
        z /= z.sum(axis=-1, keepdims=True)

    def forward(self, xp: Any, z: Any, y: Any, w: Any) -> float:
        z -= z.max(axis=-1, keepdims=True)
        of_target = z[_at(xp, y)]
        if self.smoothing:
            of_target *= 1 - self.smoothing
            of_target += self.smoothing * z.mean(axis=-1)
        xp.exp(z, out=z)
        total = z.sum(axis=-1)
        z /= total[..., None]
        return float(xp.vdot(w, xp.log(total) - of_target))

    def backward(self, xp: Any, p: Any, y: Any, w: Any) -> None:
        if self.smoothing:
            p -= self.smoothing / p.shape[-1]
        p[_at(xp, y)] -= 1 - self.smoothing
        p *= w[..., None]

    def of_constant(self, xp: Any, y: Any, w: Any) -> float:
        return float(entr(xp.bincount(y, w)).sum())


@dataclass(frozen=True)
class LogisticCrossEntropy:
    """p = 1 / (1 + exp(-z)),  loss = -log(p if y else 1 - p),  dL/dz = w (p - y).

    y holds zeros and ones, shape (n, q): one column for a binary problem, one per label for a
    multilabel one; the loss of a row is the sum over its columns. With s = z where y is 0 and
    s = -z where y is 1 it is ``log(1 + exp(s))``, exact at both ends. Smoothing takes
    smoothing / 2 · s from it, and (1 - smoothing) y + smoothing / 2 replaces y.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> z, y, w = np.array([[1000.0], [0.0]]), np.array([[0.0], [1.0]]), np.array([0.5, 0.5])
    >>> loss = LogisticCrossEntropy()
    >>> round(loss.forward(np, z, y, w) - 500, 4)
    0.3466
    >>> loss.backward(np, z, y, w)
    >>> z
    array([[ 0.5 ],
           [-0.25]])
    """

    smoothing: float = 0.0
    name: ClassVar[str] = "logistic"

    def link(self, xp: Any, z: Any) -> None:
        expit(z, out=z)

    def forward(self, xp: Any, z: Any, y: Any, w: Any) -> float:
        # the rows of all networks, one after the other
        s, w = ((1 - 2 * y) * z).reshape(-1, z.shape[-1]), w.reshape(-1)
        linear = self.smoothing / 2 * xp.dot(w, s) if self.smoothing else None
        xp.logaddexp(s, 0, out=s)
        expit(z, out=z)
        loss = xp.dot(w, s)
        if linear is not None:
            loss -= linear
        return float(sum(loss.tolist()))

    def backward(self, xp: Any, p: Any, y: Any, w: Any) -> None:
        if self.smoothing:
            y = (1 - self.smoothing) * y + self.smoothing / 2
        p -= y
        p *= w[..., None]

    def of_constant(self, xp: Any, y: Any, w: Any) -> float:
        # label by label: targets may be whole numbers, which a product would copy as floats
        share = xp.array([xp.dot(w, column) for column in y.T]).clip(0, 1)
        return float((entr(share) + entr(1 - share)).sum(dtype=float))


def _at(xp: Any, y: Any) -> tuple[Any, ...]:
    """Return the index of every row's target in z."""
    rows = xp.arange(y.shape[-1])
    return (rows, y) if y.ndim == 1 else (xp.arange(y.shape[0])[:, None], rows, y)


LOSSES: dict[str, Loss] = {
    "softmax": SoftmaxCrossEntropy(),
    "logistic": LogisticCrossEntropy(),
}
