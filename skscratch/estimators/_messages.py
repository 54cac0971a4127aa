"""Messages on a run: a line per epoch, how training ended, and why training failed."""

import math
from typing import Any

import numpy as np

from skscratch.estimators._auto import is_lbfgs
from skscratch.estimators._settings import learning_rate_init, usual_rate
from skscratch.training.config import TrainingConfig
from skscratch.training.outcome import End, Outcome
from skscratch.training.state import TrainingState

__all__ = ["complaint", "diverged", "not_finite", "report", "report_end", "report_resumed"]

# A penalty or a class weight above this is a likely cause of divergence.
LARGE = 1e4

COLUMNS = ("loss", "penalty", "validation_loss", "validation_score", "seconds")


def report(estimator: Any, state: TrainingState) -> None:
    """Print the numbers of the last epoch, if ``verbose`` is set."""
    if estimator.verbose:
        last = {name: state.history[name][-1] for name in COLUMNS}
        line = f"{_epoch(estimator)} {state.n_epochs:4}  loss {_number(last['loss'])}"
        if math.isnan(last["validation_score"]):
            line += f"  penalty {_number(last['penalty'])}"
        else:  # the line has no room for the penalty, too
            line += f"  validation loss {_number(last['validation_loss'])}"
            line += f"  score {last['validation_score']:7.4f}"
        # a pipe or a notebook must show the line immediately
        print(f"{line}  {last['seconds']:7.3f} s", flush=True)


def report_resumed(estimator: Any, state: TrainingState) -> None:
    """Print that training continues from the checkpoint, if ``verbose`` is set."""
    if estimator.verbose:
        print(f"resumed from {estimator.checkpoint} after epoch {state.n_epochs}", flush=True)


def report_end(
    estimator: Any, config: TrainingConfig, state: TrainingState, outcome: Outcome
) -> None:
    """Print why training ended and which parameters are kept, if ``verbose`` is set."""
    if estimator.verbose:
        after = f"{_epoch(estimator)} {state.n_epochs}" if state.n_epochs else "no whole epoch"
        why = _why(estimator, config, outcome)
        kept = _kept(estimator, config, state, outcome)
        print(f"ended after {after}: {why}\nkept: {kept}", flush=True)


def _why(estimator: Any, config: TrainingConfig, outcome: Outcome) -> str:
    """Return why training ended."""
    stochastic = config.stochastic
    not_finite = "the loss or a parameter became non-finite"
    reasons = {
        End.EARLIER: "training was complete when the checkpoint was written",
        End.MAX_ITER: f"max_iter={estimator.max_iter}",
        End.CALLBACK: "a callback",
        End.INTERRUPT: "Ctrl-C",
        End.DIVERGED: not_finite + (f" in epoch {outcome.diverged_epoch}" if stochastic else ""),
    }
    if outcome.end is End.NO_PROGRESS:
        stops = stochastic is not None and stochastic.early_stopping is not None
        why = _out_of_patience(estimator, stops)
    else:
        why = reasons.get(outcome.end) or str(outcome.lbfgs.message)
    if outcome.refit_updates is None:
        return why
    if outcome.end is End.CALLBACK:
        return f"{why}, during the second training on all rows"
    return f"{why}; then a second training on all rows, for {outcome.refit_updates} updates"


def _out_of_patience(estimator: Any, stops: bool) -> str:
    """Return which loss or score has stalled, and for how long."""
    epochs = f"by more than tol={estimator.tol:g} in {estimator.n_iter_no_change:g} epochs"
    if not stops:
        return f"loss plus penalty did not fall {epochs}"
    by_loss = isinstance(estimator.scoring, str) and estimator.scoring == "loss"
    what = "the validation loss did not fall" if by_loss else "the validation score did not rise"
    return f"{what} {epochs} and {estimator.n_updates_no_change:g} updates"


def _kept(estimator: Any, config: TrainingConfig, state: TrainingState, outcome: Outcome) -> str:
    """Return which parameters are kept, and the numbers by which they were chosen."""
    if state.n_epochs == outcome.n_epochs_before:
        return "the parameters from before the call"
    if config.stochastic is None:
        return "the parameters of the last iteration"
    if outcome.best_epochs is None or state.best is None:
        return "the parameters of the last epoch"
    first, last = int(np.min(outcome.best_epochs)), int(np.max(outcome.best_epochs))
    losses, scores = state.best.losses, state.best.metadata["score"]
    loss, mean = float(np.mean(losses)), "" if len(losses) == 1 else "mean "
    if config.stochastic.early_stopping is None:
        return f"epoch {first}, with the lowest loss plus penalty, {_number(loss)}"
    numbers = [f"{mean}score {float(np.mean(scores)):.4f}"]
    if isinstance(estimator.scoring, str) and estimator.scoring == "loss":
        numbers.insert(0, f"{mean}validation loss {_number(loss)}")
    which = f"epoch {first}" if first == last else f"each member's best epoch, {first} to {last}"
    return f"{which}, {', '.join(numbers)}"


def complaint(estimator: Any, config: TrainingConfig, outcome: Outcome) -> str:
    """Return the warning on how training ended, or an empty string."""
    if outcome.diverged_epoch is not None:
        what = (
            "of the last iteration before" if config.stochastic is None else "that were best before"
        )
        error = diverged(estimator, config, outcome.diverged_epoch)
        return f"{error} The estimator has the parameters {what}."
    if outcome.end is End.NOT_CONVERGED:
        result = outcome.lbfgs
        return (
            f"L-BFGS ended before it converged, after {result.nit} iterations "
            f"(max_iter={estimator.max_iter}) and {result.nfev} evaluations "
            f"(max_fun={estimator.max_fun}): {result.message}. Increase the limit that was "
            f"reached, or tol (now {estimator.tol:g})."
        )
    if outcome.unfinished:
        return (
            f"Training ended at max_iter={estimator.max_iter} epochs, before the loss converged. "
            "Increase max_iter."
        )
    return ""


def _epoch(estimator: Any) -> str:
    return "iteration" if is_lbfgs(estimator.solver) else "epoch"


def _number(x: float) -> str:
    """Return a loss in eight characters, so that the lines of all epochs are aligned."""
    if 1e-3 <= x < 1e5:
        return f"{x:.{7 - len(str(int(x)))}f}"
    return f"{x:8.2e}"


def diverged(estimator: Any, config: TrainingConfig, epoch: int) -> ValueError:
    """Return the error on a non-finite loss, which says what to try."""
    levers = "Scale the features (for instance with StandardScaler)"
    if config.stochastic is not None:
        rate = "learning_rate"
        if isinstance(estimator.learning_rate, str):
            now = learning_rate_init(estimator, usual_rate(estimator, config))
            rate = f"learning_rate_init (now {now:g})"
        clip = f"{'set' if estimator.max_grad_norm is None else 'lower'} max_grad_norm"
        if config.stochastic.n_jobs not in (None, 1):  # several workers exclude it
            clip += f" with n_jobs=None (now {config.stochastic.n_jobs})"
        levers = f"Lower {rate}, {clip}, raise batch_size, or s{levers[1:]}"
    causes = _causes(estimator, config)
    blamed = f"The likely cause is {' and '.join(causes)}. " if causes else ""
    return ValueError(
        f"The loss, a parameter or an output became non-finite in epoch {epoch}, and training was "
        f"stopped. {blamed}{levers}; look for extreme sample weights."
    )


def _causes(estimator: Any, config: TrainingConfig) -> list[str]:
    """Return the parameters whose values make most runs diverge, and what to do."""
    rate, rule, given = 0.0, None, estimator.learning_rate
    if config.stochastic is not None:
        rule = config.stochastic.rule
        own = learning_rate_init(estimator, usual_rate(estimator, config))
        rate = own if isinstance(given, str) else given(0)
    found = {
        # a step subtracts more than the whole weight
        "weight_decay": rate * estimator.weight_decay > 1,
        "alpha": estimator.alpha > LARGE,
        "momentum": getattr(rule, "momentum", 0) > 0.999,
    }
    causes = [f"{n}={getattr(estimator, n):g}: lower it" for n, is_one in found.items() if is_one]
    if rate > 1:
        causes.append(f"a learning rate of {rate:g}: lower it")
    given = getattr(estimator, "class_weight", None)
    weights = list(given.values()) if isinstance(given, dict) else []
    if any(weight > LARGE for weight in weights):
        causes.append(f"class_weight={given!r}: bring the weights closer to 1")
    if not isinstance(estimator.weight_init, str):
        causes.append("weight_init, if it draws large weights")
    return causes


def not_finite(estimator: Any) -> str:
    """Return which fitted array holds NaN or infinity, and what to do, or an empty string."""
    for name in ("coefs_", "intercepts_"):
        for layer, values in enumerate(getattr(estimator, name)):
            if not np.isfinite(values).all():
                what = "NaN" if np.isnan(values).any() else "infinity"
                return f"{name}[{layer}] holds {what}. Assign finite numbers, or fit again."
    return ""
