"""From an estimator's parameters to what trains a run."""

import math
from typing import Any

import numpy as np

from skscratch.estimators import _params
from skscratch.estimators._sizes import batch_size
from skscratch.estimators._warn import warn
from skscratch.training.batches import Gathered
from skscratch.training.state import Run
from skscratch.training.trainer import Trainer

__all__ = ["LEAST_ROWS", "LEAST_ROWS_OF_A_CALL", "new_schedule", "new_trainer", "penalty"]

# Among 20 rows the penalty leaves the exclusive or of two inputs learnable by every solver, and
# still steadies three rows of iris. A call of partial_fit sees a part of the data: that the part is
# small says nothing of the whole.
LEAST_ROWS, LEAST_ROWS_OF_A_CALL = 20, 200


def new_schedule(estimator: Any, n_rows: int, n_steps_before: int) -> Any:
    """Return the schedule of a run that is planned to take ``max_iter`` epochs from here."""
    n_steps = estimator.max_iter * -(-n_rows // batch_size(estimator, n_rows))
    return _params.schedule(estimator, n_steps_before + n_steps)


def new_trainer(
    estimator: Any, run: Run, data: Any, rows: Any, schedule: Any, least_rows: int
) -> Trainer:
    """Return what trains the run on some rows of the data; ``least_rows`` is for ``penalty``."""
    batches = Gathered(
        data.X,
        data.y,
        data.w,
        batch_size(estimator, rows.shape[-1]),
        run.theta.dtype,
        rows,
        run.shuffle if estimator.shuffle else None,
        run.scaling,
    )
    max_norm = math.inf if estimator.max_grad_norm is None else float(estimator.max_grad_norm)
    trainer = Trainer(
        run,
        batches,
        _params.rule(estimator),
        schedule,
        l2=penalty(estimator, data, rows, least_rows),
        weight_decay=float(estimator.weight_decay),
        max_norm=max_norm * math.sqrt(run.arch.members),  # of all of them
        ema_decay=float(estimator.ema_decay),
    )
    # only a schedule of ours comes to an end: a function may begin with 0
    if isinstance(estimator.learning_rate, str) and schedule(trainer.optimizer.t) == 0:
        warn(
            f"learning_rate={estimator.learning_rate!r} is 0 from here on: after "
            f"{trainer.optimizer.t} updates nothing more is learned. Set decay_steps to the number "
            "of updates that there are to be in all.",
        )
    return trainer


def penalty(estimator: Any, data: Any, rows: Any, least: int) -> float:
    """Return the strength of the penalty on the mean loss, the same for all members.

    ``alpha`` counts like one row among those that are trained on, or among ``least`` if they are
    fewer: a handful of rows could not outweigh it.
    """
    n_rows = rows.shape[-1] if data.w is None else data.w[rows].sum(axis=-1, dtype=float)
    return float(estimator.alpha / max(np.mean(n_rows), least))
