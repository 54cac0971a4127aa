"""The two ways to train a run: a whole fit, and one epoch."""

import math
from typing import Any

from skscratch.estimators._checkpoints import Checkpoints
from skscratch.estimators._course import Course
from skscratch.estimators._endings import conclude
from skscratch.estimators._lbfgs import Descent
from skscratch.estimators._messages import diverged, report
from skscratch.estimators._overflow import overflows
from skscratch.estimators._tasks import NoTasks, Tasks
from skscratch.estimators._trainers import LEAST_ROWS_OF_A_CALL, new_schedule, new_trainer
from skscratch.estimators._unused import warn_of_unused
from skscratch.estimators._validation_set import find_scorer, weighted_rows
from skscratch.training.state import Run

__all__ = ["fit", "one_epoch"]

# Calls of partial_fit without end must not make an estimator grow without end.
EPOCHS_REMEMBERED = 200


def fit(estimator: Any, run: Run, data: Any, tasks: NoTasks | Tasks, first: bool) -> None:
    """Train until stopping or ``max_iter`` ends it."""
    # what is wrong is refused, used or not
    find_scorer(estimator)
    warn_of_unused(estimator, "fit", validated=data.validation is not None)
    training: Descent | Course
    n_rows = len(run.history)
    if estimator.solver == "lbfgs":
        training = Descent(estimator, run, data, tasks)
    else:
        checkpoints = Checkpoints(estimator, run, data, first)
        training = Course(estimator, run, data, tasks, checkpoints)
    training.train()
    conclude(estimator, run, data, n_rows, training)
    if overflows(run, data):
        raise diverged(estimator, run.n_epochs)


def one_epoch(estimator: Any, run: Run, data: Any, tasks: NoTasks | Tasks, first: bool) -> None:
    """Train for one epoch."""
    rows = weighted_rows(data)
    schedule = new_schedule(estimator, len(rows), 0)
    trainer = new_trainer(estimator, run, data, rows, schedule, LEAST_ROWS_OF_A_CALL)
    tasks.begin_epoch(run)
    if not math.isfinite(trainer.epoch()):
        raise diverged(estimator, run.n_epochs + 1)
    run.history.keep_last(EPOCHS_REMEMBERED)
    tasks.end_epoch(run)
    report(estimator, run)
