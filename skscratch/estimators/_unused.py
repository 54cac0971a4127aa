"""Parameters that were given a value of their own and that a call does not use."""

import inspect
import math
from typing import Any

from skscratch.core.optimizers import SOLVERS
from skscratch.core.schedules import SCHEDULES
from skscratch.estimators._params import arguments
from skscratch.estimators._warn import warn

__all__ = ["unused", "warn_of_unused"]

EARLY_STOPPING = ("n_updates_no_change", "refit", "temperature_scaling")
SWITCHES = ("early_stopping", "ema_decay", "temperature_scaling", "standardize")
OFF = {"n_members": 1, "n_iter_no_change": math.inf}
# For these a call of partial_fit, an epoch of one network, would have to be a whole fit.
WHOLE_FIT = (
    "early_stopping", "validation_fraction", "n_iter_no_change", "n_updates_no_change", "refit",
    "scoring", "temperature_scaling", "tol", "n_members", "standardize", "checkpoint",
    "checkpoint_epochs", "checkpoint_seconds",
)  # fmt: skip
STOCHASTIC = (
    "batch_size", "shuffle", "learning_rate", "learning_rate_init", "warmup_steps",
    "n_iter_no_change", "early_stopping", "dropout", "weight_decay", "max_grad_norm", "ema_decay",
    "checkpoint",
)  # fmt: skip


def _arguments(factories: Any) -> set[str]:
    """Return the names of all the parameters that some factories take."""
    return {name for factory in factories for name in arguments(factory)}


def _unused_reasons(estimator: Any, validated: bool, call: str = "fit") -> dict[str, str]:
    """Return, for each parameter that has no effect, what would have to be different."""
    reasons: dict[str, str] = {}
    solver, rate = estimator.solver, estimator.learning_rate
    lbfgs = isinstance(solver, str) and solver == "lbfgs"
    used = _arguments([SOLVERS[solver]]) if isinstance(solver, str) and not lbfgs else set()
    reasons |= dict.fromkeys(_arguments(SOLVERS.values()) - used, f"solver={solver!r}")
    used = _arguments([SCHEDULES[rate]]) if isinstance(rate, str) and not lbfgs else set()
    of_schedules = _arguments(SCHEDULES.values()) - {"learning_rate_init"}
    reasons |= dict.fromkeys(of_schedules - used, f"learning_rate={rate!r}")
    if not isinstance(rate, str):
        reasons["learning_rate_init"] = f"learning_rate={rate!r}"
    stops = estimator.early_stopping and not lbfgs
    splits = stops and not validated
    reasons |= dict.fromkeys(() if stops else EARLY_STOPPING, "no early stopping")
    reasons |= {} if splits else {"validation_fraction": "no rows held out"}
    if validated:
        reasons["refit"] = "no rows held out"
    reasons |= {} if stops or validated else {"scoring": "no validation set"}
    if estimator.checkpoint is None:
        reasons |= dict.fromkeys(("checkpoint_epochs", "checkpoint_seconds"), "checkpoint=None")
    if call == "partial_fit":
        reasons |= dict.fromkeys(WHOLE_FIT, "only for fit")
        if isinstance(rate, str) and rate == "adaptive":
            reasons["learning_rate"] = "it waits for a plateau, which only fit looks for"
    of_lbfgs = dict.fromkeys([*STOCHASTIC, *of_schedules], "solver='lbfgs'")
    return reasons | (of_lbfgs if lbfgs else {"max_fun": f"solver={solver!r}"})


def unused(estimator: Any, validated: bool, call: str = "fit") -> dict[str, str]:
    """Return the parameters that were set to no effect, and why each has none.

    No choice of an estimator that fits may be left to "auto" that the data decide; ``validated`` is
    whether the user brings a validation set, ``call`` is fit or partial_fit.
    """
    defaults = inspect.signature(type(estimator)).parameters  # a subclass may take fewer
    return {
        name: reason
        for name, reason in sorted(_unused_reasons(estimator, validated, call).items())
        if name in defaults and not _no_wish(name, getattr(estimator, name), defaults[name].default)
    }


def _no_wish(name: str, value: Any, default: Any) -> bool:
    """Return whether the value asks for nothing: it is the default, or turns off what is not on."""
    off = (name in SWITCHES and not value) or (name in OFF and OFF[name] == value)
    return off or _same(value, default)


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, (list, tuple)):  # one for each layer
        return all(_same(item, default) for item in value)
    return value is default or (type(value) is not type and bool(value == default))


def warn_of_unused(estimator: Any, call: str, validated: bool = False) -> None:
    """Warn once, naming all of them."""
    found = unused(estimator, validated, call)
    if found:
        settings = ", ".join(
            f"{name}={getattr(estimator, name)!r} ({reason})" for name, reason in found.items()
        )
        warn(f"Parameters that this {call} does not use: {settings}.")
