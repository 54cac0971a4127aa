"""Communication between the ranks, the processes of a data-parallel fit.

Everything is built on one operation: ``allreduce``, the sum of an array over all ranks. Each
function is collective: all ranks must call it, in the same order.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from skscratch._ranks import ranks
from skscratch.training.data import Batch, Dataset
from skscratch.training.lbfgs import row_keys
from skscratch.training.scaling import Scaling

__all__ = ["Communicator", "Ranks", "Rows", "SharedDataset"]

# The step of a rank that has raised an error.
FAILED = "an error"


class Communicator(Protocol):
    """The three names that a communicator needs.

    ``allreduce`` must return the same bits on every rank. It gets contiguous arrays of float32,
    float64, int64 and uint8.
    """

    @property
    def rank(self) -> int:
        """The number of this process, from 0 to ``size - 1``."""

    @property
    def size(self) -> int:
        """The number of processes."""

    def allreduce(self, array: NDArray[Any]) -> None:
        """Write the sum of the arrays of all ranks over the array of each."""


class Ranks:
    """The ranks of a block, as one of them sees them.

    Parameters
    ----------
    communicator : Communicator

    Attributes
    ----------
    rank, size : int
        The number of this rank, and how many there are.
    defers : bool
        Whether Ctrl-C is deferred to the next step of training, so that all ranks end at one step.
    interrupted : bool
        Whether Ctrl-C was pressed and is deferred.
    untold : BaseException or None
        The last error that the other ranks need not or cannot be told: they know it, or they are in
        a step of training.

    Examples
    --------
    A single process is a communicator whose sums have one term:

    >>> from types import SimpleNamespace
    >>> from skscratch.training.collective import Ranks
    >>> alone = Ranks(SimpleNamespace(rank=0, size=1, allreduce=lambda array: None))
    >>> alone.exchange("hello"), float(alone.total(2.0))
    (['hello'], 2.0)
    """

    def __init__(self, communicator: Communicator) -> None:
        self.rank, self.size = int(communicator.rank), int(communicator.size)
        self.allreduce = communicator.allreduce
        self.defers = self.interrupted = False
        self.untold: BaseException | None = None

    def total(self, value: float) -> float:
        """Return the sum of a number over all ranks."""
        return float(sum(self.exchange(value)))

    def exchange(self, value: Any, step: str = "training") -> list[Any]:
        """Return the values of all ranks, in their order. A value may be anything for pickle.

        Raises
        ------
        RuntimeError
            If the ranks are at different steps.
        Exception
            If a rank has raised an error, see ``tell``.
        """
        message = pickle.dumps((step, value), protocol=5)
        try:
            steps, values = self._exchanged(message)
            self._check_steps(steps, values)
        except Exception as error:
            self.untold = error
            raise
        return list(values)

    def _exchanged(self, message: bytes) -> Any:
        """Return the steps of all ranks, and their values."""
        sizes = np.zeros(self.size, np.int64)
        sizes[self.rank] = len(message)
        self.allreduce(sizes)
        ends = np.cumsum([0, *sizes])
        messages = np.zeros(ends[-1], np.uint8)
        messages[ends[self.rank] : ends[self.rank + 1]] = np.frombuffer(message, np.uint8)
        self.allreduce(messages)
        found = (pickle.loads(messages[i:j].data) for i, j in pairwise(ends))
        return zip(*found, strict=True)

    def _check_steps(self, steps: Sequence[str], values: Sequence[Any]) -> None:
        """Raise unless all ranks are at one step, or have raised the same error."""
        failed = [rank for rank, step in enumerate(steps) if step == FAILED]
        if failed and (len(failed) < self.size or len({(type(e), str(e)) for e in values}) > 1):
            rank, error = failed[0], values[failed[0]]
            raise type(error)(f"{error} (Raised on rank {rank} of {self.size}.)")
        for rank, other in enumerate(steps):
            if other != steps[0]:
                raise RuntimeError(
                    f"Rank 0 is at {steps[0]!r}, but rank {rank} is at {other!r}. All ranks of "
                    "data_parallel must make the same calls, in the same order, and pass the same "
                    "arguments. A rank that has run out of rows passes an X and a y of 0 rows."
                )

    def tell(self, error: Exception) -> None:
        """Raise the error of the first rank that has one on all ranks, with the same text.

        A rank that has raised nothing gets the error from its next exchange. Nothing is raised here
        if all ranks have the same error, or if the others need not or cannot be told.
        """
        if error is not self.untold:
            self.exchange(_portable(error), FAILED)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Make an error in the block one of all ranks."""
        try:
            yield
        except Exception as error:
            self.tell(error)
            raise

    def on_first(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return ``function(*args)`` of rank 0 on all ranks; raise its error on all ranks.

        A fit inside the function is not shared between ranks.
        """
        value: Any = None
        error: BaseException | None = None
        if self.rank == 0:
            token = ranks.set(None)
            try:
                value = function(*args)
            except (Exception, KeyboardInterrupt) as raised:
                error = raised
            finally:
                ranks.reset(token)
        value, text = self.exchange((value, _portable(error)))[0]
        of_all = text if error is None else error
        if of_all is not None:
            self.untold = of_all
            raise of_all
        return value

    def together(self, parts: Iterable[Any]) -> Iterator[Any]:
        """Yield the parts of this rank, and then empty ones until all ranks have run out.

        Parameters
        ----------
        parts : iterable
            Arrays, DataFrames, or tuples of them.

        Yields
        ------
        part : array, DataFrame or tuple
            The next part. After the last one, a part without rows, with the columns of the others.
        """
        own = iter(parts)
        while True:
            with self.telling():
                part = next(own, None)
                header = None if part is None else _without_rows(part)
            others = self.exchange(header, "together")
            empty = next((other for other in others if other is not None), None)
            if empty is None:
                return
            yield empty if part is None else part

    def dataset(self, data: Dataset) -> "SharedDataset":
        """Return a data set with ``Rows`` as X as a shared one."""
        return SharedDataset(**vars(data))

    @contextmanager
    def deferring(self) -> Iterator[None]:
        """Let Ctrl-C wait for the next step, or for the end of the block, on all ranks."""
        self.interrupted, self.defers = False, True
        try:
            yield
            if self.total(float(self.interrupted)):
                raise KeyboardInterrupt
        finally:
            self.defers = False


def _portable(error: BaseException | None) -> Any:
    """Return the error as another process can raise it."""
    if error is None:
        return None
    for kind in (KeyboardInterrupt, ValueError, TypeError):
        if isinstance(error, kind):
            return kind(str(error))
    return RuntimeError(f"{type(error).__name__}: {error}")


def _without_rows(part: Any) -> Any:
    return tuple(array[:0] for array in part) if isinstance(part, tuple) else part[:0]


class Rows:
    """A matrix X whose rows are spread over the ranks, in the order of the ranks.

    Every rank knows the shape. An index, such as ``X[rows]`` or ``X[:, j]``, collects values from
    all ranks, as an array that is the same on each. ``rows`` are a slice without a step, or
    ascending numbers. Code that runs often uses ``local`` instead, without communication.

    Parameters
    ----------
    shared : Ranks
    local : ndarray of shape (n_local, p)
        The rows of this rank.
    counts : list of int
        The number of rows of each rank.
    dtype : dtype
        The dtype of the whole. ``local`` may have another one.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from skscratch.training.collective import Ranks, Rows
    >>> alone = Ranks(SimpleNamespace(rank=0, size=1, allreduce=lambda array: None))
    >>> X = Rows(alone, np.arange(6.0).reshape(3, 2), [3], np.dtype(float))
    >>> X[1:], X[:, 0], X.max()
    (array([[2., 3.],
           [4., 5.]]), array([0., 2., 4.]), 5.0)
    """

    ndim = 2

    def __init__(self, shared: Ranks, local: Any, counts: list[int], dtype: Any) -> None:
        self.shared, self.exchange = shared, shared.exchange
        self.local, self.dtype = np.ascontiguousarray(local), np.dtype(dtype)
        self.ends = np.cumsum([0, *counts])
        self.own = slice(*map(int, self.ends[shared.rank : shared.rank + 2]))
        self.shape = int(self.ends[-1]), local.shape[1]
        self.size = self.shape[0] * self.shape[1]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        first = self.own.start
        own: Any
        if isinstance(rows, slice):
            start, stop, step = rows.indices(self.shape[0])
            if step != 1:
                raise ValueError(f"Rows takes slices without a step. Got {rows}.")
            own = slice(max(start - first, 0), max(stop - first, 0))
        else:
            own = rows[(first <= rows) & (rows < self.own.stop)] - first
        values = np.concatenate(self.exchange(self.local[:, columns][own]))
        return values.astype(self.dtype, copy=False)

    def some(self, rows: Any) -> "Rows":
        """Return some rows, in ascending order, each at its rank."""
        counts = np.diff(np.searchsorted(rows, self.ends)).tolist()
        own = rows[(self.own.start <= rows) & (rows < self.own.stop)] - self.own.start
        return Rows(self.shared, self.local[own], counts, self.dtype)

    def astype(self, dtype: Any, order: str = "C") -> "Rows":
        """Return a copy in another dtype."""
        counts = np.diff(self.ends).tolist()
        return Rows(self.shared, self.local.astype(dtype, order="C"), counts, dtype)

    def max(self) -> float:
        """Return the largest number."""
        largest = self.exchange(float(self.local.max()) if self.local.size else -np.inf)
        return float(max(largest))

    def min(self) -> float:
        """Return the smallest number."""
        smallest = self.exchange(float(self.local.min()) if self.local.size else np.inf)
        return float(min(smallest))

    def digest(self) -> tuple[Any, ...]:
        """Return a hash of the whole, which does not depend on how the rows are spread."""
        places = np.arange(self.own.start, self.own.stop, dtype=np.uint64)
        own = int((row_keys(self.local) * (2 * places + 1)).sum(dtype=np.uint64))
        return self.shape, self.dtype.name, sum(self.exchange(own)) % 2**64


class SharedDataset(Dataset):
    """A data set with ``Rows`` as X. All ranks know the targets and weights of all rows."""

    is_shared: ClassVar[bool] = True

    def own(self) -> Dataset:
        """Return the rows of this rank."""
        rows, w = self.X.own, None if self.w is None else self.w[self.X.own]
        return Dataset(
            self.X.local, self.y[rows], w, self.dtype, self.loss, self.n_outputs, self.labels, None
        )

    def some(self, rows: Any) -> Dataset:
        """Return a data set of some rows, in ascending order, each at its rank."""
        w = None if self.w is None else self.w[rows]
        return replace(self, X=self.X.some(rows), y=self.y[rows], w=w)

    def passes(
        self, rows: NDArray[np.intp], n: int, dtype: Any, scaling: Scaling | None
    ) -> tuple[Iterable[Batch], Any]:
        """Return the rows of this rank among ``rows``; another rank's row has weight 0."""
        from skscratch.training.ranks import own_passes

        return own_passes(self, rows, n, dtype, scaling)

    def exchange(self, value: Any) -> list[Any]:
        """Return the values of all ranks, in their order."""
        values: list[Any] = self.X.exchange(value)
        return values
