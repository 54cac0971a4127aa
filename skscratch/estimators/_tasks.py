"""What scikit-learn's callbacks hear of a fit: a task for the whole, and one for every epoch."""

from collections.abc import Callable
from typing import Any

from skscratch.estimators._attributes import snapshot
from skscratch.estimators._errstate import for_users, quiet
from skscratch.training.state import Run

__all__ = ["NoTasks", "Tasks", "new_tasks"]


class NoTasks:
    """Nobody listens, and a fit takes no longer for it."""

    def begin(self, run: Run, keep_memory: bool) -> None:
        """Begin the fit."""

    def begin_epoch(self, run: Run, name: str = "epoch") -> None:
        """Begin an epoch."""

    def end_epoch(self, run: Run) -> bool:
        """End the epoch, and go on."""
        return False

    def end(self) -> None:
        """End the fit."""


class Tasks:
    """Calls the hooks of the estimator's callbacks.

    They get the data as the user passed them. While the run goes on the estimator shows how far it
    is (``history_``, ``n_iter_``, ``t_``); its parameters are copied for hooks that ask for a
    ``fitted_estimator``, and for no others.

    Parameters
    ----------
    estimator : estimator
        With callbacks.
    X, y, sample_weight : object
        What the user passed.
    n_epochs : int
        The most epochs that there can be.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, n_epochs: int) -> None:
        self.estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._about = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=n_epochs)
        self._epoch: Any = None

    def begin(self, run: Run, keep_memory: bool) -> None:
        """Begin the fit; ``keep_memory`` is whether its model will be able to go on exactly."""
        self._keep_memory = keep_memory
        self._show(run)
        self._call(self._fit.call_on_fit_task_begin)

    def begin_epoch(self, run: Run, name: str = "epoch") -> None:
        """Begin an epoch, unless the last one has not ended."""
        if self._epoch is None:
            self._epoch = self._fit.subcontext(task_name=name)
            self._call(self._epoch.call_on_fit_task_begin, self._snapshot(run))

    def end_epoch(self, run: Run) -> bool:
        """End the epoch; return whether a callback asks to stop."""
        self._show(run)
        epoch, self._epoch = self._epoch, None
        return self._call(epoch.call_on_fit_task_end, self._snapshot(run))

    def end(self) -> None:
        """End the fit, when the estimator is fitted."""
        self._call(self._fit.call_on_fit_task_end, {})

    def _show(self, run: Run) -> None:
        self.estimator.history_ = run.history.arrays()
        self.estimator.n_iter_, self.estimator.t_ = run.n_epochs, run.n_seen

    def _snapshot(self, run: Run) -> Callable[[], dict[str, Any]]:
        def attributes() -> dict[str, Any]:
            with quiet():
                return snapshot(self.estimator, run, self._keep_memory)

        return attributes

    def _call(self, hook: Callable[..., Any], attributes: Any = None) -> bool:
        with for_users():
            return hook(**self._about, reconstruction_attributes=attributes) is True


def new_tasks(estimator: Any, X: Any, y: Any, sample_weight: Any, n_epochs: int) -> NoTasks | Tasks:
    """Return what tells the estimator's callbacks of a fit."""
    if not getattr(estimator, "_skl_callbacks", ()):
        return NoTasks()
    return Tasks(estimator, X, y, sample_weight, n_epochs)
