"""How an estimator's parameters drive a run: the loop over epochs, and L-BFGS."""

import math
import warnings
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning

from skscratch.core.network import Architecture, Gradient, Parameters, Workspace
from skscratch.estimators import _params
from skscratch.estimators._random import streams
from skscratch.training import lbfgs
from skscratch.training.batches import Gathered, InOrder
from skscratch.training.holdout import stratified_holdout
from skscratch.training.state import Run
from skscratch.training.stopping import Patience
from skscratch.training.threads import blas_threads, limited_blas_threads
from skscratch.training.trainer import HeldOut, Trainer

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
    trainer = _trainer(estimator, run, data, rows)
    if len(held_out):
        size = rows_per_buffer(run.arch, data.X)
        batches = Gathered(data.X, data.y, data.w, size, run.theta.dtype, held_out, None)
        watch = HeldOut(run, batches, estimator._hits)
        _train_epochs(estimator, trainer, watch.loss)
        watch.restore()
    else:
        _train_epochs(estimator, trainer, lambda: run.loss_curve[-1])


def one_epoch(estimator: Any, run: Run, data: Any) -> None:
    """Train for one epoch."""
    _trainer(estimator, run, data, _weighted_rows(data)).epoch()
    _check_finite(estimator, run, run.loss_curve[-1])
    _report(estimator, run)


def _train_epochs(estimator: Any, trainer: Trainer, watched_loss: Any) -> None:
    """Train until the watched loss has stalled for longer than patience lasts."""
    patience = Patience(estimator.tol, estimator.n_iter_no_change)
    optimizer = trainer.optimizer
    for _ in range(estimator.max_iter):
        trainer.epoch()
        _check_finite(estimator, trainer.run, trainer.run.loss_curve[-1])
        watched = watched_loss()
        _check_finite(estimator, trainer.run, watched)
        _report(estimator, trainer.run)
        if patience.exhausted_by(watched):
            optimizer.scale = optimizer.rate.after_plateau(optimizer.scale)
            patience.restart()
            if optimizer.scale == 0:
                return
    warnings.warn(
        f"Training ended at max_iter={estimator.max_iter} epochs, before the loss had stalled for "
        f"n_iter_no_change={estimator.n_iter_no_change} epochs. More epochs may give a better "
        "model.",
        ConvergenceWarning,
        stacklevel=2,
    )


def _trainer(estimator: Any, run: Run, data: Any, rows: Any) -> Trainer:
    rng = run.rng if estimator.shuffle else None
    size = batch_size(estimator, len(rows))
    batches = Gathered(data.X, data.y, data.w, size, run.theta.dtype, rows, rng)
    weight = len(rows) if data.w is None else data.w[rows].sum(dtype=float)
    rule, schedule = _params.rule(estimator), _params.schedule(estimator)
    return Trainer(run, batches, rule, schedule, l2=float(estimator.alpha / weight))


def _hold_out(estimator: Any, run: Run, data: Any, rows: Any) -> tuple[Any, Any]:
    """Return the rows to train on and those to validate on, none if these would be too few."""
    multilabel = data.y.ndim == 2 and data.n_outputs > 1
    classes = np.zeros(len(rows), int) if multilabel else data.y[rows].ravel().astype(int)
    fraction, rng = estimator.validation_fraction, streams(run.seed).holdout
    kept, held_out = stratified_holdout(classes, fraction, rng)
    if len(held_out) < LEAST_HELD_OUT:
        return rows, []
    return rows[kept], rows[held_out]


def _weighted_rows(data: Any) -> Any:
    """Return the rows that have any weight: the others must not even take a place in a batch."""
    return np.arange(data.X.shape[0]) if data.w is None else np.flatnonzero(data.w)


def _minimize(estimator: Any, run: Run, data: Any) -> None:
    dtype = run.theta.dtype
    batches = InOrder(data.X, data.y, data.w, rows_per_buffer(run.arch, data.X), dtype)
    ws = Workspace.empty(run.arch, batches.batch_size, dtype)
    grad = Gradient.empty(run.arch, batches.batch_size, dtype)
    weight = data.X.shape[0] if data.w is None else data.w.sum(dtype=float)
    l2, n_before = float(estimator.alpha / weight), len(run.loss_curve)

    def after_iteration(loss: float) -> None:
        run.record(loss)
        _check_finite(estimator, run, loss)
        _report(estimator, run)

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
    if not result.success:
        warnings.warn(
            f"L-BFGS ended before it converged, after {result.nit} iterations "
            f"(max_iter={estimator.max_iter}) and {result.nfev} evaluations "
            f"(max_fun={estimator.max_fun}): {result.message}",
            ConvergenceWarning,
            stacklevel=2,
        )


def batch_size(estimator: Any, n_rows: int) -> int:
    """Return the rows per step; "auto" gives small sets several steps an epoch."""
    if estimator.batch_size == "auto":
        return min(n_rows, max(32, min(200, -(-n_rows // 4))))
    return min(n_rows, int(estimator.batch_size))


def rows_per_buffer(arch: Architecture, X: Any) -> int:
    """Return how many rows to work on at a time so that buffers stay at a few MiB."""
    widths = arch.sizes[1:] if issparse(X) else arch.sizes
    return max(32, 2**19 // sum(widths))


def threads(estimator: Any, run: Run, data: Any) -> AbstractContextManager[None]:
    """Return the context in which to train.

    L-BFGS gets one thread whatever the size: its vectors run through SciPy's BLAS, the products
    through NumPy's, and two pools of threads that take turns get in each other's way.
    """
    if estimator.solver == "lbfgs":
        return limited_blas_threads(1)
    return blas_threads(largest_product(run.params, data.X, batch_size(estimator, data.X.shape[0])))


def largest_product(params: Parameters, X: Any, n_rows: int) -> float:
    """Return the multiply-adds of the largest product that BLAS computes, of that many rows of X.

    The product of a sparse X is not one of them.
    """
    sizes = [W.size for W in params.weights]
    return float(n_rows * max(sizes[issparse(X) :], default=0))


def diverged(estimator: Any, run: Run) -> ValueError:
    """Return the error that says what to try."""
    levers = "Scale the features (for instance with StandardScaler)"
    if estimator.solver != "lbfgs":
        rate = _params.learning_rate_init(estimator)
        levers = f"Lower learning_rate_init (now {rate:g}), raise batch_size, or s{levers[1:]}"
    return ValueError(
        f"The loss or a parameter became non-finite in epoch {len(run.loss_curve)}, and training "
        f"was stopped. {levers}; look for extreme sample weights."
    )


def _check_finite(estimator: Any, run: Run, loss: float) -> None:
    if not math.isfinite(loss):
        raise diverged(estimator, run)


def _report(estimator: Any, run: Run) -> None:
    if estimator.verbose:
        line = f"Iteration {len(run.loss_curve)}, loss = {run.loss_curve[-1]:.8f}"
        if run.validation_scores:
            line += f", validation score = {run.validation_scores[-1]:.6f}"
        print(line)
