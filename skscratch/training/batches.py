"""The training rows, a batch at a time. Iterating once is one epoch.

Batches are ``(X, y, w)`` with w None if every weight is 1. They are valid until the next one is
drawn, because they share buffers, and never longer than ``batch_size``.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import issparse

__all__ = ["Gathered", "InOrder"]


class InOrder:
    """Slices of the data itself, in order; slices without any weight are skipped.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n, p)
    y : ndarray of shape (n,) or (n, q)
    w : ndarray of shape (n,) or None
    batch_size : int

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.batches import InOrder
    >>> X, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 2])
    >>> [batch_y.tolist() for _, batch_y, _ in InOrder(X, y, None, batch_size=2)]
    [[0, 1], [2]]
    """

    def __init__(self, X: Any, y: Any, w: Any, batch_size: int) -> None:
        self.X, self.y, self.w, self.batch_size = X, y, w, min(batch_size, X.shape[0])

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        for start in range(0, self.X.shape[0], self.batch_size):
            rows = slice(start, start + self.batch_size)
            w = None if self.w is None else self.w[rows]
            if w is None or w.any():
                yield self.X[rows], self.y[rows], w


class Gathered:
    """Chosen rows, copied batch by batch into the same buffers; shuffled if rng is given.

    Every epoch starts from the same order, so its shuffle depends on the state of rng alone.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n, p)
    y : ndarray of shape (n,) or (n, q)
    w : ndarray of shape (n,) or None
        Positive for every chosen row.
    batch_size : int
    rows : ndarray of int
        The chosen rows, in order.
    rng : Generator or None

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.batches import Gathered
    >>> X, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 2])
    >>> batches = Gathered(X, y, None, 2, rows=np.array([2, 0]), rng=None)
    >>> [(batch_X.tolist(), batch_y.tolist()) for batch_X, batch_y, _ in batches]
    [([[4.0, 5.0], [0.0, 1.0]], [2, 0])]
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        w: Any,
        batch_size: int,
        rows: Any,
        rng: np.random.Generator | None,
    ) -> None:
        self.rows, self.rng, self.batch_size = rows, rng, min(batch_size, rows.shape[0])
        self._order = np.empty_like(rows)
        self._take_X = _rows_taker(X, self.batch_size)
        self._take_y = _rows_taker(y, self.batch_size)
        self._take_w = _nothing if w is None else _rows_taker(w, self.batch_size)

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        self._order[:] = self.rows
        if self.rng is not None:
            self.rng.shuffle(self._order)
        for start in range(0, self._order.shape[0], self.batch_size):
            rows = self._order[start : start + self.batch_size]
            yield self._take_X(rows), self._take_y(rows), self._take_w(rows)


def _rows_taker(source: Any, batch_size: int) -> Any:
    """Return a function from row indices to those rows of source."""
    if issparse(source):
        return source.__getitem__
    buffer = np.empty((batch_size, *source.shape[1:]), source.dtype)

    def take(rows: Any) -> Any:
        out = buffer[: rows.shape[0]]
        # mode="raise" would make NumPy buffer the whole batch once more
        np.take(source, rows, axis=0, out=out, mode="clip")
        return out

    return take


def _nothing(rows: Any) -> None:
    return None
