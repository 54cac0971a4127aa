"""What a user is told of a run: a line an epoch, and why it failed."""

import math
from typing import Any

from skscratch.estimators import _params
from skscratch.training.state import Run

__all__ = ["diverged", "report"]

COLUMNS = ("loss", "penalty", "validation_loss", "validation_score", "seconds")


def report(estimator: Any, run: Run) -> None:
    """Print the numbers of the last epoch, if the user wants to see them."""
    if estimator.verbose:
        last = {name: run.history[name][-1] for name in COLUMNS}
        epoch = "iteration" if estimator.solver == "lbfgs" else "epoch"
        line = f"{epoch} {run.n_epochs:4}  loss {_number(last['loss'] + last['penalty'])}"
        if not math.isnan(last["validation_score"]):
            line += f"  validation loss {_number(last['validation_loss'])}"
            line += f"  score {last['validation_score']:7.4f}"
        # what stands in a pipe or a notebook is to be seen at once
        print(f"{line}  {last['seconds']:7.3f} s", flush=True)


def _number(x: float) -> str:
    """Return a loss in eight characters, so that those of all epochs stand below one another."""
    if 1e-3 <= x < 1e5:
        return f"{x:.{7 - len(str(int(x)))}f}"
    return f"{x:8.2e}"


def diverged(estimator: Any, epoch: int) -> ValueError:
    """Return the error that says what to try."""
    levers = "Scale the features (for instance with StandardScaler)"
    if estimator.solver != "lbfgs":
        rate = "learning_rate"
        if isinstance(estimator.learning_rate, str):
            rate = f"learning_rate_init (now {_params.learning_rate_init(estimator):g})"
        clip = "set" if estimator.max_grad_norm is None else "lower"
        levers = f"Lower {rate}, {clip} max_grad_norm, raise batch_size, or s{levers[1:]}"
    return ValueError(
        f"The loss, a parameter or an output became non-finite in epoch {epoch}, and training was "
        f"stopped. {levers}; look for extreme sample weights."
    )
