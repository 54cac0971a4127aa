"""The training loop: the gradient of a batch, one epoch, and the mean loss of some rows.

``train_epoch`` is the one function that another implementation of training, such as a compiled
loop, has to replace. ``docs/design.md`` says what it promises.
"""

import math
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from time import perf_counter
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from skscratch.core.losses import Loss
from skscratch.core.network import (
    Architecture,
    Gradient,
    Parameters,
    Workspace,
    backward,
    forward,
    trainable_slices,
)
from skscratch.core.optimizers import EMA, Optimizer, OptimizerState
from skscratch.training.config import Stochastic, TrainingConfig
from skscratch.training.data import Batch, Dataset, ShuffledBatches
from skscratch.training.outcome import Diverged, Hooks
from skscratch.training.state import TrainingState

__all__ = [
    "LEAST_ROWS",
    "EpochRunner",
    "Network",
    "evaluate",
    "l2_strength",
    "loss_and_gradient",
    "runner_class",
    "train_epoch",
    "train_one_epoch",
]

# With 20 rows, every solver can learn the exclusive or of two inputs in spite of the penalty, and
# the penalty still regularises a fit to three rows of iris.
LEAST_ROWS = 20
# One call of partial_fit gets a part of the data: a small call does not mean small data.
LEAST_ROWS_OF_A_CALL = 200
# The history is cut to this length, so that many calls of partial_fit cannot fill the memory.
EPOCHS_REMEMBERED = 200


class Network(NamedTuple):
    """An architecture, its parameters, and the buffers of both passes.

    ``rng`` draws the dropout masks; an architecture without dropout needs none.
    """

    arch: Architecture
    params: Parameters
    ws: Workspace
    grad: Gradient
    rng: Any = None

    @classmethod
    def empty(cls, arch: Architecture, params: Parameters, n: int, rng: Any = None) -> Self:
        """Return a network with new buffers for batches of up to n rows."""
        dtype = params.weights[0].dtype
        return cls(
            arch, params, Workspace.empty(arch, n, dtype), Gradient.empty(arch, n, dtype), rng
        )


def loss_and_gradient(network: Network, X: Any, y: Any, w: Any) -> float:
    """Fill ``network.grad`` with the gradient of the batch's mean loss; return that loss.

    The loss is summed over members.
    """
    arch, params, ws, grad, rng = network
    n = X.shape[-2]
    if n != grad.ones.shape[0]:
        ws, grad = ws.head(n), grad.head(n)
    forward(arch, params, ws, X, rng)
    output = ws.z[-1]
    loss = arch.loss.forward(output, y, w)
    arch.loss.backward(output, y, w)
    backward(arch, params, ws, grad, X, output)
    return loss


def train_epoch(network: Network, optimizer: Optimizer, batches: Iterable[Batch]) -> float:
    """Take one step per batch; return the mean loss per member, measured before each step.

    A loss that is not finite ends the epoch immediately and is returned.

    Examples
    --------
    Logistic regression on four points, put together by hand:

    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture, allocate
    >>> from skscratch.core.optimizers import GradientDescent, Optimizer
    >>> from skscratch.training.data import SequentialBatches
    >>> from skscratch.training.loop import Network, train_epoch
    >>> X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([[0.0], [0.0], [1.0], [1.0]])
    >>> arch = Architecture((1, 1), (), LogisticCrossEntropy())
    >>> theta, params = allocate(arch.sizes, np.float64)
    >>> network = Network.empty(arch, params, n=2)
    >>> optimizer = Optimizer(
    ...     GradientDescent(), lambda step: 1.0, theta, network.grad.g, n_weights=1
    ... )
    >>> batches = SequentialBatches(X, y, None, 2, np.float64)
    >>> [round(train_epoch(network, optimizer, batches), 2) for _ in range(3)]
    [0.57, 0.16, 0.11]
    """
    total = weights = 0.0
    for X, y, w, weight in batches:
        loss = loss_and_gradient(network, X, y, w)
        if not math.isfinite(loss):
            return loss
        optimizer.step()
        total += weight * loss
        weights += weight
    return total / weights / network.arch.members


def evaluate(
    arch: Architecture, params: Parameters, ws: Workspace, batches: Iterable[Batch], loss: Loss
) -> tuple[float, float]:
    """Return the mean loss and the mean score of one network, without dropout.

    ``loss`` is used instead of the loss of the architecture: it may hold statistics of all targets.
    """
    total = score = weights = 0.0
    for X, y, w, weight in batches:
        here = ws.head(X.shape[0])
        forward(arch, params, here, X)
        total += weight * loss.forward(here.z[-1], y, w)
        score += weight * loss.score(here.z[-1], y, w)
        weights += weight
    return total / weights, score / weights


def l2_strength(alpha: float, n_rows: float, least: int = LEAST_ROWS) -> float:
    """Return the strength l2 of the penalty ½ · l2 · ‖W‖² on the mean loss.

    ``alpha`` is the strength in units of one training row. Fewer than ``least`` rows count as
    ``least``, because a handful of rows could not outweigh the penalty.

    Examples
    --------
    >>> from skscratch.training.loop import l2_strength
    >>> l2_strength(1.0, n_rows=1000), l2_strength(1.0, n_rows=4)
    (0.001, 0.05)
    """
    return alpha / max(n_rows, least)


def runner_class(options: Stochastic, members: int, data: Dataset) -> "type[EpochRunner]":
    """Return the class that trains the members: in this thread, in workers, or over ranks."""
    if data.is_shared:
        from skscratch.training.ranks import RankRunner

        return RankRunner
    if options.n_jobs not in (None, 1) and members > 1:
        from skscratch.training.workers import WorkersRunner, n_workers

        if n_workers(options.n_jobs, members) > 1:
            return WorkersRunner
    return EpochRunner


class EpochRunner:
    """Trains on some rows, one epoch at a time.

    Parameters
    ----------
    config : TrainingConfig
    options : Stochastic
        The optimizer of config.
    state : TrainingState
        Updated after every epoch. The optimizer state is continued if the rule has the same class.
    data : Dataset
    rows : ndarray of int of shape (n,) or (members, n)
    batch_size : int
    least_rows : int
        Fewer rows than this count as this many in the penalty.

    Attributes
    ----------
    current : ndarray of shape (P,)
        The parameters to predict with now: the moving average if there is one, or theta.
    working : context manager
        The context to train in.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture, allocate
    >>> from skscratch.core.optimizers import GradientDescent
    >>> from skscratch.core.schedules import Constant
    >>> from skscratch.training.config import Stochastic, TrainingConfig
    >>> from skscratch.training.data import Dataset
    >>> from skscratch.training.loop import EpochRunner
    >>> from skscratch.training.state import TrainingState
    >>> X, y, loss = np.array([[-1.0], [1.0]]), np.array([[0.0], [1.0]]), LogisticCrossEntropy()
    >>> arch, rng = Architecture((1, 1), (), loss), np.random.default_rng(0)
    >>> state = TrainingState(arch, *allocate(arch.sizes, np.float64), 0, rng, rng)
    >>> data = Dataset(X, y, None, X.dtype, loss, 1, y, None)
    >>> options = Stochastic(GradientDescent(), Constant(1.0), batch_size=2)
    >>> config = TrainingConfig(arch, (), X.dtype, options)
    >>> runner = EpochRunner(config, options, state, data, np.arange(2), 2)
    >>> [round(runner.epoch(), 2) for _ in range(3)]
    [0.69, 0.47, 0.35]
    """

    def __init__(
        self,
        config: TrainingConfig,
        options: Stochastic,
        state: TrainingState,
        data: Dataset,
        rows: NDArray[np.intp],
        batch_size: int,
        least_rows: int = LEAST_ROWS,
    ) -> None:
        self.options, self.data = options, data
        self.working: AbstractContextManager[Any] = nullcontext()
        self.state, theta, decay = state, state.theta, options.ema_decay
        n_rows = rows.shape[-1] if data.w is None else data.w[rows].sum(axis=-1, dtype=float)
        self.l2 = l2_strength(config.alpha, float(np.mean(n_rows)), least_rows)
        n_weights = sum(W.size for W in state.params.weights)
        self.network, self.batches = self._allocate(batch_size, rows)
        trained, self.weights = None, [slice(0, n_weights)]
        if not all(state.arch.trainable):
            trained = trainable_slices(state.arch)
            self.weights = trainable_slices(state.arch, biases=False)
        if decay and state.ema is None:
            # after earlier epochs, the start must outweigh the first steps of a new optimizer
            n = math.ceil(10 / (1 - decay)) if state.n_epochs else 0
            state.ema = EMA(theta, decay, theta.copy(), n)
        if trained is not None and state.ema is not None:
            # a frozen layer keeps its published values: the average, also of an earlier training
            frozen = np.ones(theta.size, bool)
            for part in trained:
                frozen[part] = False
            theta[frozen] = state.ema.mean[frozen]
        state.optimizer = OptimizerState.start(options.rule, theta, state.optimizer)
        self.optimizer = Optimizer(
            options.rule,
            options.schedule,
            theta,
            self.network.grad.g,
            n_weights,
            l2=self.l2,
            weight_decay=options.weight_decay,
            # the norm of the gradient of all members grows with the root of their number
            max_norm=options.max_grad_norm * math.sqrt(state.arch.members),
            state=state.optimizer,
            ema=state.ema,
            trainable=trained,
        )
        self.current = theta if state.ema is None else state.ema.mean

    def _allocate(self, batch_size: int, rows: Any) -> tuple[Network, Any]:
        """Return the network with its buffers, and the batches of an epoch."""
        data, state, n = self.data, self.state, min(batch_size, rows.shape[-1])
        network = Network.empty(state.arch, state.params, n, state.dropout)
        rng, dtype = state.shuffle if self.options.shuffle else None, state.theta.dtype
        return network, ShuffledBatches(
            data.X, data.y, data.w, batch_size, dtype, rows, rng, state.scaling
        )

    def epoch(self, max_updates: int | None = None) -> float:
        """Train for one epoch; return its mean loss over batches plus the penalty at its start.

        An epoch that ends with a loss or parameters that are not finite is not recorded. The value
        returned is then not finite.
        """
        state, optimizer, start = self.state, self.optimizer, perf_counter()
        updates, n_before, optimizer.norms = optimizer.state, optimizer.state.n_updates, 0.0
        members = state.arch.members
        weights = [state.theta[part] for part in self.weights]
        penalty = 0.5 * self.l2 * sum(float(W @ W) for W in weights) / members
        loss = self.take_steps(max_updates)
        # the squared norm of theta overflows long before predictions do
        if not (math.isfinite(loss + penalty) and math.isfinite(state.theta @ state.theta)):
            return math.nan
        n = updates.n_updates - n_before
        state.n_samples_seen += min(n * self.batches.batch_size, self.batches.rows.shape[-1])
        state.record(
            loss,
            penalty,
            learning_rate=optimizer.schedule(updates.n_updates - 1) * updates.lr_multiplier,
            gradient_norm=optimizer.norms / n / math.sqrt(members),
            seconds=perf_counter() - start,
        )
        return loss + penalty

    def take_steps(self, max_updates: int | None) -> float:
        """Take the steps of an epoch; return the mean loss, as ``train_epoch`` does."""
        batches = self.batches if max_updates is None else islice(self.batches, max_updates)
        return train_epoch(self.network, self.optimizer, batches)

    def after_plateau(self) -> bool:
        """Tell the schedule that the loss has stalled; return True if it sets the rate to 0."""
        updates = self.optimizer.state
        updates.lr_multiplier = self.optimizer.schedule.after_plateau(updates.lr_multiplier)
        return bool(updates.lr_multiplier == 0)


def train_one_epoch(
    config: TrainingConfig, options: Stochastic, state: TrainingState, data: Dataset, hooks: Hooks
) -> None:
    """Train for one epoch, as ``partial_fit`` does.

    Raises
    ------
    Diverged
        If the loss or a parameter becomes non-finite.
    """
    rows = data.weighted_rows()
    runner = runner_class(options, 1, data)(
        config, options, state, data, rows, options.batch_size, LEAST_ROWS_OF_A_CALL
    )
    hooks.begin_epoch(state)
    if not math.isfinite(runner.epoch()):
        raise Diverged(state.n_epochs + 1)
    state.history.keep_last(EPOCHS_REMEMBERED)
    hooks.end_epoch(state)
