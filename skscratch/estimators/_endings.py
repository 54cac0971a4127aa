"""What is said of a fit at its end: that it is unfinished, or that it has learned nothing."""

import math
from typing import Any, Protocol

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skscratch.core.network import Workspace
from skscratch.estimators._causes import likely_causes
from skscratch.estimators._sizes import rows_per_buffer
from skscratch.estimators._warn import warn
from skscratch.training.batches import InOrder
from skscratch.training.epoch import evaluate
from skscratch.training.state import Run

__all__ = ["conclude", "mean_loss", "unfinished"]

# Training that ends at max_iter is unfinished if the last epochs made more than this part of all
# progress, at more than this part of the highest rate.
UNFINISHED = 0.05
# As parts of the loss of the best constant prediction: from where on the recorded losses leave it
# open whether anything was learned, what counts as nothing, and by how much a loss must have risen.
DOUBTFUL, NOTHING, RISEN = 0.98, 0.995, 0.1
# Parameters that have moved by more than this, in parts of their norm, have been trained.
MOVED = 0.01
# Below this loss of a constant there is one class, but for rounding, and nothing to learn.
ONE_CLASS = 1e-6


class Training(Protocol):
    """What has trained a run, and what there is to say of it."""

    @property
    def complaint(self) -> str:
        """What a user has to know of how it ended; may be empty."""

    @property
    def theta_before(self) -> Any:
        """The parameters (P,) at its start."""

    @property
    def stopped(self) -> bool:
        """Whether a callback has ended it."""


def conclude(estimator: Any, run: Run, data: Any, n_rows: int, training: Training) -> None:
    """Warn once of all that a user has to know.

    Parameters
    ----------
    estimator : estimator
        No choice of it may be left to "auto" that the data decide.
    run : Run
        At its end.
    data : Data
    n_rows : int
        Rows of the history that there were before the fit.
    training : Training
    """
    curve = run.history.objective()[n_rows:]
    found = ""
    if not _has_only_begun(estimator, curve, training.stopped):
        found = _learned_nothing(estimator, run, data, n_rows, training.theta_before)
    if found:
        causes = likely_causes(estimator, run, data, run.history["learning_rate"][n_rows:])
        found = f"{found} {causes}"
    if training.complaint or found:
        warn(" ".join(filter(None, (training.complaint, found))), ConvergenceWarning)


def unfinished(estimator: Any, run: Run, n_rows: int, stops: bool) -> str:
    """Return a complaint if more epochs would help: the loss still falls, and the rate lets it."""
    n, history = estimator.n_iter_no_change, run.history
    curve = (history["validation_loss"] if stops else history.objective())[n_rows:]
    rates = history["learning_rate"][n_rows:]
    at_rest = rates[-1] < UNFINISHED * max(rates)
    if math.isinf(n) or at_rest or (n < len(curve) and not _falls(curve, n)):
        return ""
    return (
        f"Training ended at max_iter={estimator.max_iter} epochs, before the loss had "
        "come to rest. More epochs may give a better model."
    )


def mean_loss(estimator: Any, run: Run, data: Any, theta: Any) -> float:
    """Return the mean loss of parameters on all rows, as they predict."""
    arch, params = run.network(theta)
    X, y, w = data[:3]
    # a loss needs as much again as the buffers: less than training, for which they are sized
    batches = InOrder(X, y, w, max(32, rows_per_buffer(arch, X) // 8), theta.dtype)
    ws = Workspace.empty(arch, batches.batch_size, theta.dtype)
    return evaluate(arch, params, ws, batches, estimator._hits)[0]


def _falls(curve: list[float], n: int) -> bool:
    """Return whether the last n of more epochs made a good part of all progress."""
    return curve[-1 - n] - curve[-1] > UNFINISHED * (max(curve) - min(curve))


def _has_only_begun(estimator: Any, curve: list[float], stopped: bool) -> bool:
    """Return whether the user has asked for fewer epochs than tell anything."""
    asked = estimator.max_iter == 1 or math.isinf(estimator.n_iter_no_change)
    if not stopped and not (asked and len(curve) == estimator.max_iter):
        return False
    n = len(curve) // 2
    return n == 0 or (_falls(curve, n) and curve[-1 - n] - curve[-1] > estimator.tol)


def _learned_nothing(estimator: Any, run: Run, data: Any, n_rows: int, theta_before: Any) -> str:
    """Return what is wrong with the parameters kept; nothing is computed where numbers tell."""
    w = np.ones(len(data.y), data.dtype) if data.w is None else data.w
    constant = run.arch.loss.of_constant(np, data.y, (w / w.sum(dtype=float)).astype(data.dtype))
    curve, least = run.history.objective()[n_rows:], (1 - NOTHING) * constant
    # what goes on from elsewhere may have had nothing to learn
    stays = not n_rows and _moved(run.result, theta_before) < MOVED
    if constant < ONE_CLASS:
        return ""
    if not stays and _kept_loss(estimator, run, n_rows) <= DOUBTFUL * constant:
        return _risen(run, curve, constant)
    loss = mean_loss(estimator, run, data, run.result)
    if not math.isfinite(loss):
        return ""  # which is an error
    if loss > constant - least:
        return (
            f"The loss of the model on the training rows, {loss:.4g}, is not clearly below that of "
            f"the class frequencies, {constant:.4g}."
        )
    if stays:
        before = mean_loss(estimator, run, data, theta_before)
        if before - loss < least:
            return (
                f"The loss of the model on the training rows, {loss:.4g}, is not clearly below "
                f"that before training, {before:.4g}."
            )
    return _risen(run, curve, constant)


def _moved(theta: Any, theta_before: Any) -> float:
    """Return how far parameters are from those before, in parts of the norm of these."""
    norm = float(np.linalg.norm(theta_before))
    return float(np.linalg.norm(theta - theta_before)) / norm if norm else math.inf


def _risen(run: Run, curve: list[float], constant: float) -> str:
    """Return by how much the loss has risen, if the last parameters are kept."""
    if run.chosen is not None or curve[-1] - curve[0] <= RISEN * constant:
        return ""
    return (
        "The training loss, penalty included, ended above where it began: it was "
        f"{curve[0]:.4g} in the first epoch and {curve[-1]:.4g} in the last."
    )


def _kept_loss(estimator: Any, run: Run, n_rows: int) -> float:
    """Return the highest loss recorded of the parameters kept, or of ones close to them."""
    history = run.history
    loss = history["loss"][-1]
    if run.best_validation_score is None or run.chosen is None:
        return loss
    losses = np.array(history["validation_loss"][n_rows:])
    if isinstance(estimator.scoring, str) and estimator.scoring == "loss":
        return max(loss, float(np.nanmin(losses)))
    return max(loss, float(losses[np.nanargmax(history["validation_score"][n_rows:])]))
