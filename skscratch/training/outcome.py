"""What training tells its caller: hooks are called while it runs, an outcome is its result."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from numpy.typing import NDArray

from skscratch.training.state import TrainingState

__all__ = ["Diverged", "End", "Hooks", "NoHooks", "Outcome"]


class Hooks(Protocol):
    """Called at the beginning and at the end of every epoch, and at the end of training."""

    def resume(self, state: TrainingState) -> None:
        """Handle a state that comes from a checkpoint."""

    def begin_epoch(self, state: TrainingState, name: str = "epoch") -> None:
        """Handle the beginning of an epoch; do nothing if the last epoch has not ended."""

    def end_epoch(self, state: TrainingState) -> bool:
        """Handle the end of an epoch; return whether to stop training."""

    def end_training(self, state: TrainingState, outcome: "Outcome") -> None:
        """Handle the end of training."""


class NoHooks:
    """Hooks that do nothing, for training without an estimator."""

    def resume(self, state: TrainingState) -> None:
        """Do nothing."""

    def begin_epoch(self, state: TrainingState, name: str = "epoch") -> None:
        """Do nothing."""

    def end_epoch(self, state: TrainingState) -> bool:
        """Return False: training continues."""
        return False

    def end_training(self, state: TrainingState, outcome: "Outcome") -> None:
        """Do nothing."""


class Diverged(ArithmeticError):
    """The loss or a parameter became non-finite, and no earlier parameters are worth keeping.

    Parameters
    ----------
    epoch : int
        The epoch in which it happened, counted from 1.

    Examples
    --------
    >>> from skscratch.training.outcome import Diverged
    >>> Diverged(3).epoch
    3
    """

    def __init__(self, epoch: int) -> None:
        super().__init__(f"not finite in epoch {epoch}")
        self.epoch = epoch


class End(Enum):
    """Why training ended."""

    EARLIER = auto()  # a checkpoint of a fit that had ended was resumed
    MAX_ITER = auto()
    NO_PROGRESS = auto()
    CALLBACK = auto()
    INTERRUPT = auto()
    DIVERGED = auto()
    CONVERGED = auto()  # by the criteria of L-BFGS
    NOT_CONVERGED = auto()  # L-BFGS reached a limit


@dataclass
class Outcome:
    """How a fit ended, and where it began.

    Parameters
    ----------
    theta_before : ndarray of shape (P,)
        The parameters at the start of the fit.
    n_epochs_before, n_recorded_before : int
        Epochs trained, and rows of the history, at the start of the fit.
    end : End
    unfinished : bool
        Whether the loss was still falling at ``max_iter``.
    diverged_epoch : int or None
        The epoch whose loss or parameters were not finite.
    best_epochs : ndarray of int of shape (members,), or None
        The epoch after which each member was best, if the best parameters were kept.
    refit_updates : int or None
        The updates of the second training on all rows, if there was one.
    lbfgs : scipy.optimize.OptimizeResult or None
        The result of SciPy's L-BFGS.
    """

    theta_before: NDArray[Any]
    n_epochs_before: int
    n_recorded_before: int
    end: End = End.EARLIER
    unfinished: bool = False
    diverged_epoch: int | None = None
    best_epochs: NDArray[Any] | None = None
    refit_updates: int | None = None
    lbfgs: Any = None
