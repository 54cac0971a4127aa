"""Training on rows that ranks share: each takes its own rows of every batch, and sums are reduced.

All ranks have the same parameters, the same random streams and the same order of rows. So the
batches are those of one process. The gradient of a batch is the sum of the gradients of its parts,
because a loss is a sum over rows with weights that are known to all.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscratch.core.network import views
from skscratch.training.data import Batch, Dataset, sums
from skscratch.training.loop import EpochRunner, Network, loss_and_gradient
from skscratch.training.scaling import Scaling

__all__ = ["RankRunner", "own_passes", "own_places"]


def own_places(rows: NDArray[np.intp], own: slice) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the places of a rank's rows in a batch, and which of them are its rows.

    Parameters
    ----------
    rows : ndarray of int of shape (n,) or (members, n)
        The rows of the batch.
    own : slice
        The rows of the rank.

    Returns
    -------
    places : ndarray of int of shape (k,) or (members, k)
        In ascending order. A member with fewer than k such rows gets places of other rows as well.
    is_own : ndarray of bool, like places

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.ranks import own_places
    >>> own_places(np.array([[5, 0, 4], [1, 2, 4]]), slice(4, 8))
    (array([[0, 2],
           [2, 0]]), array([[ True,  True],
           [ True, False]]))
    """
    inside = (own.start <= rows) & (rows < own.stop)
    if rows.ndim == 1:
        places = np.flatnonzero(inside)
        return places, np.ones(places.shape, bool)
    counts = inside.sum(axis=-1, keepdims=True)
    places = np.argsort(~inside, axis=-1, kind="stable")[:, : counts.max()]
    return places, np.arange(places.shape[-1]) < counts


class _Gathered:
    """Copies rows of a rank into a buffer of size ``n_numbers``, cast and scaled."""

    def __init__(self, data: Dataset, n_numbers: int, dtype: Any, scaling: Scaling | None) -> None:
        self._data, self._dtype, self._scaling = data, dtype, scaling
        self._memory = np.empty(n_numbers, data.X.local.dtype)

    def of(self, rows: Any) -> tuple[Any, Any]:
        """Return X and the targets of some rows; X of another rank's row is that of any own row."""
        data = self._data
        local, shape = data.X.local, (*rows.shape, data.X.shape[1])
        X = self._memory[: math.prod(shape)].reshape(shape)
        local.take(rows - data.X.own.start, 0, X, "clip")
        X = X.astype(self._dtype, copy=False)
        if self._scaling is not None:
            self._scaling.apply(X)
        y = data.y[rows]
        return X, y if data.y.ndim == 1 else y.astype(self._dtype, copy=False)


class _OwnBatches:
    """A rank's rows of every batch. The batches are those of a fit in one process.

    The weights of a batch have the sum 1 over all ranks. Its ``weight`` is that of all ranks.

    Attributes
    ----------
    places : ndarray of int of shape (k,) or (members, k)
        The places of the last batch's rows in the batch of all ranks.
    n : int
        The number of rows of the last batch, over all ranks.
    """

    def __init__(
        self, data: Dataset, batch_size: int, dtype: Any, rows: Any, rng: Any, scaling: Any
    ) -> None:
        self._data, self.rows, self._rng = data, rows, rng
        self.batch_size, self._dtype = min(batch_size, rows.shape[-1]), dtype
        n_numbers = self.batch_size * rows[..., 0].size * data.X.shape[1]
        self._gathered = _Gathered(data, n_numbers, dtype, scaling)

    def __iter__(self) -> Iterator[Batch]:
        order, n = self.rows.copy(), self.batch_size
        if self._rng is not None:
            for of_member in order.reshape(-1, order.shape[-1]):
                self._rng.shuffle(of_member)
        for start in range(0, order.shape[-1], n):
            yield self._own(order[..., start : start + n])

    def _own(self, rows: Any) -> Batch:
        """Return the rows of this rank in a batch of all ranks."""
        data, self.n = self._data, rows.shape[-1]
        self.places, is_own = own_places(rows, data.X.own)
        weights = np.ones(rows.shape, self._dtype) if data.w is None else data.w[rows]
        total = sums(weights)
        own = np.take_along_axis(rows, self.places, -1)
        w = np.take_along_axis(weights / total, self.places, -1) * is_own
        X, y = self._gathered.of(own)
        return Batch(X, y, w.astype(self._dtype, copy=False), math.fsum(total.flat))


class _OwnMasks:
    """A random stream that draws for all rows of a batch; a rank uses the draws for its rows."""

    def __init__(self, rng: Any, batches: _OwnBatches) -> None:
        self._rng, self._batches = rng, batches

    def random(self, out: Any, dtype: Any) -> None:
        """Fill an array with a row per row of this rank and a column per unit."""
        drawn = self.drawn(out.shape[-1], dtype)
        out[...] = np.take_along_axis(drawn, np.expand_dims(self._batches.places, -1), -2)

    def drawn(self, width: int, dtype: Any) -> Any:
        """Return the numbers of all rows, for the units of one layer."""
        in_front = self._batches.rows.shape[:-1]
        return self._rng.random((*in_front, self._batches.n, width), dtype)


class RankRunner(EpochRunner):
    """An ``EpochRunner`` for a data set that ranks share."""

    batches: _OwnBatches

    def _allocate(self, batch_size: int, rows: Any) -> tuple[Network, _OwnBatches]:
        """Return the network, and the batches of an epoch.

        The gradient is followed by two words, so that one sum serves for all: the loss of the
        batch, and whether Ctrl-C waits on some rank.
        """
        state, theta = self.state, self.state.theta
        rng = state.shuffle if self.options.shuffle else None
        batches = _OwnBatches(self.data, batch_size, theta.dtype, rows, rng, state.scaling)
        masks = _OwnMasks(state.dropout, batches)
        network = Network.empty(state.arch, state.params, batches.batch_size, masks)
        self._reduced = np.zeros(theta.size + 2, theta.dtype)
        g, self._words = self._reduced[:-2], self._reduced[-2:]
        weights, biases = views(g, state.arch.sizes, state.arch.members)
        grad = network.grad._replace(g=g, weights=weights, biases=biases)
        return network._replace(grad=grad), batches

    def epoch(self, max_updates: int | None = None) -> float:
        """Train for one epoch, as in one process; the time is that of rank 0."""
        value = super().epoch(max_updates)
        if math.isfinite(value):
            seconds = self.data.exchange(self.state.history["seconds"][-1])[0]
            self.state.history.update_last(seconds=seconds)
        return value

    def take_steps(self, max_updates: int | None) -> float:
        """Take the steps of an epoch; return the mean loss, as ``train_epoch`` does.

        Raises
        ------
        KeyboardInterrupt
            On all ranks, if Ctrl-C has been pressed on one.
        """
        shared = self.data.X.shared
        try:
            sums_of_batches = self._step_by_step(shared, max_updates)
        except Exception as error:  # the others are in a step
            shared.untold = error
            raise
        if sums_of_batches is None:
            return math.nan
        total, weights = sums_of_batches
        return float(shared.total(total)) / weights / self.state.arch.members

    def _step_by_step(self, shared: Any, max_updates: int | None) -> tuple[float, float] | None:
        """Return sums over the batches: the loss of this rank's rows, and the weight of all rows.

        None stands for a loss of all ranks that is not finite.
        """
        total = weights = 0.0
        for batch in islice(self.batches, max_updates):
            own = self._loss_and_gradient(batch)
            self._words[:] = own, shared.interrupted
            shared.allreduce(self._reduced)
            loss, interrupted = self._words.tolist()
            if interrupted:
                raise KeyboardInterrupt
            if not math.isfinite(loss):
                return None
            self.optimizer.step()
            total += batch.weight * own
            weights += batch.weight
        return total, weights

    def _loss_and_gradient(self, batch: Batch) -> float:
        """Write the gradient of a rank's rows; return their share in the loss of the batch."""
        if batch.X.shape[-2]:
            return loss_and_gradient(self.network, *batch[:3])
        arch = self.state.arch
        for width, rate in zip(arch.sizes[1:-1], arch.dropout, strict=True):
            if rate:  # the stream goes on as on the other ranks
                self.network.rng.drawn(width, self._reduced.dtype)
        self._reduced[:] = 0
        return 0.0


def own_passes(
    data: Dataset, rows: Any, n: int, dtype: Any, scaling: Scaling | None
) -> tuple[Iterable[Batch], Any]:
    """Return batches of n own rows, and the weight of each row, 0 for another rank's row."""
    places, is_own = own_places(rows, data.X.own)
    own = np.take_along_axis(rows, places, -1)
    each = (1.0 if data.w is None else data.w[own].astype(np.float64)) * is_own
    return _OwnParts(data, own, each, n, dtype, scaling), each


class _OwnParts:
    """Slices of a rank's validation rows, with weights whose sum is 1 for each member."""

    def __init__(
        self, data: Dataset, rows: Any, each: Any, n: int, dtype: Any, scaling: Scaling | None
    ) -> None:
        self._rows, self._each, self._n, self._dtype = rows, each, n, dtype
        n_numbers = min(n, rows.shape[-1]) * math.prod(rows.shape[:-1]) * data.X.shape[1]
        self._gathered = _Gathered(data, n_numbers, dtype, scaling)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, self._rows.shape[-1], self._n):
            some = (..., slice(start, start + self._n))
            X, y = self._gathered.of(self._rows[some])
            each = self._each[some]
            total = sums(each)
            w = np.where(total > 0, each / np.where(total > 0, total, 1), 1 / each.shape[-1])
            yield Batch(X, y, w.astype(self._dtype), float(total.sum()))
