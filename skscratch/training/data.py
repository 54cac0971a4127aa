"""The training data: checked arrays, validation rows, and batches.

Iterating over batches once is one epoch. In a batch, ``w`` are the row weights divided by their
sum, and ``weight`` is that sum. The losses need weights of sum 1. A batch is valid until the next
batch is made, because batches share buffers. A batch has at most ``batch_size`` rows. X and the
columns of y may be of any numeric dtype. Each batch is cast to the network's dtype, and its X is
scaled.

With several members, each member has its own rows. The arrays of a batch then have a leading member
axis, w has the sum 1 for each member, and ``weight`` is the sum over all members.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skscratch.core.losses import Loss
from skscratch.training.holdout import Holdout
from skscratch.training.scaling import Scaling, TargetScaling

__all__ = [
    "Batch",
    "Dataset",
    "SequentialBatches",
    "ShuffledBatches",
    "ValidationRows",
    "holdout_sizes",
    "stratified_holdout",
    "sums",
]

# bytes to copy at a time: the cost of a small batch is mostly the overhead of the calls
CHUNK = 2**18
# numbers of an X that is cast and scaled once: larger ones are cast and scaled batch by batch
SMALL = 2**21


@dataclass(frozen=True)
class Dataset:
    """Checked and encoded data. Training reads them and never changes them.

    Parameters
    ----------
    X : {ndarray, CSR, Rows} of shape (n, p)
        Floats of ``dtype``, whole numbers or booleans. Ranks that share a fit have ``Rows``.
    y : ndarray of shape (n,) or (n, q)
        Targets, as the loss takes them.
    w : ndarray of shape (n,) or None
        Weights, in units of rows; None gives every row weight 1.
    dtype : dtype
        The dtype to compute in.
    loss : Loss
        The loss that the targets ask for, without label smoothing.
    n_outputs : int
        Columns of the output layer.
    labels : ndarray
        The user's y, checked. Scorers get it.
    sample_weight : ndarray of shape (n,) or None
        The user's weights, checked.
    strata : ndarray of int of shape (n,) or None
        The stratum of each row when validation rows are held out; None for a single stratum.
    validation : Dataset or None
        The user's validation set.
    target_scaling : TargetScaling or None
        The scaling of ``y``, which has been applied.
    holdout : Holdout or None
        How to choose the validation rows; None for single rows, drawn by stratum.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import SoftmaxCrossEntropy
    >>> from skscratch.training.data import Dataset
    >>> y, w = np.array([0, 1, 2]), np.array([1.0, 0.0, 2.0])
    >>> data = Dataset(np.eye(3), y, w, np.dtype(float), SoftmaxCrossEntropy(), 3, y, w)
    >>> data.weighted_rows()
    array([0, 2])
    >>> rows, validation = data.split(0.5, np.random.default_rng(0))
    >>> len(rows), len(validation.rows)
    (1, 1)
    """

    # whether ranks share the rows, as in the subclass in ``skscratch.training.collective``
    is_shared: ClassVar[bool] = False

    X: Any
    y: NDArray[Any]
    w: NDArray[Any] | None
    dtype: np.dtype[Any]
    loss: Loss
    n_outputs: int
    labels: NDArray[Any]
    sample_weight: NDArray[Any] | None
    strata: NDArray[Any] | None = None
    validation: "Dataset | None" = None
    target_scaling: TargetScaling | None = None
    holdout: Holdout | None = None

    def own(self) -> "Dataset":
        """Return the rows of this process: all of them, unless ranks share the rows."""
        return self

    def some(self, rows: Any) -> "Dataset":
        """Return a data set of some rows, in ascending order, without labels of their own."""
        w = None if self.w is None else self.w[rows]
        return replace(self, X=self.X[rows], y=self.y[rows], w=w)

    def exchange(self, value: Any) -> list[Any]:
        """Return the values of all ranks that share the rows; here it is one."""
        return [value]

    def passes(
        self, rows: NDArray[np.intp], n: int, dtype: Any, scaling: Scaling | None
    ) -> tuple[Iterable["Batch"], Any]:
        """Return rows of this process in batches of n, in order, and the weight of each row.

        The weights have the shape of the rows, (n_rows,) or (members, n_rows).
        """
        each = np.ones(rows.shape) if self.w is None else self.w[rows].astype(np.float64)
        return ShuffledBatches(self.X, self.y, self.w, n, dtype, rows, None, scaling), each

    def weighted_rows(self) -> NDArray[np.intp]:
        """Return the rows whose weight is not 0. Other rows must not take places in a batch."""
        return np.arange(self.X.shape[0]) if self.w is None else np.flatnonzero(self.w)

    def own_validation(self) -> "ValidationRows | None":
        """Return the validation set that the user passed, or None."""
        own = self.validation
        return None if own is None else ValidationRows(own, own.weighted_rows())

    def split(
        self, fraction: Any, rng: np.random.Generator, members: int = 1
    ) -> "tuple[NDArray[np.intp], ValidationRows | None]":
        """Return the rows to train on, and the rows to validate on or None.

        With several members, the arrays have a row for each. All members share the user's
        validation set, but each holds out rows of its own.

        Parameters
        ----------
        fraction : object
            Fraction of the rows to hold out if the user passed no validation set, or a splitter;
            None for no rows.
        rng : Generator
        members : int
        """
        rows, own = self.weighted_rows(), self.own_validation()
        if own is not None or fraction is None:
            return rows if members == 1 else np.broadcast_to(rows, (members, len(rows))), own
        if self.holdout is not None:
            kept, held_out = self.holdout.split(rows, self.strata, fraction, rng, members)
        else:
            strata = np.zeros(len(rows), int) if self.strata is None else self.strata[rows]
            chosen = stratified_holdout(strata, fraction, rng, members)
            kept, held_out = (rows[positions] for positions in chosen)
        if members == 1:
            kept, held_out = kept[0], held_out[0]
        return kept, ValidationRows(self, held_out)


class ValidationRows(NamedTuple):
    """The rows to validate on: (n,), or (members, n) where each member has its own."""

    data: Dataset
    rows: NDArray[np.intp]


class Batch(NamedTuple):
    """Rows of X (n, p), their targets y, their weights w (n,), and the sum of their weights."""

    X: Any
    y: Any
    w: Any
    weight: float


class SequentialBatches:
    """Slices of the data, in order. A slice whose weights are all 0 is skipped.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n, p)
    y : ndarray of shape (n,) or (n, q)
    w : ndarray of shape (n,) or None
        None gives every row weight 1.
    batch_size : int
    dtype : dtype
        The dtype of the network.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.data import SequentialBatches
    >>> X, y = np.arange(6).reshape(3, 2), np.array([0, 1, 2])
    >>> for batch in SequentialBatches(X, y, None, batch_size=2, dtype=np.float64):
    ...     print(batch.X.tolist(), batch.y, batch.w, batch.weight)
    [[0.0, 1.0], [2.0, 3.0]] [0 1] [0.5 0.5] 2.0
    [[4.0, 5.0]] [2] [1.] 1.0
    """

    def __init__(self, X: Any, y: Any, w: Any, batch_size: int, dtype: Any) -> None:
        self.X, self.y, self.w, self.dtype = X, y, w, dtype
        self.batch_size = min(batch_size, X.shape[0])

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, self.X.shape[0], self.batch_size):
            rows = slice(start, start + self.batch_size)
            y = _targets(self.y[rows], self.dtype)
            w = np.ones(y.shape[0], self.dtype) if self.w is None else self.w[rows].copy()
            if w.any():
                yield _weighted(self.X[rows].astype(self.dtype, copy=False), y, w)


class ShuffledBatches:
    """Chosen rows, copied into buffers that all batches share; shuffled if rng is given.

    Every epoch starts from the same order, so the shuffle depends on the state of rng alone.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n, p)
    y : ndarray of shape (n,) or (n, q)
    w : ndarray of shape (n,) or None
        Positive for every chosen row; None gives every row weight 1.
    batch_size : int
    dtype : dtype
        The dtype of the network.
    rows : ndarray of int of shape (n_rows,) or (members, n_rows)
        The chosen rows, in order. Several members need a dense X.
    rng : Generator or None
    scaling : Scaling or None

    Attributes
    ----------
    order : ndarray of int, like rows
        The rows in the order of the last epoch.
    X : {ndarray, CSR} of shape (n, p)
        X, cast and scaled if it is small.
    scaling : Scaling or None
        The scaling that is still to be applied, batch by batch.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.data import ShuffledBatches
    >>> X, y = np.arange(6).reshape(3, 2), np.array([0, 1, 2])
    >>> batches = ShuffledBatches(X, y, None, 2, np.float64, rows=np.array([2, 0]), rng=None)
    >>> [(batch.X.tolist(), batch.y.tolist()) for batch in batches]
    [([[4.0, 5.0], [0.0, 1.0]], [2, 0])]
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        w: Any,
        batch_size: int,
        dtype: Any,
        rows: Any,
        rng: np.random.Generator | None,
        scaling: Scaling | None = None,
    ) -> None:
        self.rows, self.rng, self.batch_size = rows, rng, min(batch_size, rows.shape[-1])
        self.order = np.empty(rows.shape, rows.dtype)
        self._source: _SparseRows | _DenseRows
        if not issparse(X) and X.size <= SMALL and (scaling is not None or X.dtype != dtype):
            X = X.astype(dtype)
            if scaling is not None:
                scaling.apply(X)
                scaling = None
        self.X, self.scaling = X, scaling
        if issparse(X):
            self._source = _SparseRows(X, y, w, self.batch_size, dtype, scaling)
        else:
            self._source = _DenseRows(X, y, w, self.batch_size, dtype, rows.shape[:-1], scaling)

    def __iter__(self) -> Iterator[Batch]:
        self.order[:] = self.rows
        if self.rng is not None:
            for order in self.order.reshape(-1, self.order.shape[-1]):
                self.rng.shuffle(order)
        n = self._source.rows_per_chunk
        for start in range(0, self.order.shape[-1], n):
            yield from self._source.gather(self.order[..., start : start + n])


class _DenseRows:
    """Copies the rows of several small batches, or of one large batch, at a time."""

    def __init__(
        self,
        X: Any,
        y: Any,
        w: Any,
        batch_size: int,
        dtype: Any,
        members_axis: tuple[int, ...],
        scaling: Scaling | None,
    ) -> None:
        self._sources = [X, y] if w is None else [X, y, w]
        kinds = [
            np.dtype(dtype),
            _targets(y[:1], dtype).dtype,
            *(s.dtype for s in self._sources[2:]),
        ]
        bytes_a_row = (X.shape[1] + y[:1].size) * kinds[0].itemsize
        n = batch_size * max(1, CHUNK // (batch_size * bytes_a_row * math.prod(members_axis)))
        self.rows_per_chunk, self._batch_size, self._scaling = n, batch_size, scaling
        self._gathered = [
            np.empty((*members_axis, n, *s.shape[1:]), s.dtype) for s in self._sources
        ]
        self._cast = [
            gathered if gathered.dtype == kind else np.empty_like(gathered, kind)
            for gathered, kind in zip(self._gathered, kinds, strict=True)
        ]
        self._chunks: dict[tuple[int, ...], tuple[list[Any], list[Any], list[Batch]]] = {}

    def gather(self, rows: Any) -> Iterable[Batch]:
        """Copy the rows into the buffers; return the batches, which are views of the buffers."""
        if rows.shape not in self._chunks:
            self._chunks[rows.shape] = self._chunk(rows.shape)
        gathered, cast, batches = self._chunks[rows.shape]
        for source, buffer, own in zip(self._sources, gathered, cast, strict=True):
            # mode="raise" would make NumPy buffer the whole output once more
            source.take(rows, 0, buffer, "clip")
            if own.dtype != buffer.dtype:
                own[...] = buffer
        if self._scaling is not None:
            self._scaling.apply(cast[0])
        if len(self._sources) == 2:
            return batches
        return (_weighted(batch.X, batch.y, batch.w) for batch in batches)

    def _chunk(self, shape: tuple[int, ...]) -> tuple[list[Any], list[Any], list[Batch]]:
        """Return buffers of that shape at the start of the memory, casts of them, and batches."""
        gathered, cast = (
            [np.ndarray((*shape, *m.shape[len(shape) :]), m.dtype, m) for m in memory]
            for memory in (self._gathered, self._cast)
        )
        members = (slice(None),) * (len(shape) - 1)
        parts = [
            (*members, slice(start, start + self._batch_size))
            for start in range(0, shape[-1], self._batch_size)
        ]
        return gathered, cast, [_views(*(buffer[rows] for buffer in cast)) for rows in parts]


class _SparseRows:
    """Copies the rows of one batch of a CSR matrix.

    A network with scaled inputs was first trained on a dense X. For such a network, the rows are
    converted to a dense array.
    """

    def __init__(
        self, X: Any, y: Any, w: Any, batch_size: int, dtype: Any, scaling: Scaling | None
    ) -> None:
        self.rows_per_chunk, self._dtype, self._scaling = batch_size, dtype, scaling
        self._X, self._y, self._w = X, y, np.ones(X.shape[0], dtype) if w is None else w

    def gather(self, rows: Any) -> Iterable[Batch]:
        """Return the one batch."""
        X = self._X[rows].astype(self._dtype, copy=False)
        if self._scaling is not None:
            X = X.toarray()
            self._scaling.apply(X)
        yield _weighted(X, _targets(self._y[rows], self._dtype), self._w[rows])


def _targets(y: Any, dtype: Any) -> Any:
    """Return targets in the network's dtype; class indices, shape (n,), stay as they are."""
    return y if y.ndim == 1 else y.astype(dtype, copy=False)


def _views(X: Any, y: Any, w: Any = None) -> Batch:
    """Return the batch of some rows; without w all rows have the same weight."""
    shape = X.shape[:-1]
    shares = np.full(shape, 1 / shape[-1], X.dtype) if w is None else w
    return Batch(X, y, shares, float(math.prod(shape)))


def sums(w: Any) -> Any:
    """Return the sum of the weights of each member, in float64, as (1,) or (members, 1).

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.data import sums
    >>> sums(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[3.],
           [7.]])
    """
    # cast first: a sum that casts in pieces depends on the members in front
    return w.astype(np.float64, copy=False).sum(axis=-1, keepdims=True)


def _weighted(X: Any, y: Any, w: Any) -> Batch:
    """Divide the weights of each member by their sum, in place; return the batch."""
    weight = sums(w)
    np.divide(w, weight, out=w)
    return Batch(X, y, w, math.fsum(weight.flat))


def holdout_sizes(counts: Any, fraction: float) -> NDArray[np.intp]:
    """Return how many rows of each stratum to hold out; each stratum keeps at least one row.

    Sizes are rounded down. The rows that are still missing come from the strata with the largest
    remainders.

    Parameters
    ----------
    counts : ndarray of int of shape (n_strata,)
        The rows of each stratum.
    fraction : float
        Fraction of the rows to hold out, between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.data import holdout_sizes
    >>> holdout_sizes(np.array([8, 4, 1]), 0.25)
    array([2, 1, 0])
    """
    room = np.maximum(counts - 1, 0)
    share = counts * fraction
    sizes: NDArray[np.intp] = np.minimum(np.floor(share).astype(np.intp), room)
    for stratum in np.argsort(sizes - share, kind="stable"):
        if sizes.sum() < max(round(share.sum()), 1):
            sizes[stratum] += sizes[stratum] < room[stratum]
    return sizes


def stratified_holdout(
    strata: Any, fraction: float, rng: np.random.Generator, n_splits: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split positions at random into those to train on and those to hold out, by stratum.

    Each further split holds out other positions, as long as there are any left.

    Parameters
    ----------
    strata : ndarray of int of shape (n,)
        The stratum of each position, for instance its class.
    fraction : float
        Fraction of the positions to hold out, between 0 and 1; see ``holdout_sizes``.
    rng : Generator
    n_splits : int

    Returns
    -------
    kept, held_out : ndarray of int of shape (n_splits, ...)
        Sorted positions. ``held_out`` is empty if every stratum has a single row.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.data import stratified_holdout
    >>> strata = np.array([0] * 8 + [1] * 4 + [2])
    >>> kept, held_out = stratified_holdout(strata, 0.25, np.random.default_rng(0), n_splits=4)
    >>> np.bincount(strata[held_out[0]], minlength=3)
    array([2, 1, 0])
    >>> np.sort(held_out.ravel())
    array([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11])
    """
    counts = np.bincount(strata)
    sizes = holdout_sizes(counts, fraction)
    shuffled = rng.permutation(strata.shape[0])
    by_stratum = np.split(
        shuffled[np.argsort(strata[shuffled], kind="stable")], np.cumsum(counts)[:-1]
    )
    parts = list(zip(by_stratum, sizes, strict=True))
    held_out = np.array(
        [np.concatenate([np.roll(rows, -i * n)[:n] for rows, n in parts]) for i in range(n_splits)]
    )
    kept = np.ones((n_splits, strata.shape[0]), bool)
    np.put_along_axis(kept, held_out, False, axis=1)
    return np.nonzero(kept)[1].reshape(n_splits, -1), np.sort(held_out)
