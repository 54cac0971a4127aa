"""The parameters of the estimators, in one table.

A new parameter is an entry here, an argument of the constructor, a paragraph of the class
docstring, and the code that uses it.
"""

import inspect
import math
import os
from enum import Enum
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from skscratch._compat import HasMethods, Interval, Options, StrOptions
from skscratch._warnings import warn
from skscratch.core.activations import ACTIVATIONS
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.losses import REGRESSION_LOSSES
from skscratch.core.optimizers import SOLVERS
from skscratch.core.schedules import SCHEDULES
from skscratch.estimators._settings import arguments
from skscratch.training.config import LBFGS, Stochastic, TrainingConfig

__all__ = [
    "BEFORE", "CONSTRAINTS", "PARAMETERS", "names_of", "unused", "warn_of_unused",
]  # fmt: skip


class Need(Enum):
    """A condition that a parameter needs to have an effect."""

    NAMED_SCHEDULE = 1
    EARLY_STOPPING = 2
    HELD_OUT_ROWS = 3
    NO_X_VAL = 4
    VALIDATION_SET = 5
    CHECKPOINT = 6
    WHOLE_FIT = 7  # partial_fit trains one network for one epoch
    STOCHASTIC = 8
    LBFGS = 9
    QUANTILE = 10
    SEVERAL_MEMBERS = 11


class Parameter(NamedTuple):
    """One parameter of the constructor.

    Parameters
    ----------
    constraint : list
        The values that scikit-learn's validation accepts. Allowed names come from the tables of
        the core.
    needs : tuple of Need
        The conditions under which the parameter has an effect. A parameter that is an argument in
        ``SOLVERS`` or ``SCHEDULES`` also needs that solver or schedule.
    off : object
        A value that switches the parameter off. Such a value never causes a warning. None if there
        is no such value.
    before : object
        The value in files that were saved before the parameter existed. It keeps their behaviour.
        An ellipsis stands for a parameter that has always existed.
    """

    constraint: list[Any]
    needs: tuple[Need, ...] = ()
    off: Any = None
    before: Any = ...


PARAMETERS: dict[str, Parameter] = {
    "loss": Parameter([StrOptions({*REGRESSION_LOSSES}), HasMethods(["forward", "backward"])]),
    "hidden_layer_sizes": Parameter(["array-like", Interval(Integral, 1, None, closed="left")]),
    "activation": Parameter(
        [StrOptions({*ACTIVATIONS}), HasMethods(["forward", "backward"]), list, tuple]
    ),
    "solver": Parameter([StrOptions({*SOLVERS, "lbfgs"}), HasMethods(["__call__", "scalars"])]),
    "quantile": Parameter(
        ["array-like", Interval(Real, 0, 1, closed="neither")], needs=(Need.QUANTILE,)
    ),
    "alpha": Parameter([Interval(Real, 0, None, closed="left")]),
    "batch_size": Parameter(
        [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")], needs=(Need.STOCHASTIC,)
    ),
    "learning_rate": Parameter([StrOptions({*SCHEDULES}), callable], needs=(Need.STOCHASTIC,)),
    "learning_rate_init": Parameter(
        [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        needs=(Need.NAMED_SCHEDULE, Need.STOCHASTIC),
    ),
    "power_t": Parameter([Interval(Real, 0, None, closed="left")]),
    "max_iter": Parameter([Interval(Integral, 1, None, closed="left")]),
    "shuffle": Parameter(["boolean"], needs=(Need.STOCHASTIC,)),
    "random_state": Parameter(
        [
            Interval(Integral, 0, 2**32 - 1, closed="both"),
            np.random.RandomState,
            np.random.Generator,
            None,
        ]
    ),
    "tol": Parameter([Interval(Real, 0, None, closed="left")], needs=(Need.WHOLE_FIT,)),
    "verbose": Parameter(["verbose"]),
    "warm_start": Parameter(["boolean"]),
    "momentum": Parameter([Interval(Real, 0, 1, closed="both")]),
    "nesterovs_momentum": Parameter(["boolean"]),
    "early_stopping": Parameter(
        [StrOptions({"auto"}), "boolean"], needs=(Need.WHOLE_FIT, Need.STOCHASTIC), off=False
    ),
    "validation_fraction": Parameter(
        [Interval(Real, 0, 1, closed="neither"), HasMethods(["split", "get_n_splits"])],
        needs=(Need.HELD_OUT_ROWS, Need.WHOLE_FIT),
        off=0.1,  # scikit-learn's default, which old scripts spell out
    ),
    "beta_1": Parameter([Interval(Real, 0, 1, closed="left")]),
    "beta_2": Parameter([Interval(Real, 0, 1, closed="left")]),
    "epsilon": Parameter([Interval(Real, 0, None, closed="neither")]),
    "n_iter_no_change": Parameter(
        [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        needs=(Need.WHOLE_FIT, Need.STOCHASTIC),
        off=math.inf,
    ),
    "max_fun": Parameter([Interval(Integral, 1, None, closed="left")], needs=(Need.LBFGS,)),
    "weight_init": Parameter([StrOptions({"auto", *INITIALIZERS}), callable]),
    "class_weight": Parameter([StrOptions({"balanced"}), dict, list, None]),
    "dtype": Parameter(
        [StrOptions({"auto", "float32", "float64"}), Options(type, {np.float32, np.float64}), None]
    ),
    "dropout": Parameter(
        [Interval(Real, 0, 1, closed="left"), list, tuple], needs=(Need.STOCHASTIC,)
    ),
    "weight_decay": Parameter([Interval(Real, 0, None, closed="left")], needs=(Need.STOCHASTIC,)),
    "label_smoothing": Parameter([Interval(Real, 0, 1, closed="left")]),
    "max_grad_norm": Parameter(
        [Interval(Real, 0, None, closed="neither"), None], needs=(Need.STOCHASTIC,)
    ),
    "ema_decay": Parameter([Interval(Real, 0, 1, closed="left")], needs=(Need.STOCHASTIC,), off=0),
    "warmup_steps": Parameter(
        [Interval(Integral, 0, None, closed="left")], needs=(Need.STOCHASTIC,)
    ),
    "decay_steps": Parameter([StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")]),
    "decay_rate": Parameter([Interval(Real, 0, 1, closed="right")]),
    "scoring": Parameter([str, callable, None], needs=(Need.VALIDATION_SET, Need.WHOLE_FIT)),
    "n_updates_no_change": Parameter(
        [Interval(Integral, 0, None, closed="left"), Options(Real, {np.inf})],
        needs=(Need.EARLY_STOPPING, Need.WHOLE_FIT),
    ),
    "refit": Parameter(["boolean"], needs=(Need.EARLY_STOPPING, Need.NO_X_VAL, Need.WHOLE_FIT)),
    "n_members": Parameter(
        [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        needs=(Need.WHOLE_FIT,),
        off=1,
        before=1,
    ),
    "standardize": Parameter(["boolean"], needs=(Need.WHOLE_FIT,), off=False, before=False),
    "temperature_scaling": Parameter(
        ["boolean"], needs=(Need.EARLY_STOPPING, Need.WHOLE_FIT), off=False, before=False
    ),
    "checkpoint": Parameter([str, os.PathLike, None], needs=(Need.WHOLE_FIT, Need.STOCHASTIC)),
    "checkpoint_epochs": Parameter(
        [Interval(Integral, 1, None, closed="left"), None], needs=(Need.CHECKPOINT, Need.WHOLE_FIT)
    ),
    "checkpoint_seconds": Parameter(
        [Interval(Real, 0, None, closed="left"), None], needs=(Need.CHECKPOINT, Need.WHOLE_FIT)
    ),
    "n_jobs": Parameter(
        [
            Interval(Integral, None, -1, closed="right"),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        needs=(Need.SEVERAL_MEMBERS, Need.WHOLE_FIT, Need.STOCHASTIC),
        off=1,
        before=1,
    ),
    "soft_labels": Parameter(["boolean", "array-like"], before=False),
    "coefs_init": Parameter([list, tuple, None], before=None),
    "intercepts_init": Parameter([list, tuple, None], before=None),
    "trainable": Parameter(["boolean", list, tuple], before=True),
}


CONSTRAINTS = {name: parameter.constraint for name, parameter in PARAMETERS.items()}
# The arguments of each solver and of each schedule.
OF_SOLVER = {name: {*arguments(factory)} for name, factory in SOLVERS.items()}
OF_SCHEDULE = {
    name: {*arguments(factory)} - {"learning_rate_init"} for name, factory in SCHEDULES.items()
}
BEFORE = {name: p.before for name, p in PARAMETERS.items() if p.before is not ...}


def names_of(parameter: str) -> list[str]:
    """Return the names that a parameter accepts as its value."""
    return [
        name
        for constraint in CONSTRAINTS[parameter]
        if isinstance(constraint, StrOptions)
        for name in constraint.options
    ]


def _unmet(
    estimator: Any, call: str, config: TrainingConfig | None, has_validation_set: bool
) -> dict[Need, str]:
    """Return the needs that a call does not meet, and the reasons."""
    optimizer, solver = config and config.optimizer, f"solver={estimator.solver!r}"
    loss = getattr(estimator, "loss", None)  # a classifier has no such parameter
    lbfgs, named = isinstance(optimizer, LBFGS), isinstance(estimator.learning_rate, str)
    stops = isinstance(optimizer, Stochastic) and optimizer.early_stopping is not None
    asked = not lbfgs and estimator.early_stopping not in ("auto", False)
    met = {
        Need.NAMED_SCHEDULE: (named, f"learning_rate={estimator.learning_rate!r}"),
        Need.EARLY_STOPPING: (stops, "too few rows to hold out" if asked else "no early stopping"),
        Need.HELD_OUT_ROWS: (stops and not has_validation_set, "no rows held out"),
        Need.NO_X_VAL: (not has_validation_set, "no rows held out"),
        Need.VALIDATION_SET: (stops or has_validation_set, "no validation set"),
        Need.CHECKPOINT: (estimator.checkpoint is not None, "checkpoint=None"),
        Need.WHOLE_FIT: (call == "fit", "only for fit"),
        Need.STOCHASTIC: (not lbfgs, solver),
        Need.LBFGS: (lbfgs, solver),
        Need.SEVERAL_MEMBERS: (config is not None and config.arch.members > 1, "one member"),
        Need.QUANTILE: (loss == "quantile", f"loss={loss!r}; set loss='quantile'"),
    }
    return {need: reason for need, (is_met, reason) in met.items() if not is_met}


def _reasons(estimator: Any, unmet: dict[Need, str]) -> dict[str, str]:
    """Return the parameters without effect, and the reason for each."""
    solver, rate = estimator.solver, estimator.learning_rate
    reasons: dict[str, str] = {}
    for choice, given, table in (
        ("solver", solver, OF_SOLVER),
        ("learning_rate", rate, OF_SCHEDULE),
    ):
        used = table.get(given, set()) if isinstance(given, str) else set()
        of_others = set().union(*table.values()) - used
        reasons |= dict.fromkeys(of_others, f"{choice}={given!r}")
    if Need.STOCHASTIC in unmet:
        reasons |= dict.fromkeys(set().union(*OF_SCHEDULE.values()), unmet[Need.STOCHASTIC])
    for name, parameter in PARAMETERS.items():
        for need in parameter.needs:
            if need in unmet:
                reasons[name] = unmet[need]
    if Need.WHOLE_FIT in unmet and isinstance(rate, str) and rate == "adaptive":
        reasons["learning_rate"] = "it waits for a plateau, which only fit looks for"
    return reasons


def unused(
    estimator: Any,
    call: str,
    config: TrainingConfig | None = None,
    has_validation_set: bool = False,
) -> dict[str, str]:
    """Return the parameters that were set without effect, and the reason for each.

    Parameters
    ----------
    estimator : estimator
    call : {'fit', 'partial_fit'}
    config : TrainingConfig or None
        The configuration of a fit.
    has_validation_set : bool
        Whether the user passed a validation set.
    """
    defaults = inspect.signature(type(estimator)).parameters  # a subclass may have fewer parameters
    unmet = _unmet(estimator, call, config, has_validation_set)
    return {
        name: reason
        for name, reason in sorted(_reasons(estimator, unmet).items())
        if name in defaults
        and not _asks_for_nothing(name, getattr(estimator, name), defaults[name].default)
    }


def _asks_for_nothing(name: str, value: Any, default: Any) -> bool:
    """Return whether a value is the default, or switches the parameter off."""
    off = PARAMETERS[name].off
    return (off is not None and _same(value, off)) or _same(value, default)


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, (list, tuple, np.ndarray)):  # one value for each layer
        return all(_same(item, default) for item in value)
    if value is None or default is None:
        return value is default
    return value is default or (type(value) is not type and bool(value == default))


def warn_of_unused(
    estimator: Any,
    call: str,
    config: TrainingConfig | None = None,
    has_validation_set: bool = False,
) -> None:
    """Warn once about all parameters that were set without effect, see ``unused``."""
    found = unused(estimator, call, config, has_validation_set)
    if found:
        settings = ", ".join(
            f"{name}={getattr(estimator, name)!r} ({reason})" for name, reason in found.items()
        )
        warn(f"Parameters that this {call} does not use: {settings}.")
