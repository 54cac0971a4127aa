"""What a user is told of a run: a line an epoch, and why it failed."""

import math
from typing import Any

import numpy as np

from skscratch.estimators import _params
from skscratch.training.state import Run

__all__ = ["diverged", "not_finite", "report"]

# A penalty or a weight above this moves the parameters further than the data do.
LARGE = 1e4

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
    causes = _causes(estimator)
    blamed = f"The likely cause is {' and '.join(causes)}. " if causes else ""
    return ValueError(
        f"The loss, a parameter or an output became non-finite in epoch {epoch}, and training was "
        f"stopped. {blamed}{levers}; look for extreme sample weights."
    )


def _causes(estimator: Any) -> list[str]:
    """Return the parameters, with what to do, that were set so that they let most runs diverge."""
    rate, rule, given = 0.0, None, estimator.learning_rate
    if estimator.solver != "lbfgs":
        rate = _params.learning_rate_init(estimator) if isinstance(given, str) else given(0)
        rule = _params.rule(estimator)
    found = {
        # a step takes off more than there is
        "weight_decay": rate * estimator.weight_decay > 1,
        "alpha": estimator.alpha > LARGE,
        "momentum": getattr(rule, "momentum", 0) > 0.999,
    }
    causes = [f"{n}={getattr(estimator, n):g}: lower it" for n, is_one in found.items() if is_one]
    if rate > 1:
        causes.append(f"a learning rate of {rate:g}: lower it")
    given = estimator.class_weight
    weights = list(given.values()) if isinstance(given, dict) else []
    if any(weight > LARGE for weight in weights):
        causes.append(f"class_weight={given!r}: bring the weights closer to 1")
    if not isinstance(estimator.weight_init, str):
        causes.append("weight_init, if it draws large weights")
    return causes


def not_finite(estimator: Any) -> str:
    """Return which of the fitted parameters holds NaN or infinity, and what to do, or nothing."""
    for name in ("coefs_", "intercepts_"):
        for layer, values in enumerate(getattr(estimator, name)):
            if not np.isfinite(values).all():
                what = "NaN" if np.isnan(values).any() else "infinity"
                return f"{name}[{layer}] holds {what}. Assign finite numbers, or fit again."
    return ""
