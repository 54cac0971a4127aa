"""How an estimator's parameters drive a run: the loop over epochs, and L-BFGS."""

import math
import warnings
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skscratch.core.network import Architecture, Gradient, Parameters, Workspace
from skscratch.core.optimizers import L2, Optimizer
from skscratch.estimators import _params
from skscratch.estimators._random import streams
from skscratch.training import lbfgs
from skscratch.training.batches import Gathered, InOrder
from skscratch.training.epoch import evaluate, run_epoch
from skscratch.training.holdout import stratified_holdout
from skscratch.training.state import Run
from skscratch.training.stopping import Best, Patience
from skscratch.training.threads import blas_threads, one_blas_thread

# a loss on fewer rows than this says too little to stop by
LEAST_HELD_OUT = 5


def fit(estimator: Any, run: Run, data: Any) -> None:
    """Train until stopping or ``max_iter`` ends it."""
    if estimator.solver == "lbfgs":
        _minimize(estimator, run, data)
        return
    rows, held_out = _weighted_rows(data), []
    if estimator.early_stopping:
        rows, held_out = _hold_out(estimator, run, data, rows)
    watch = _ValidationLoss(estimator, run, data, held_out) if len(held_out) else _TrainingLoss()
    _train_epochs(estimator, run, _Epochs(estimator, run, data, rows), watch)
    watch.finish()


def one_epoch(estimator: Any, run: Run, data: Any) -> None:
    """Train for one epoch."""
    _Epochs(estimator, run, data, _weighted_rows(data)).train()
    _report(estimator, run)


def rows_per_buffer(arch: Architecture) -> int:
    """Return how many rows to work on at a time so that a workspace stays at a few MiB."""
    return max(1, 2**19 // sum(arch.sizes))


def threads(estimator: Any, run: Run, data: Any) -> AbstractContextManager[None]:
    """Return the context in which to train.

    L-BFGS gets one thread whatever the size: its vectors run through SciPy's BLAS, the products
    through NumPy's, and two pools of threads that take turns get in each other's way.
    """
    if estimator.solver == "lbfgs":
        return one_blas_thread()
    return blas_threads(largest_product(run.params, _batch_size(estimator, data.X.shape[0])))


def largest_product(params: Parameters, n_rows: int) -> float:
    """Return the multiply-adds of the largest matrix product of a pass over that many rows."""
    return float(n_rows * max(W.size for W in params.weights))


def diverged(estimator: Any, run: Run) -> ValueError:
    """Return the error that says what to try."""
    return ValueError(
        f"The loss or a parameter became non-finite in epoch {len(run.loss_curve)}, and training "
        f"was stopped. Lower learning_rate_init (now {_params.learning_rate_init(estimator):g}), "
        "scale the features (for instance with StandardScaler), or raise batch_size."
    )


def _train_epochs(estimator: Any, run: Run, epochs: "_Epochs", watch: Any) -> None:
    schedule = _params.schedule(estimator)
    patience = Patience(estimator.tol, estimator.n_iter_no_change)
    for _ in range(estimator.max_iter):
        watched = watch.after_epoch(epochs.train())
        _report(estimator, run)
        if patience.exhausted_by(watched):
            epochs.optimizer.scale = schedule.after_plateau(epochs.optimizer.scale)
            patience.restart()
            if epochs.optimizer.scale == 0:
                return
    warnings.warn(
        f"Training ended at max_iter={estimator.max_iter} epochs, before the loss had stalled for "
        f"n_iter_no_change={estimator.n_iter_no_change} epochs. More epochs may give a better "
        "model.",
        ConvergenceWarning,
        stacklevel=2,
    )


class _Epochs:
    """Trains a run epoch by epoch on the given rows, all of positive weight."""

    def __init__(self, estimator: Any, run: Run, data: Any, rows: Any) -> None:
        self.estimator, self.run, self.n_rows = estimator, run, len(rows)
        rng = run.rng if estimator.shuffle else None
        batch_size = _batch_size(estimator, len(rows))
        self.batches = Gathered(data.X, data.y, data.w, batch_size, rows, rng)
        self.ws = Workspace.empty(run.arch, self.batches.batch_size, run.theta.dtype)
        self.grad = Gradient.empty(run.arch, self.batches.batch_size, run.theta.dtype)
        self.l2 = _l2(estimator, len(rows) if data.w is None else data.w[rows].sum(dtype=float))
        self.chain = _params.chain(estimator)
        self.optimizer = Optimizer(
            self.chain,
            [L2(self.l2)] if self.l2 else [],
            _params.schedule(estimator),
            run.theta,
            self.grad.g,
            run.W.size,
            **self._resumed(),
        )

    def train(self) -> float:
        """Train for one epoch; return its mean loss plus the penalty that it began with."""
        run, optimizer = self.run, self.optimizer
        penalty = 0.5 * self.l2 * float(run.W @ run.W)
        loss = penalty + run_epoch(
            run.arch, run.params, self.ws, self.grad, optimizer, self.batches
        )
        run.loss_curve.append(loss)
        if not math.isfinite(loss):
            raise diverged(self.estimator, run)
        run.n_seen += self.n_rows
        run.optimizer_state = {
            "chain": self._names(),
            "t": optimizer.t,
            "slots": optimizer.slots,
        }
        return loss

    def _resumed(self) -> dict[str, Any]:
        """Return the state of the run's last optimizer if it was of the same kind."""
        state = dict(self.run.optimizer_state)
        return state if state.pop("chain", None) == self._names() else {}

    def _names(self) -> list[str]:
        return [type(transform).__name__ for transform in self.chain]


class _TrainingLoss:
    """Stopping watches the loss on the training rows; the last parameters are kept."""

    def after_epoch(self, loss: float) -> float:
        return loss

    def finish(self) -> None:
        pass


class _ValidationLoss:
    """Stopping watches the loss on the rows held out; the best parameters are kept."""

    def __init__(self, estimator: Any, run: Run, data: Any, held_out: Any) -> None:
        self.run, self.hits = run, estimator._hits
        batch_size = rows_per_buffer(run.arch)
        self.batches = Gathered(data.X, data.y, data.w, batch_size, held_out, rng=None)
        self.ws = Workspace.empty(run.arch, self.batches.batch_size, run.theta.dtype)
        self.best = Best(run.theta)
        self.scores: list[float] = []

    def after_epoch(self, loss: float) -> float:
        run = self.run
        loss, score = evaluate(run.arch, run.params, self.ws, self.batches, self.hits)
        self.best.update(loss)
        self.scores.append(score)
        run.validation_scores.append(score)
        return loss

    def finish(self) -> None:
        self.best.restore()
        self.run.best_validation_score = self.scores[self.best.index]


def _hold_out(estimator: Any, run: Run, data: Any, rows: Any) -> tuple[Any, Any]:
    """Return the rows to train on and those to validate on, none if these would be too few."""
    classes = (
        data.y[rows].ravel().astype(int) if data.n_outputs == 1 or data.y.ndim == 1 else rows * 0
    )
    fraction, rng = estimator.validation_fraction, streams(run.seed).holdout
    kept, held_out = stratified_holdout(classes, fraction, rng)
    if len(held_out) < LEAST_HELD_OUT:
        return rows, []
    return rows[kept], rows[held_out]


def _minimize(estimator: Any, run: Run, data: Any) -> None:
    batches = InOrder(data.X, data.y, data.w, rows_per_buffer(run.arch))
    ws = Workspace.empty(run.arch, batches.batch_size, run.theta.dtype)
    grad = Gradient.empty(run.arch, batches.batch_size, run.theta.dtype)
    l2 = _l2(estimator, len(data.y) if data.w is None else data.w.sum(dtype=float))

    def after_iteration(loss: float) -> None:
        run.loss_curve.append(loss)
        _report(estimator, run)

    n_before = len(run.loss_curve)
    result = lbfgs.minimize(
        run.theta,
        lambda: lbfgs.objective(run.arch, run.params, ws, grad, batches, run.W, l2),
        after_iteration,
        max_iter=estimator.max_iter,
        max_fun=estimator.max_fun,
        tol=estimator.tol,
    )
    if len(run.loss_curve) == n_before:
        after_iteration(float(result.fun))
    if not math.isfinite(result.fun):
        raise diverged(estimator, run)
    if not result.success:
        warnings.warn(
            f"L-BFGS ended before it converged, after {result.nit} iterations "
            f"(max_iter={estimator.max_iter}) and {result.nfev} evaluations "
            f"(max_fun={estimator.max_fun}): {result.message}",
            ConvergenceWarning,
            stacklevel=2,
        )


def _weighted_rows(data: Any) -> Any:
    """Return the rows that have any weight: the others must not even take a place in a batch."""
    return np.arange(data.X.shape[0]) if data.w is None else np.flatnonzero(data.w)


def _batch_size(estimator: Any, n_rows: int) -> int:
    """Return the rows per step; "auto" gives small sets several steps an epoch."""
    if estimator.batch_size == "auto":
        return min(n_rows, max(32, min(200, n_rows // 4)))
    return min(n_rows, int(estimator.batch_size))


def _l2(estimator: Any, total_weight: float) -> float:
    """Return the strength of the penalty on the mean loss, ½ · strength · ‖W‖²."""
    return float(estimator.alpha / total_weight)


def _report(estimator: Any, run: Run) -> None:
    if estimator.verbose:
        line = f"Iteration {len(run.loss_curve)}, loss = {run.loss_curve[-1]:.8f}"
        if run.validation_scores:
            line += f", validation score = {run.validation_scores[-1]:.6f}"
        print(line)
