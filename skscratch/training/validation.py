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
from skscratch.training.data import (
    Dataset,
    SequentialBatches,
    ShuffledBatches,
    ValidationRows,
)
from skscratch.training.loop import evaluate
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
        self.state, self.theta = state, theta
        members, rows = state.arch.members, np.atleast_2d(validation.rows)
        X, y, w = validation.data.X, validation.data.y, validation.data.w
        n_each = members // len(rows)  # the user's rows are those of all members
        loss = state.arch.loss.for_prediction()
        self._losses: list[Loss] = []
        for own in rows:
            known = loss.for_validation(y[own], None if w is None else w[own])
            self._losses += [known] * n_each
        self._arch = replace(state.arch, loss=loss, dropout=(), members=1)
        self._current = split_members(views(theta, state.arch.sizes, members), members)
        n, dtype = rows_per_buffer(state.arch, X), theta.dtype
        self._ws = Workspace.empty(self._arch, min(n, rows.shape[-1]), dtype)
        self._batches: list[ShuffledBatches] = []
        for own in rows:
            batches = ShuffledBatches(X, y, w, n, dtype, own, None, state.scaling)
            self._batches += [batches] * n_each
        self._scores: list[Callable[[Parameters], float]] = []
        if scorer is not None:
            scores = [scorer.on(validation.data, own) for own in rows]
            self._scores = scores * (members // len(scores))

    def evaluate(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Record the mean loss and the mean score of the members after another epoch.

        Returns
        -------
        watched : ndarray of shape (members,)
            The values to minimise: the loss, or the negative score.
        scores : ndarray of shape (members,)
        """
        losses, scores = np.transpose(
            [
                evaluate(self._arch, params, self._ws, batches, loss)
                for params, batches, loss in zip(
                    self._current, self._batches, self._losses, strict=True
                )
            ]
        )
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
        arch, batches = self.state.arch, self._batches
        members = split_members(views(theta, arch.sizes, arch.members), arch.members)
        groups = [([params], own) for params, own in zip(members, batches, strict=True)]
        if batches[0] is batches[-1]:
            groups = [(members, batches[0])]
        return fit_temperature(self._arch.loss, _Logits(self._arch, self._ws, groups))


def mean_loss(state: TrainingState, data: Dataset, theta: Any) -> float:
    """Return the mean loss, on all rows, of the merged network with parameters theta."""
    arch, params = state.network(theta, targets=False)  # data.y is scaled
    # a loss doubles the memory of the buffers; with fewer rows, both need less than training
    n = max(32, rows_per_buffer(arch, data.X) // 8)
    batches = SequentialBatches(data.X, data.y, data.w, n, theta.dtype)
    ws = Workspace.empty(arch, batches.batch_size, theta.dtype)
    return evaluate(arch, params, ws, batches, arch.loss)[0]


class _Logits:
    """Iterates over logits, targets and weights, some rows at a time.

    Parameters
    ----------
    arch : Architecture
    ws : Workspace
    groups : list of (list of Parameters, batches)
        The logits of rows are the mean over the networks of their group.
    """

    def __init__(self, arch: Architecture, ws: Workspace, groups: Any) -> None:
        self._arch, self._ws, self._groups = arch, ws, groups

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        for networks, batches in self._groups:
            for X, y, w, weight in batches:
                here = self._ws.head(X.shape[0])
                z = np.zeros_like(here.z[-1], np.float64)
                for params in networks:
                    forward(self._arch, params, here, X)
                    z += here.z[-1]
                z /= len(networks)
                yield z, y, w * np.float64(weight)


def fit_temperature(loss: Loss, logits: Iterable[tuple[Any, Any, Any]]) -> float:
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
        total = sum(loss.forward(z * np.exp(-log_T), y, w) for z, y, w in logits)
        return float(total + PULL * log_T**2)

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
