"""Validation rows: how they are chosen, the loss and score on them, and the temperature."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from skscratch.core.losses import Loss
from skscratch.core.network import Architecture, Parameters, Workspace, forward, views
from skscratch.training.config import EarlyStopping, Scorer
from skscratch.training.data import (
    Dataset,
    SequentialBatches,
    ShuffledBatches,
    stratified_holdout,
)
from skscratch.training.folding import split_members
from skscratch.training.loop import evaluate
from skscratch.training.state import Streams, TrainingState
from skscratch.training.threads import rows_per_buffer

__all__ = ["Evaluator", "ValidationRows", "fit_temperature", "mean_loss", "split", "users_own"]

# The penalty on log T, in the unit of the summed loss, and the bound of |log T|. A few rows must
# not move T far.
PULL = 10.0
FURTHEST = 1.5
# This many logits are kept between two evaluations; more are computed each time.
KEPT = 2**19


class ValidationRows(NamedTuple):
    """The rows to validate on: (n,), or (members, n) where each member has its own."""

    data: Dataset
    rows: NDArray[np.intp]


def users_own(data: Dataset) -> ValidationRows | None:
    """Return the validation set that the user has passed, if any."""
    own = data.validation
    return None if own is None else ValidationRows(own, own.weighted_rows())


def split(
    early_stopping: EarlyStopping | None, state: TrainingState, data: Dataset
) -> tuple[NDArray[np.intp], ValidationRows | None]:
    """Return the rows to train on and those to validate on, if any.

    With several members, the arrays have a row for each. All members share the user's validation
    set, but each holds out rows of its own.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture, allocate
    >>> from skscratch.training.config import EarlyStopping
    >>> from skscratch.training.data import Dataset
    >>> from skscratch.training.state import TrainingState
    >>> from skscratch.training.validation import split
    >>> loss, y, rng = LogisticCrossEntropy(), np.zeros((20, 1)), np.random.default_rng(0)
    >>> arch = Architecture((1, 1), (), loss)
    >>> state = TrainingState(arch, *allocate(arch.sizes, np.float64), 0, rng, rng)
    >>> data = Dataset(y, y, None, np.dtype(float), loss, 1, y, None)
    >>> rows, validation = split(EarlyStopping(0.25, 0, False, None), state, data)
    >>> len(rows), len(validation.rows)
    (15, 5)
    """
    members, rows, own = state.arch.members, data.weighted_rows(), users_own(data)
    if early_stopping is None or early_stopping.validation_fraction is None or own is not None:
        return rows if members == 1 else np.broadcast_to(rows, (members, len(rows))), own
    strata = np.zeros(len(rows), int) if data.strata is None else data.strata[rows]
    fraction, rng = early_stopping.validation_fraction, Streams.of_seed(state.seed).holdout
    kept, held_out = stratified_holdout(strata, fraction, rng, members)
    if members == 1:
        kept, held_out = kept[0], held_out[0]
    return rows[kept], ValidationRows(data, rows[held_out])


class Evaluator:
    """Evaluates each member of a run on its validation rows.

    Parameters
    ----------
    state : TrainingState
        Its history is written after every epoch.
    validation : ValidationRows
    scorer : Scorer or None
        By its score members are compared; without it by the loss, and the score is that of the
        loss.
    theta : ndarray of shape (P,), optional
        The parameters to evaluate, which training changes in place; by default the current ones of
        the run.
    """

    def __init__(
        self,
        state: TrainingState,
        validation: ValidationRows,
        scorer: Scorer | None,
        theta: NDArray[Any] | None = None,
    ) -> None:
        self.state, self._scores = state, list[Callable[[Parameters], float]]()
        self.theta = state.current if theta is None else theta
        members, rows = state.arch.members, np.atleast_2d(validation.rows)
        X, y, w = validation.data.X, validation.data.y, validation.data.w
        n, dtype = rows_per_buffer(state.arch, X), state.theta.dtype
        batches = [ShuffledBatches(X, y, w, n, dtype, own, None, state.scaling) for own in rows]
        # the user's rows are those of all members
        self._batches: Sequence[ShuffledBatches] = batches * (members // len(batches))
        if scorer is not None:
            scores = [scorer.on(validation.data, own) for own in rows]
            self._scores = scores * (members // len(scores))
        self._arch = replace(state.arch.for_prediction(), members=1)
        self._current = self._members(self.theta)
        self._ws = Workspace.empty(self._arch, batches[0].batch_size, dtype)

    def evaluate(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Record the mean loss and the mean score of the members after another epoch.

        Returns
        -------
        watched : ndarray of shape (members,)
            What is to fall: the loss, or the negative score.
        scores : ndarray of shape (members,)
        """
        losses, scores = np.transpose(
            [
                evaluate(self._arch, params, self._ws, batches)
                for params, batches in zip(self._current, self._batches, strict=True)
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
        members, batches = self._members(theta), self._batches
        groups = [([params], own) for params, own in zip(members, batches, strict=True)]
        if batches[0] is batches[-1]:
            groups = [(members, batches[0])]
        return fit_temperature(self._arch.loss, _Logits(self._arch, self._ws, groups))

    def _members(self, theta: Any) -> list[Parameters]:
        arch = self.state.arch
        return split_members(views(theta, arch.sizes, arch.members), arch.members)


def mean_loss(state: TrainingState, data: Dataset, theta: Any) -> float:
    """Return the mean loss, on all rows, of the one network that parameters theta make."""
    arch, params = state.network(theta)
    # a loss needs as much memory again as the buffers: less than training, for which they are sized
    n = max(32, rows_per_buffer(arch, data.X) // 8)
    batches = SequentialBatches(data.X, data.y, data.w, n, theta.dtype)
    ws = Workspace.empty(arch, batches.batch_size, theta.dtype)
    return evaluate(arch, params, ws, batches)[0]


class _Logits:
    """Iterates over some rows at a time: their logits, targets and weights.

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

    A penalty ``10 (log T)²`` on the summed loss holds T close to 1 where there are few rows.

    Parameters
    ----------
    loss : Loss
    logits : iterable of (z, y, w)
        Some rows at a time, and again at each iteration: z of shape (n, q), in float64, the logits
        of rows that the network was not trained on; y of shape (n,) or (n, q), their targets; w of
        shape (n,), their weights. y and w may be overwritten when the next rows are asked for.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger (2017). On calibration of modern neural networks.

    Examples
    --------
    Nine rows of ten are right: that is a logit of log 9, not of 6.

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
    """Return the logits in a list, if there are few of them."""
    kept, n = [], 0
    for z, y, w in logits:
        n += z.size
        if n > KEPT:
            return logits
        kept.append((z, y.copy(), w.copy()))
    return kept
