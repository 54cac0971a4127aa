"""The loss and the score on validation rows, and the temperature fitted to those rows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from skscratch.core.losses import Loss
from skscratch.core.network import (
    Architecture,
    Parameters,
    Workspace,
    forward,
    rows_per_buffer,
    split_members,
    views,
)
from skscratch.training.config import Scorer
from skscratch.training.data import Dataset, SequentialBatches, ValidationRows
from skscratch.training.loop import evaluate
from skscratch.training.scaling import Scaling
from skscratch.training.state import TrainingState

__all__ = ["Evaluator", "fit_temperature", "mean_loss"]

# The penalty on log T, in the unit of the summed loss, and the bound of |log T|. A few rows must
# not move T far.
PULL = 10.0
FURTHEST = 1.5
# Logits are computed once for all temperatures that are tried if there are at most this many
# numbers, otherwise once for each temperature.
KEPT = 2**19


class Evaluator:
    """Evaluates each member of a run on its validation rows.

    Parameters
    ----------
    state : TrainingState
        Its history is written after every epoch.
    validation : ValidationRows
    scorer : Scorer or None
        Gives the score by which parameters are compared. Without a scorer, parameters are compared
        by the loss, and ``Loss.score`` gives the score.
    theta : ndarray of shape (P,)
        The parameters to evaluate, which training changes in place.
    """

    def __init__(
        self,
        state: TrainingState,
        validation: ValidationRows,
        scorer: Scorer | None,
        theta: NDArray[Any],
    ) -> None:
        self.state, self.theta, self._data = state, theta, validation.data
        self._passes = _Passes(state.arch, theta, validation, state.scaling)
        self._scores: list[Callable[[Parameters], float]] = []
        if scorer is not None:
            rows = np.atleast_2d(validation.rows)
            scores = [scorer.on(validation.data, own) for own in rows]
            self._scores = scores * (state.arch.members // len(rows))

    def evaluate(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Record the mean loss and the mean score of the members after another epoch.

        Returns
        -------
        watched : ndarray of shape (members,)
            The values to minimise: the loss, or the negative score.
        scores : ndarray of shape (members,)
        """
        totals = np.zeros((2, self.state.arch.members))
        for z, y, w, weights in self._passes:
            totals += weights * _losses_and_scores(self._passes.losses, z, y, w)
        losses, scores = self._total(totals) / self._total(self._passes.weights.sum(axis=0))
        watched = losses
        if self._scores:
            members = split_members(self.state.unscaled(self.theta), self.state.arch.members)
            scores = np.array(
                [score(params) for score, params in zip(self._scores, members, strict=True)]
            )
            watched = -scores
        self.state.history.update_last(
            validation_loss=float(losses.mean()), validation_score=float(scores.mean())
        )
        return watched, scores

    def temperature(self, theta: Any) -> float:
        """Return the temperature of the members with parameters theta.

        With the user's validation set, it is fitted to the mean of the members' logits. If each
        member held out its own rows, it is fitted to the members' logits pooled.
        """
        params = views(theta, self.state.arch.sizes, self.state.arch.members)
        logits = _Logits(self._passes, params)
        return fit_temperature(self._passes.arch.loss, logits, self._total)

    def _total(self, values: Any) -> Any:
        """Return the sum over all ranks that share the validation rows."""
        return np.sum(self._data.exchange(values), axis=0)


def mean_loss(state: TrainingState, data: Dataset, theta: Any) -> float:
    """Return the mean loss, on all rows, of the merged network with parameters theta."""
    arch, params = state.network(theta, targets=False)  # data.y is scaled
    # a loss doubles the memory of the buffers; with fewer rows, both need less than training
    n, own = max(32, rows_per_buffer(arch, data.X) // 8), data.own()
    weight = len(own.y) if own.w is None else own.w.sum(dtype=float)
    mean = 0.0
    if weight:
        batches = SequentialBatches(own.X, own.y, own.w, n, theta.dtype)
        ws = Workspace.empty(arch, batches.batch_size, theta.dtype)
        mean = evaluate(arch, params, ws, batches, arch.loss)[0]
    if not data.is_shared:
        return mean
    means, weights = zip(*data.exchange((mean, weight)), strict=True)
    return float(np.average(means, weights=weights))


def _losses_and_scores(losses: list[Any], z: Any, y: Any, w: Any) -> Any:
    """Return the loss and the score of each member, (2, members).

    The losses differ at most in what they know about the targets, which only the score needs.
    """
    one = losses[0]
    if hasattr(one, "each"):
        mean = one.each(z, y, w)  # of all members in one call
    else:
        mean = [loss.forward(*of_one) for loss, *of_one in zip(losses, z, y, w, strict=True)]
    if hasattr(one, "each_score"):
        score = one.each_score(z, y, w)
    else:
        score = [loss.score(*of_one) for loss, *of_one in zip(losses, z, y, w, strict=True)]
    return np.array([mean, score])


class _Passes:
    """Iterates over passes of all members through the validation rows, some rows at a time.

    A pass is ``(z, y, w, weights)``, each with an entry for every member: logits, targets, weights
    of sum 1, and the weight of these rows.

    Parameters
    ----------
    arch : Architecture
        The network in training.
    theta : ndarray of shape (P,)
        The parameters of all members, which training changes in place.
    validation : ValidationRows
    scaling : Scaling or None
    """

    def __init__(
        self,
        arch: Architecture,
        theta: NDArray[Any],
        validation: ValidationRows,
        scaling: Scaling | None,
    ) -> None:
        (data, rows), dtype, loss = validation, theta.dtype, arch.loss.for_prediction()
        own = np.atleast_2d(rows)  # all members share the user's validation set
        weights = [None] * len(own) if data.w is None else data.w[own]
        known: list[Loss] = [*map(loss.for_validation, data.y[own], weights)]
        self.losses = known * (arch.members // len(known))
        self.arch = arch = replace(arch, loss=loss, dropout=())
        self.params = views(theta, arch.sizes, arch.members)
        self.have_same_rows = arch.members > 1 and rows.ndim == 1
        n = min(rows.shape[-1], max(32, rows_per_buffer(arch, data.X) // arch.members))
        self._ws = Workspace.empty(arch, n, dtype)
        self._batches, each = data.passes(rows, n, dtype, scaling)
        starts = np.arange(0, each.shape[-1], n)
        sums = np.add.reduceat(np.atleast_2d(each), starts, axis=-1).T
        self.weights = np.broadcast_to(sums, (len(sums), arch.members))

    def __iter__(self) -> Iterator[tuple[Any, Any, Any, Any]]:
        return self.of(self.params)

    def of(self, params: Parameters) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Yield the passes with other parameters."""
        for (X, y, w, _), weights in zip(self._batches, self.weights, strict=True):
            here = self._ws.head(X.shape[-2])
            forward(self.arch, params, here, X)
            z = here.z[-1] if self.arch.members > 1 else here.z[-1][None]
            if w.ndim == 1:  # all members, or the only one, have these rows
                y, w = (np.broadcast_to(array, (len(z), *array.shape)) for array in (y, w))
            yield z, y, w, weights


class _Logits:
    """Iterates over logits, targets and weights: see ``Evaluator.temperature``."""

    def __init__(self, passes: _Passes, params: Parameters) -> None:
        self._passes, self._params = passes, params

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        for z, y, w, weights in self._passes.of(self._params):
            if self._passes.have_same_rows:
                yield z.mean(axis=0, dtype=np.float64), y[0], w[0] * weights[0]
            else:
                for i, weight in enumerate(weights):
                    yield z[i].astype(np.float64), y[i], w[i] * weight


def fit_temperature(
    loss: Loss, logits: Iterable[tuple[Any, Any, Any]], total: Callable[[Any], Any] = float
) -> float:
    """Return the temperature T at which ``loss`` of the logits z / T is lowest.

    A penalty ``10 (log T)²`` on the summed loss keeps T close to 1 if there are few rows.

    Parameters
    ----------
    loss : Loss
    logits : iterable of (z, y, w)
        Some rows at a time; every iteration of the optimizer goes through all rows. z, of shape
        (n, q) in float64, are the logits of rows that the network was not trained on. y, of shape
        (n,) or (n, q), are their targets. w, of shape (n,), are their weights. y and w may be
        overwritten when the next rows are requested.
    total : callable, optional
        Returns the sum of a loss over all ranks that share the rows.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger (2017). On calibration of modern neural networks.

    Examples
    --------
    Nine of ten predictions are right, so the logit should be log 9 instead of 6.

    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.training.validation import fit_temperature
    >>> z, y = np.full((10000, 1), 6.0), np.array([[1.0]] * 9000 + [[0.0]] * 1000)
    >>> T = fit_temperature(LogisticCrossEntropy(), [(z, y, np.ones(10000))])
    >>> round(6 / T, 1), round(float(np.log(9)), 1)
    (2.2, 2.2)
    """
    logits = _kept(logits)

    def objective(log_T: float) -> float:
        own = sum(loss.forward(z * np.exp(-log_T), y, w) for z, y, w in logits)
        return float(total(own) + PULL * log_T**2)

    bounds = -FURTHEST, FURTHEST
    return float(np.exp(optimize.minimize_scalar(objective, bounds=bounds, method="bounded").x))


def _kept(logits: Iterable[tuple[Any, Any, Any]]) -> Iterable[tuple[Any, Any, Any]]:
    """Return the logits as a list if they are few, otherwise unchanged."""
    kept, n = [], 0
    for z, y, w in logits:
        n += z.size
        if n > KEPT:
            return logits
        kept.append((z, y.copy(), w.copy()))
    return kept
