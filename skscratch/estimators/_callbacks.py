"""The hooks of a fit: scikit-learn's callbacks, and the lines that ``verbose`` prints."""

from collections.abc import Callable
from typing import Any

from skscratch._ranks import ranks
from skscratch._warnings import for_users, quiet
from skscratch.estimators._fitted import snapshot
from skscratch.estimators._messages import report, report_end, report_resumed
from skscratch.training.config import TrainingConfig
from skscratch.training.outcome import Outcome
from skscratch.training.state import TrainingState

__all__ = ["CallbackHooks", "NoCallbacks", "new_hooks"]


class NoCallbacks:
    """The hooks of an estimator without callbacks.

    Parameters
    ----------
    estimator : estimator
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def begin(self, config: TrainingConfig, state: TrainingState, keep_optimizer: bool) -> None:
        """Begin the fit; ``keep_optimizer`` says whether the model keeps the optimizer state."""
        self.config = config

    def resume(self, state: TrainingState) -> None:
        """Report that training continues from a checkpoint."""
        report_resumed(self.estimator, state)

    def begin_epoch(self, state: TrainingState, name: str = "epoch") -> None:
        """Begin an epoch, unless the last one has not ended."""

    def end_epoch(self, state: TrainingState) -> bool:
        """End the epoch; return whether a callback asks to stop."""
        report(self.estimator, state)
        return False

    def end_training(self, state: TrainingState, outcome: Outcome) -> None:
        """Report how training ended."""
        report_end(self.estimator, self.config, state, outcome)

    def end(self) -> None:
        """End the fit, when the estimator is fitted."""


class CallbackHooks(NoCallbacks):
    """Calls the hooks of the estimator's callbacks: a task for the fit, and one for each epoch.

    Callbacks get the data as the user passed them. During training, ``history_``, ``n_iter_`` and
    ``t_`` of the estimator are up to date. The network is copied only for callbacks that ask for a
    ``fitted_estimator``.

    Parameters
    ----------
    estimator : estimator
        An estimator with callbacks.
    context : object
        scikit-learn's context of the task of the fit.
    X, y, sample_weight : object
        The arguments of the user.
    """

    def __init__(self, estimator: Any, context: Any, X: Any, y: Any, sample_weight: Any) -> None:
        super().__init__(estimator)
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._about = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = context
        self._epoch: Any = None

    def begin(self, config: TrainingConfig, state: TrainingState, keep_optimizer: bool) -> None:
        """Begin the fit; ``keep_optimizer`` says whether the model keeps the optimizer state."""
        super().begin(config, state, keep_optimizer)
        self._keep_optimizer = keep_optimizer
        self._show(state)
        self._call(self._fit.call_on_fit_task_begin)

    def begin_epoch(self, state: TrainingState, name: str = "epoch") -> None:
        """Begin an epoch, unless the last one has not ended."""
        if self._epoch is None:
            self._epoch = self._fit.subcontext(task_name=name)
            self._call(self._epoch.call_on_fit_task_begin, self._snapshot(state))

    def end_epoch(self, state: TrainingState) -> bool:
        """End the epoch; return whether a callback asks to stop."""
        self._show(state)
        epoch, self._epoch = self._epoch, None
        stopped = self._call(epoch.call_on_fit_task_end, self._snapshot(state))
        state.history.adopt(self.estimator.history_)
        super().end_epoch(state)
        return stopped

    def end(self) -> None:
        """End the fit, when the estimator is fitted."""
        self._call(self._fit.call_on_fit_task_end, {})

    def _show(self, state: TrainingState) -> None:
        self.estimator.history_ = state.history.arrays()
        self.estimator.n_iter_, self.estimator.t_ = state.n_epochs, state.n_samples_seen

    def _snapshot(self, state: TrainingState) -> Callable[[], dict[str, Any]]:
        def attributes() -> dict[str, Any]:
            with quiet():
                return snapshot(self.estimator, state, self._keep_optimizer)

        return attributes

    def _call(self, hook: Callable[..., Any], attributes: Any = None) -> bool:
        with for_users():
            return hook(**self._about, reconstruction_attributes=attributes) is True


def new_hooks(
    estimator: Any, context: Any, X: Any, y: Any, sample_weight: Any, **others: Any
) -> Any:
    """Return the hooks of a call; context is None for an estimator without callbacks.

    ``others`` are the other arguments of ``fit``, or the ``classes`` of ``partial_fit``.
    """
    shared, hooks = ranks.get(), NoCallbacks(estimator)
    if context is not None:
        hooks = CallbackHooks(estimator, context, X, y, sample_weight)
    if shared is None:
        return hooks
    from skscratch.estimators._shared import SharedHooks, begin_call

    begin_call(shared, estimator, **others)
    return SharedHooks(shared, hooks)
