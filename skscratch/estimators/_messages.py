"""What a user is told of a run: a line an epoch, how it ended, and why it failed."""

import math
from typing import Any

import numpy as np

from skscratch.estimators import _params
from skscratch.training.state import Run
from skscratch.training.stopping import Best

__all__ = ["diverged", "kept_best", "not_finite", "out_of_patience", "report", "report_end"]

# A penalty or a weight above this moves the parameters further than the data do.
LARGE = 1e4

COLUMNS = ("loss", "penalty", "validation_loss", "validation_score", "seconds")


def report(estimator: Any, run: Run) -> None:
    """Print the numbers of the last epoch, if the user wants to see them."""
    if estimator.verbose:
        last = {name: run.history[name][-1] for name in COLUMNS}
        line = f"{_epoch(estimator)} {run.n_epochs:4}  loss {_number(last['loss'])}"
        if math.isnan(last["validation_score"]):
            line += f"  penalty {_number(last['penalty'])}"
        else:  # what is watched; a line has no room for more
            line += f"  validation loss {_number(last['validation_loss'])}"
            line += f"  score {last['validation_score']:7.4f}"
        # what stands in a pipe or a notebook is to be seen at once
        print(f"{line}  {last['seconds']:7.3f} s", flush=True)


def report_end(estimator: Any, run: Run, why: str, kept: str) -> None:
    """Print why training ended and which parameters are kept, if the user wants to see it."""
    if estimator.verbose:
        after = f"{_epoch(estimator)} {run.n_epochs}" if run.n_epochs else "no whole epoch"
        print(f"ended after {after}: {why}\nkept: {kept}", flush=True)


def out_of_patience(estimator: Any, stops: bool) -> str:
    """Return what has stalled, and for how long."""
    epochs = f"by more than tol={estimator.tol:g} in {estimator.n_iter_no_change:g} epochs"
    if not stops:
        return f"loss and penalty together did not fall {epochs}"
    by_loss = isinstance(estimator.scoring, str) and estimator.scoring == "loss"
    what = "the validation loss did not fall" if by_loss else "the validation score did not rise"
    return f"{what} {epochs} and {estimator.n_updates_no_change:g} updates"


def kept_best(run: Run, best: Best, epochs: Any, stops: bool, scoring: Any) -> str:
    """Return which epochs' parameters are kept, and the numbers by which they were chosen.

    ``epochs`` has a number for each member, whose parameters are those after that epoch.
    """
    first, last = int(np.min(epochs)), int(np.max(epochs))
    which = (
        f"epoch {first}" if first == last else f"of each member its best, epochs {first} to {last}"
    )
    loss, mean = float(np.mean(best.losses)), "" if len(best.losses) == 1 else "mean "
    if not stops:
        return f"epoch {first}, where loss and penalty together were least, {_number(loss)}"
    numbers = [f"{mean}score {float(np.mean(best.marks['score'])):.4f}"]
    if isinstance(scoring, str) and scoring == "loss":
        numbers.insert(0, f"{mean}validation loss {_number(loss)}")
    return f"{which}, {', '.join(numbers)}"


def _epoch(estimator: Any) -> str:
    return "iteration" if estimator.solver == "lbfgs" else "epoch"


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
