"""What a user is told of a run: a line an epoch, and why it failed."""

from typing import Any

from skscratch.estimators import _params
from skscratch.training.state import Run

__all__ = ["diverged", "report"]


def report(estimator: Any, run: Run) -> None:
    """Print the numbers of the last epoch, if the user wants to see them."""
    if estimator.verbose:
        history = run.history
        loss = history["loss"][-1] + history["penalty"][-1]
        line = f"Iteration {run.n_epochs}, loss = {loss:.8f}"
        score = history["validation_score"][-1]
        if score == score:
            line += f", validation loss = {history['validation_loss'][-1]:.8f}"
            line += f", validation score = {score:.6f}"
        print(line)


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
