"""The training rows, a batch at a time. Iterating once is one epoch.

A batch's weights w have the sum 1, as the losses want them; ``weight`` is the sum that they had.
Batches are valid until the next one is drawn, because they share buffers, and never longer
than ``batch_size``. X and the columns of y may be of any numeric dtype: they are cast to the
network's batch by batch, and X is brought to scale there.

Networks that are trained side by side each have rows of their own: the arrays of a batch then have
an axis of members in front, w has the sum 1 for each, and ``weight`` is the sum over all.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from skscratch.training.scaling import Scaling

__all__ = ["Batch", "Gathered", "InOrder"]

# bytes to gather at once: what small batches cost is mostly the call
CHUNK = 2**18


class Batch(NamedTuple):
    """Rows of X (n, p), their targets y, their weights w (n,), and the weight of all of them."""

    X: Any
    y: Any
    w: Any
    weight: float


class InOrder:
    """Slices of the data itself, in order; slices without any weight are skipped.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n, p)
    y : ndarray of shape (n,) or (n, q)
    w : ndarray of shape (n,) or None
        None gives every row weight 1.
    batch_size : int
    dtype : dtype
        Of the network.
    scaling : Scaling or None

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.batches import InOrder
    >>> X, y = np.arange(6).reshape(3, 2), np.array([0, 1, 2])
    >>> for batch in InOrder(X, y, None, batch_size=2, dtype=np.float64):
    ...     print(batch.X.tolist(), batch.y, batch.w, batch.weight)
    [[0.0, 1.0], [2.0, 3.0]] [0 1] [0.5 0.5] 2.0
    [[4.0, 5.0]] [2] [1.] 1.0
    """

    def __init__(
        self, X: Any, y: Any, w: Any, batch_size: int, dtype: Any, scaling: Scaling | None = None
    ) -> None:
        self.X, self.y, self.w, self.dtype, self.scaling = X, y, w, dtype, scaling
        self.batch_size = min(batch_size, X.shape[0])

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, self.X.shape[0], self.batch_size):
            rows = slice(start, start + self.batch_size)
            y = _targets(self.y[rows], self.dtype)
            w = np.ones(y.shape[0], self.dtype) if self.w is None else self.w[rows].copy()
            if w.any():
                X = self.X[rows].astype(self.dtype, copy=self.scaling is not None)
                if self.scaling is not None:
                    X = X.toarray() if issparse(X) else X
                    self.scaling.apply(X)
                yield _weighted(X, y, w)


class Gathered:
    """Chosen rows, copied into the same buffers again and again; shuffled if rng is given.

    Every epoch starts from the same order, so its shuffle depends on the state of rng alone.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n, p)
    y : ndarray of shape (n,) or (n, q)
    w : ndarray of shape (n,) or None
        Positive for every chosen row; None gives every row weight 1.
    batch_size : int
    dtype : dtype
        Of the network.
    rows : ndarray of int of shape (n_rows,) or (members, n_rows)
        The chosen rows, in order. Those of several members need a dense X.
    rng : Generator or None
    scaling : Scaling or None

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.batches import Gathered
    >>> X, y = np.arange(6).reshape(3, 2), np.array([0, 1, 2])
    >>> batches = Gathered(X, y, None, 2, np.float64, rows=np.array([2, 0]), rng=None)
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
        self._order = np.empty(rows.shape, rows.dtype)
        self._source: _SparseRows | _DenseRows
        if issparse(X):
            self._source = _SparseRows(X, y, w, self.batch_size, dtype, scaling)
        else:
            self._source = _DenseRows(X, y, w, self.batch_size, dtype, rows.shape[:-1], scaling)

    def __iter__(self) -> Iterator[Batch]:
        self._order[:] = self.rows
        if self.rng is not None:
            for order in self._order.reshape(-1, self._order.shape[-1]):
                self.rng.shuffle(order)
        n = self._source.at_once
        for start in range(0, self._order.shape[-1], n):
            yield from self._source.gather(self._order[..., start : start + n])


class _DenseRows:
    """Gathers the rows of several small batches at once, or those of one large batch."""

    def __init__(
        self,
        X: Any,
        y: Any,
        w: Any,
        batch_size: int,
        dtype: Any,
        in_front: tuple[int, ...],
        scaling: Scaling | None,
    ) -> None:
        self._sources = [X, y] if w is None else [X, y, w]
        kinds = [
            np.dtype(dtype),
            _targets(y[:1], dtype).dtype,
            *(s.dtype for s in self._sources[2:]),
        ]
        bytes_a_row = (X.shape[1] + y[:1].size) * kinds[0].itemsize
        n = batch_size * max(1, CHUNK // (batch_size * bytes_a_row * math.prod(in_front)))
        self.at_once, self._batch_size, self._scaling = n, batch_size, scaling
        self._gathered = [np.empty((*in_front, n, *s.shape[1:]), s.dtype) for s in self._sources]
        self._cast = [
            gathered if gathered.dtype == kind else np.empty_like(gathered, kind)
            for gathered, kind in zip(self._gathered, kinds, strict=True)
        ]
        self._chunks: dict[tuple[int, ...], tuple[list[Any], list[Any], list[Batch]]] = {}

    def gather(self, rows: Any) -> Iterable[Batch]:
        """Copy the rows into the buffers; return the batches, which are views of these."""
        if rows.shape not in self._chunks:
            self._chunks[rows.shape] = self._chunk(rows.shape)
        gathered, cast, batches = self._chunks[rows.shape]
        for source, buffer, own in zip(self._sources, gathered, cast, strict=True):
            # mode="raise" would make NumPy buffer all of it once more
            source.take(rows, 0, buffer, "clip")
            if own.dtype != buffer.dtype:
                own[...] = buffer
        if self._scaling is not None:
            self._scaling.apply(cast[0])
        if len(self._sources) == 2:
            return batches
        return (_weighted(batch.X, batch.y, batch.w) for batch in batches)

    def _chunk(self, shape: tuple[int, ...]) -> tuple[list[Any], list[Any], list[Batch]]:
        """Return buffers of so many rows at the start of the memory, casts of them, and batches."""
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
    """Gathers the rows of one batch of a CSR matrix.

    A network that scales its inputs was begun on a dense X, and gets these rows as an array.
    """

    def __init__(
        self, X: Any, y: Any, w: Any, batch_size: int, dtype: Any, scaling: Scaling | None
    ) -> None:
        self.at_once, self._dtype, self._scaling = batch_size, dtype, scaling
        self._X, self._y, self._w = X, y, np.ones(X.shape[0], dtype) if w is None else w

    def gather(self, rows: Any) -> Iterable[Batch]:
        """Return the one batch."""
        X = self._X[rows].astype(self._dtype, copy=False)
        if self._scaling is not None:
            X = X.toarray()
            self._scaling.apply(X)
        yield _weighted(X, _targets(self._y[rows], self._dtype), self._w[rows])


def _targets(y: Any, dtype: Any) -> Any:
    """Return targets in the network's dtype, but those of a softmax, which are indices."""
    return y if y.ndim == 1 else y.astype(dtype, copy=False)


def _views(X: Any, y: Any, w: Any = None) -> Batch:
    """Return the batch of some rows; without w they all count alike."""
    shape = X.shape[:-1]
    shares = np.full(shape, 1 / shape[-1], X.dtype) if w is None else w
    return Batch(X, y, shares, float(math.prod(shape)))


def _weighted(X: Any, y: Any, w: Any) -> Batch:
    """Divide the weights by their sum, each member's by its own, in place; return the batch."""
    weight = w.sum(axis=-1, keepdims=True, dtype=np.float64)
    np.divide(w, weight, out=w)
    return Batch(X, y, w, math.fsum(weight.flat))
