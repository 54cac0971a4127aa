"""An epoch whose members are divided among joblib workers.

The state of training stays whole in the main process. In each epoch, every worker gets the state of
its part of the members, trains them on all batches and returns the state. A worker keeps nothing
from epoch to epoch but, in a process without shared memory, the data.

A member's numbers never depend on the other members, so the result is the same to the bit for every
number of workers. The one exception is the norm of the gradient in the history, which is rounded
differently.
"""

import math
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pickle import PicklingError
from typing import Any, NamedTuple

import joblib
import numpy as np
from joblib.parallel import get_active_backend

from skscratch.core.network import (
    Architecture,
    Gradient,
    Parameters,
    Workspace,
    trainable_slices,
    views,
)
from skscratch.core.optimizers import EMA, Optimizer, OptimizerState
from skscratch.core.regression_losses import summed
from skscratch.training.config import Stochastic
from skscratch.training.data import Batch, ShuffledBatches, sums
from skscratch.training.loop import EpochRunner, Network, train_epoch
from skscratch.training.orphans import end_with
from skscratch.training.scaling import Scaling
from skscratch.training.threads import limited_blas_threads

__all__ = ["WorkersRunner", "gather", "n_workers", "scatter"]


def n_workers(n_jobs: int | None, members: int) -> int:
    """Return the number of workers to divide the members among; 1 for no division.

    A fit that runs in a worker of joblib itself, such as one of a search, is not divided further.
    Dask is an exception: its scheduler divides the workers among all tasks.

    Examples
    --------
    >>> from skscratch.training.workers import n_workers
    >>> n_workers(None, members=8), n_workers(8, members=2)
    (1, 2)
    """
    if n_jobs is None or n_jobs == 1 or members == 1:
        return 1
    backend, _ = get_active_backend()
    if (backend.nesting_level or 0) > 0:
        return 1
    return min(members, int(joblib.effective_n_jobs(n_jobs)))


def _by_member(flat: Any, sizes: tuple[int, ...], members: int) -> Parameters:
    """Return the arrays in a flat vector, with a leading member axis even for one member."""
    params = views(flat, sizes, members)
    return params if members > 1 else _with_axis(params)


def _with_axis(arrays: Any) -> Any:
    """Return a tuple of lists of arrays, or of None, with a leading member axis of length 1."""
    return type(arrays)(*([None if a is None else a[None] for a in part] for part in arrays))


def scatter(flat: Any, arch: Architecture, part: slice) -> Any:
    """Return the flat vector of some members, a copy.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture
    >>> from skscratch.training.workers import gather, scatter
    >>> arch = Architecture((1, 1), (), LogisticCrossEntropy(), members=3)
    >>> flat = np.arange(6.0)
    >>> some = scatter(flat, arch, slice(1, 3))
    >>> some
    array([1., 2., 4., 5.])
    >>> gather(10 * some, flat, arch, slice(1, 3))
    >>> flat
    array([ 0., 10., 20.,  3., 40., 50.])
    """
    weights, biases = _by_member(flat, arch.sizes, arch.members)
    return np.concatenate([array[part].ravel() for array in (*weights, *biases)])


def gather(some: Any, flat: Any, arch: Architecture, part: slice) -> None:
    """Write the flat vector of some members into that of all."""
    own = _by_member(some, arch.sizes, part.stop - part.start)
    for whole, arrays in zip(_by_member(flat, arch.sizes, arch.members), own, strict=True):
        for array, new in zip(whole, arrays, strict=True):
            array[part] = new


class Task(NamedTuple):
    """The settings of a worker that stay the same in all epochs, without the arrays of the data.

    ``arch`` is that of all members, and ``part`` are those of the worker.
    """

    arch: Architecture
    part: slice
    options: Stochastic
    batch_size: int
    l2: float
    scaling: Scaling | None
    main_process: int

    @property
    def members(self) -> int:
        """The number of members of the worker."""
        return int(self.part.stop - self.part.start)


class Learned(NamedTuple):
    """The state that an epoch changes: vectors of some members, counters and random streams."""

    theta: Any
    slots: list[Any]
    mean: Any
    n_averaged: int
    n_updates: int
    lr_multiplier: float
    shuffle: dict[str, Any]
    dropout: dict[str, Any]


class Done(NamedTuple):
    """The result of a worker: of each step, losses and sums of weights (n_steps, members) and the
    squared norm of the gradient (n_steps,).
    """

    learned: Learned
    losses: Any
    weights: Any
    squares: Any
    warned: list[Any]


class _Noting:
    """A loss that notes the loss of each member, for a sum over all members later."""

    def __init__(self, loss: Any) -> None:
        self._loss, self.backward, self.losses = loss, loss.backward, list[Any]()

    def forward(self, z: Any, y: Any, w: Any) -> float:
        """Write the predictions; return the sum over members."""
        self.losses.append(self._loss.each(z, y, w))
        return summed(self.losses[-1])


class _PartOfStream:
    """A random stream whose draws are those of all members, of which some members get theirs."""

    def __init__(self, rng: np.random.Generator, part: slice, members: int) -> None:
        self._rng, self._part, self._members = rng, part, members

    def random(self, out: Any, dtype: Any) -> None:
        """Fill the array of some members."""
        of_all = np.empty((self._members, *out.shape[1:]), dtype)
        self._rng.random(out=of_all, dtype=dtype)
        out[...] = of_all[self._part]


def _stream(state: dict[str, Any]) -> np.random.Generator:
    """Return a generator in a state, of the kind that ``Streams`` has."""
    rng = np.random.default_rng(0)
    rng.bit_generator.state = state
    return rng


def train_part(X: Any, y: Any, w: Any, rows: Any, theta: Any, task: Task, learned: Learned) -> Done:
    """Train some members for an epoch. The arguments are left as they are."""
    # warnings are shown by the main process; a thread shares the filters of that process
    if os.getpid() == task.main_process:
        return _train_part(X, y, w, rows, theta, task, learned)
    end_with(task.main_process)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        done = _train_part(X, y, w, rows, theta, task, learned)
    return done._replace(warned=[(x.message, x.category, x.filename, x.lineno) for x in caught])


def _train_part(
    X: Any, y: Any, w: Any, rows: Any, theta: Any, task: Task, learned: Learned
) -> Done:
    arch, part, options = task.arch, task.part, task.options
    theta, slots = theta.copy(), [slot.copy() for slot in learned.slots]
    mean = None if learned.mean is None else learned.mean.copy()
    shuffle, dropout = _stream(learned.shuffle), _stream(learned.dropout)
    network = _network(task, theta, min(task.batch_size, rows.shape[-1]), dropout)
    updates = OptimizerState("", (), slots, learned.n_updates, learned.lr_multiplier)
    optimizer = Optimizer(
        options.rule,
        options.schedule,
        theta,
        network.grad.g,
        sum(W.size for W in network.params.weights),
        l2=task.l2,
        weight_decay=options.weight_decay,
        state=updates,
        ema=None if mean is None else EMA(theta, options.ema_decay, mean, learned.n_averaged),
        trainable=trainable_slices(network.arch),
    )
    if options.shuffle:
        for _ in range(part.start):  # the draws for the members in front
            shuffle.shuffle(np.empty(rows.shape[-1], rows.dtype))
    rng = shuffle if options.shuffle else None
    batches = ShuffledBatches(X, y, w, task.batch_size, theta.dtype, rows, rng, task.scaling)
    squares: list[float] = []
    with np.errstate(all="ignore"), limited_blas_threads(1):
        train_epoch(network, optimizer, _noting(batches, optimizer, squares))
    if options.shuffle:
        for _ in range(part.stop, arch.members):
            shuffle.shuffle(np.empty(rows.shape[-1], rows.dtype))
    n_averaged = 0 if optimizer.ema is None else optimizer.ema.n
    states = shuffle.bit_generator.state, dropout.bit_generator.state
    counters = n_averaged, updates.n_updates, updates.lr_multiplier
    learned = Learned(theta, slots, mean, *counters, *states)  # type: ignore[arg-type]
    losses = np.array(network.arch.loss.losses)  # type: ignore[attr-defined]
    weights = np.ones_like(losses) if w is None else _weights(batches, w)
    return Done(learned, losses, weights, np.array(squares), [])


def _weights(batches: ShuffledBatches, w: Any) -> Any:
    """Return the sum of each member's weights in each batch of the last epoch."""
    order, n = batches.order, batches.batch_size
    starts = range(0, order.shape[-1], n)
    return np.array([sums(w[order[:, i : i + n]])[:, 0] for i in starts])


def _network(task: Task, theta: Any, n: int, dropout: np.random.Generator) -> Network:
    """Return the network of some members, with a member axis even for one member."""
    members, whole = task.members, task.arch
    loss: Any = _Noting(whole.loss)
    arch = replace(whole, loss=loss, members=members)
    params = views(theta, arch.sizes, members)
    ws, grad = Workspace.empty(arch, n, theta.dtype), Gradient.empty(arch, n, theta.dtype)
    if members == 1:
        params, ws = _with_axis(params), _with_axis(ws)
        weights, biases, delta = ([a[None] for a in part] for part in grad[1:4])
        grad = grad._replace(weights=weights, biases=biases, delta=delta)
    rng = _PartOfStream(dropout, task.part, whole.members) if any(whole.dropout) else None
    return Network(arch, params, ws, grad, rng)


def _noting(
    batches: ShuffledBatches, optimizer: Optimizer, squares: list[float]
) -> Iterator[Batch]:
    """Yield the batches; add the squared norm of the gradient after the step of each."""
    for batch in batches:
        yield batch
        squares.append(optimizer.norms**2)
        optimizer.norms = 0.0


class WorkersRunner(EpochRunner):
    """An ``EpochRunner`` that divides the members among joblib workers.

    ``options.n_jobs`` is the number of workers, at most that of the members. ``epoch`` must be
    called in the context ``working``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        arch, options, batches = self.state.arch, self.options, self.batches
        n = n_workers(options.n_jobs, arch.members)
        ends = [arch.members * i // n for i in range(n + 1)]
        self._tasks = [
            Task(arch, slice(a, b), options, batches.batch_size, self.l2, batches.scaling,
                 os.getpid())
            for a, b in pairwise(ends)
        ]  # fmt: skip
        # the same objects in every epoch: joblib writes a large array to a memory map once
        self._rows = [np.ascontiguousarray(batches.rows[task.part]) for task in self._tasks]
        # a batch of tasks would run in one worker
        self._parallel = joblib.Parallel(n_jobs=n, batch_size=1, pre_dispatch="all")
        self.working = self._parallel

    def take_steps(self, max_updates: int | None) -> float:
        """Take the steps of an epoch; return the mean loss, as ``train_epoch`` does."""
        data, parts = self.data, zip(self._tasks, self._rows, strict=True)
        one = joblib.delayed(train_part)
        calls = [
            one(self.batches.X, data.y, data.w, rows, self._part(self.state.theta, task), task,
                self._learned(task))
            for task, rows in parts
        ]  # fmt: skip
        try:
            done = self._parallel(calls)
        except PicklingError as error:
            raise ValueError(
                f"n_jobs={self.options.n_jobs} sends activations, the solver, the learning rate "
                f"and the loss to other processes, and pickle cannot store one of them: {error} "
                "Set n_jobs=None, or use classes and functions that are defined in a module."
            ) from error
        except Exception as error:
            if type(error).__name__ == "WorkerInterrupt":  # before joblib 1.3
                raise KeyboardInterrupt from error
            raise
        for part in done:
            for message, category, file, line in part.warned:
                warnings.warn_explicit(message, category, file, line)
        return self._gather(done)

    def _part(self, flat: Any, task: Task) -> Any:
        return scatter(flat, task.arch, task.part)

    def _learned(self, task: Task) -> Learned:
        """Return the state of a part at the start of an epoch."""
        state, updates = self.state, self.optimizer.state
        ema = state.ema
        return Learned(
            None,
            [self._part(slot, task) for slot in updates.slots],
            None if ema is None else self._part(ema.mean, task),
            0 if ema is None else ema.n,
            updates.n_updates,
            updates.lr_multiplier,
            dict(state.shuffle.bit_generator.state),
            dict(state.dropout.bit_generator.state),
        )

    def _gather(self, done: list[Done]) -> float:
        """Write the state of all parts into the whole; return the mean loss."""
        state, updates = self.state, self.optimizer.state
        for task, part in zip(self._tasks, done, strict=True):
            pairs = [(part.learned.theta, state.theta)]
            pairs += zip(part.learned.slots, updates.slots, strict=True)
            if state.ema is not None:
                pairs.append((part.learned.mean, state.ema.mean))
            for some, whole in pairs:
                gather(some, whole, state.arch, task.part)
        learned = done[-1].learned  # all parts count and draw the same
        updates.n_updates, updates.lr_multiplier = learned.n_updates, learned.lr_multiplier
        if state.ema is not None:
            state.ema.n = learned.n_averaged
        state.shuffle.bit_generator.state = learned.shuffle
        state.dropout.bit_generator.state = learned.dropout
        if not all(np.isfinite(part.losses).all() for part in done):
            return math.nan
        squares = np.sum([part.squares for part in done], axis=0)
        self.optimizer.norms = float(np.sqrt(squares).sum())
        return self._mean(done)

    def _mean(self, done: list[Done]) -> float:
        """Return the mean loss, summed as ``train_epoch`` sums it."""
        losses, weights = (
            np.concatenate([getattr(part, name) for part in done], axis=1).tolist()
            for name in ("losses", "weights")
        )
        n, (members, n_rows) = self.batches.batch_size, self.batches.rows.shape
        total = sum_of_weights = 0.0
        for i, (of_each, each) in enumerate(zip(losses, weights, strict=True)):
            weight = math.fsum(each)
            if self.data.w is None:
                weight = float(members * min(n, n_rows - i * n))
            total += weight * sum(of_each)
            sum_of_weights += weight
        return float(total / sum_of_weights / members)
