"""One fit on several machines: each process, called a rank, has its own rows."""

import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from numbers import Integral
from typing import Any, NoReturn

from skscratch._ranks import ranks
from skscratch.training.collective import Ranks
from skscratch.training.threads import limited_blas_threads

__all__ = ["data_parallel"]

# Seconds for which a rank that raises waits for the others to raise as well.
PATIENCE = 1.0


@contextmanager
def data_parallel(communicator: Any = None, *, blas_threads: int = 1) -> Iterator[Ranks]:
    """Return a context in which ``fit`` and ``partial_fit`` train on the rows of all ranks.

    Each rank passes its own rows of X and y, and of ``sample_weight``, ``X_val`` and ``y_val`` if
    it passes these. The model is that of one process on all rows, in the order of the ranks. It is
    the same to the bit on all ranks. The context is not a parameter of the estimator, and neither
    clones nor pickles contain it.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm or Communicator, default=None
        The processes. None is ``mpi4py.MPI.COMM_WORLD``. Any other engine needs an object with
        ``rank``, ``size`` and ``allreduce(array)``, which writes the sum over all ranks over a
        contiguous array, with the same bits on each rank.
    blas_threads : int, default=1
        The number of BLAS threads of this rank, at most. Ranks on one machine share its cores.

    Yields
    ------
    ranks : Ranks
        ``ranks.rank`` is the number of this rank, and ``ranks.size`` is the number of ranks.
        ``ranks.together(parts)`` yields the parts of this rank for ``partial_fit``, and then empty
        parts until all ranks have run out.

    Raises
    ------
    ImportError
        If there is no communicator and mpi4py is not installed.
    ValueError
        If ``blas_threads`` is no whole number of at least 1, or if the rank of the communicator is
        no whole number from 0 to its size - 1. From ``fit``, on all ranks, if an
        argument or a parameter of one rank is not valid, if the columns or the parameters of two
        ranks differ, or if ranks cannot share such a fit.
    RuntimeError
        On all ranks, if they make different calls, or for an error of another type on one rank.

    See Also
    --------
    skscratch.ScratchMLPClassifier : Its ``partial_fit`` trains on the parts of a stream.

    Notes
    -----
    An error of one rank is raised on all ranks, unless it comes from a step of training. Under MPI,
    a rank that leaves the context by an error of its own prints its traceback and ends the job.

    Examples
    --------
    A single process is a communicator whose sums have one term:

    >>> from types import SimpleNamespace
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.distributed import data_parallel
    >>> alone = SimpleNamespace(rank=0, size=1, allreduce=lambda array: None)
    >>> X, y = [[-1.0], [1.0]], [0, 1]
    >>> with data_parallel(alone):
    ...     shared = ScratchMLPClassifier((4,), random_state=0).fit(X, y)
    >>> own = ScratchMLPClassifier((4,), random_state=0).fit(X, y)
    >>> shared.predict_proba([[-0.5]]).round(2)
    array([[0.74, 0.26]])
    >>> own.predict_proba([[-0.5]]).round(2)
    array([[0.74, 0.26]])
    """
    engine = _engine(communicator)
    shared = Ranks(engine)
    token = ranks.set(shared)
    try:
        _check_threads(blas_threads)
        with _deferring_ctrl_c(shared), limited_blas_threads(int(blas_threads)):
            yield shared
            shared.exchange(None, "the end of data_parallel")
    except BaseException as error:
        if isinstance(engine, _MPI):
            engine.leave(error)
        elif isinstance(error, Exception) and shared.untold is None:
            with suppress(Exception):  # on this rank, the error is raised as it is
                shared.tell(error)
        raise
    finally:
        ranks.reset(token)
    if isinstance(engine, _MPI):
        engine.close()


def _check_threads(n: Any) -> None:
    """Raise unless n is a number of threads."""
    if isinstance(n, bool) or not isinstance(n, Integral) or int(n) < 1:
        raise ValueError(f"blas_threads must be a whole number of at least 1. Got {n!r}.")


def _engine(communicator: Any) -> Any:
    """Return an object with ``rank``, ``size`` and ``allreduce``."""
    if communicator is None:
        try:
            from mpi4py import MPI
        except ImportError as error:
            raise ImportError(
                "data_parallel() needs mpi4py and an MPI library: pip install 'skscratch[mpi]'. "
                "Any other engine can be passed as an object with rank, size and allreduce."
            ) from error
        communicator = MPI.COMM_WORLD
    if type(communicator).__module__.partition(".")[0] == "mpi4py":
        return _MPI(communicator)
    missing = [n for n in ("rank", "size", "allreduce") if not hasattr(communicator, n)]
    if missing:
        raise TypeError(
            "communicator must be a communicator of mpi4py, or have rank, size and allreduce. "
            f"Got {communicator!r}, without {', '.join(missing)}."
        )
    rank, size = communicator.rank, communicator.size
    whole = all(isinstance(n, Integral) and not isinstance(n, bool) for n in (rank, size))
    if not (whole and 0 <= rank < size):
        raise ValueError(
            "rank and size of the communicator must be whole numbers, and rank from 0 to size - 1. "
            f"Got rank={rank!r} and size={size!r} of {communicator!r}."
        )
    if not callable(communicator.allreduce):
        raise TypeError(
            "allreduce of the communicator must be a method that takes an array. Got "
            f"{communicator.allreduce!r}."
        )
    return communicator


class _MPI:
    """A communicator of mpi4py, as an engine.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm
        Messages go through a copy, so that they do not meet those of the user. A second copy is for
        the exits of ranks that raise.
    """

    def __init__(self, communicator: Any) -> None:
        from mpi4py import MPI

        self._in_place = MPI.IN_PLACE
        self._sums, self._exits = communicator.Dup(), communicator.Dup()
        self.rank, self.size = self._sums.rank, self._sums.size

    def allreduce(self, array: Any) -> None:
        """Write the sum over all ranks."""
        self._sums.Allreduce(self._in_place, array)

    def leave(self, error: BaseException) -> None:
        """Return if all ranks have raised; otherwise print the error and end the job."""
        all_left, end = self._exits.Ibarrier(), time.monotonic() + PATIENCE
        while not all_left.Test():
            if time.monotonic() > end:
                self._abort(error)
            time.sleep(0.001)

    def _abort(self, error: BaseException) -> NoReturn:
        text = "".join(traceback.format_exception(error))
        sys.stderr.write(f"Rank {self.rank} of {self.size} ends the job:\n{text}")
        sys.stderr.flush()
        self._sums.Abort(1)
        raise error

    def close(self) -> None:
        """Free the copies."""
        self._sums.Free()
        self._exits.Free()


@contextmanager
def _deferring_ctrl_c(shared: Ranks) -> Iterator[None]:
    """Let the first Ctrl-C in a fit wait for the next step of all ranks.

    Where Ctrl-C is ignored, or its handler is not of Python, it stays so.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: Any) -> None:
        if shared.defers and not shared.interrupted:
            shared.interrupted = True
        else:
            before(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
