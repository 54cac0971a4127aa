"""A fit by L-BFGS."""

import math
from time import perf_counter
from typing import Any

import numpy as np

from skscratch.core.network import Gradient, Workspace
from skscratch.estimators._messages import diverged, report, report_end
from skscratch.estimators._sizes import rows_per_buffer
from skscratch.estimators._tasks import NoTasks, Tasks
from skscratch.estimators._trainers import LEAST_ROWS
from skscratch.estimators._validation_set import held_out, users_own
from skscratch.training import lbfgs
from skscratch.training.batches import Gathered
from skscratch.training.state import Run, count, restore_counted

__all__ = ["Descent"]


class Descent:
    """Trains until L-BFGS has converged, or ``max_iter`` or ``max_fun`` ends it.

    Parameters
    ----------
    estimator : estimator
    run : Run
    data : Data
    tasks : NoTasks or Tasks

    Attributes
    ----------
    complaint : str
        What a user has to know of how it ended; may be empty.
    theta_before : ndarray of shape (P,)
        The parameters at its start.
    stopped : bool
        Whether a callback has ended it.
    """

    def __init__(self, estimator: Any, run: Run, data: Any, tasks: NoTasks | Tasks) -> None:
        self.complaint, self.theta_before, self.n_before = "", run.theta.copy(), run.n_epochs
        self.estimator, self.run, self.tasks, self.stopped = estimator, run, tasks, False
        dtype, size = run.theta.dtype, rows_per_buffer(run.arch, data.X)
        rows, weights = lbfgs.distinct_rows(data.X, data.y, data.w)
        w = np.zeros(data.X.shape[0], dtype)
        w[rows] = weights
        self.batches = Gathered(data.X, data.y, w, size, dtype, rows, None, run.scaling)
        self.ws = Workspace.empty(run.arch, self.batches.batch_size, dtype)
        self.grad = Gradient.empty(run.arch, self.batches.batch_size, dtype)
        self.l2 = float(estimator.alpha) / max(weights.sum(), LEAST_ROWS)
        self.kept, self.time, self.norm = run.theta.copy(), perf_counter(), math.nan
        run.memory, run.mean, self.counted = {}, None, count(run)
        run.chosen = self.kept  # theta is wherever SciPy looks
        self.held_out = None
        validation = users_own(data)
        if validation is not None:
            self.held_out = held_out(estimator, run, validation, size)

    def train(self) -> None:
        """Move the run's parameters to a minimum of the loss and the penalty."""
        run = self.run
        try:
            result = lbfgs.minimize(
                run.theta,
                self._objective,
                self._end_iteration,
                max_iter=self.estimator.max_iter,
                max_fun=self.estimator.max_fun,
                tol=self.estimator.tol,
            )
        except KeyboardInterrupt:
            restore_counted(run, self.counted)
            self._report_end("Ctrl-C")
            raise
        if run.n_epochs == self.n_before and self._is_finite(result.fun):
            self._record(float(result.fun))
        if not self._is_finite(result.fun):
            self._diverge()
            self._report_end("the loss or a parameter became non-finite")
            return
        if not (result.success or self.stopped):
            self.complaint = (
                f"L-BFGS ended before it converged, after {result.nit} iterations "
                f"(max_iter={self.estimator.max_iter}) and {result.nfev} evaluations "
                f"(max_fun={self.estimator.max_fun}): {result.message}"
            )
        self._report_end("a callback" if self.stopped else result.message)

    def _objective(self) -> tuple[float, Any]:
        run = self.run
        self.tasks.begin_epoch(run, "iteration")
        loss, g = lbfgs.objective(
            run.arch, run.params, self.ws, self.grad, self.batches, run.W, self.l2
        )
        self.norm = math.sqrt(g @ g)
        return loss, g

    def _end_iteration(self, objective: float) -> None:
        """Record an iteration; tell SciPy, in its way, if it was the last."""
        if self._is_finite(objective):
            self._record(objective)
        if self.stopped or not self._is_finite(objective):
            raise StopIteration

    def _record(self, objective: float) -> None:
        """Record the iteration that led to the run's parameters of now."""
        run = self.run
        penalty, now = 0.5 * self.l2 * float(run.W @ run.W), perf_counter()
        row = {"gradient_norm": self.norm, "seconds": now - self.time}
        run.record(objective - penalty, penalty, **row)
        if self.held_out is not None:
            self.held_out.watch()
        self.time = now
        np.copyto(self.kept, run.theta)
        self.counted = count(run)
        self.stopped = self.tasks.end_epoch(run)
        report(self.estimator, run)

    def _is_finite(self, objective: float) -> bool:
        theta = self.run.theta
        return math.isfinite(objective) and math.isfinite(theta @ theta)

    def _diverge(self) -> None:
        """Go back to the last iteration, if there was one."""
        error = diverged(self.estimator, self.run.n_epochs + 1)
        if self.run.n_epochs == self.n_before:
            raise error
        self.complaint = f"{error} The estimator has the parameters of the last iteration before."

    def _report_end(self, why: str) -> None:
        """Say why training ended and what is kept."""
        none = self.run.n_epochs == self.n_before
        kept = "the estimator as it was before" if none else "the parameters of the last iteration"
        report_end(self.estimator, self.run, why, kept)
