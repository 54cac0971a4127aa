"""From parameters to the objects of the core: names are looked up in its tables."""

import inspect
from functools import cache, partial
from numbers import Real
from typing import Any

import numpy as np

from skscratch._compat import InvalidParameterError
from skscratch.core.activations import ACTIVATIONS
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.optimizers import SOLVERS, Adam, Momentum, Nesterov
from skscratch.core.schedules import SCHEDULES, Function, WarmUp
from skscratch.estimators import _hints
from skscratch.estimators._objects import (
    check_activation,
    check_schedule,
    check_update_rule,
    drawn,
)
from skscratch.estimators._validation import naming

__all__ = [
    "activations",
    "arguments",
    "check_objects",
    "dropout",
    "hidden_layer_sizes",
    "initializers",
    "learning_rate_init",
    "rule",
    "schedule",
    "usual_learning_rate",
]


def hidden_layer_sizes(value: Any) -> tuple[int, ...]:
    """Return the widths as a tuple of positive ints."""
    widths = np.atleast_1d(np.asarray(value, dtype=object))
    whole = [
        # types of numbers.Real know no >=
        _is_real(q) and not q < 1 and q % 1 == 0
        for q in widths.ravel()
    ]
    if widths.ndim != 1 or not all(whole):
        raise InvalidParameterError(
            f"hidden_layer_sizes must be a positive integer or a sequence of them, one per hidden "
            f"layer (an empty one for a linear model). Got {value!r}."
        )
    return tuple(int(q) for q in widths)


def _is_real(value: Any) -> bool:
    """Return whether a value is a number, which True and False are not."""
    return not isinstance(value, (bool, np.bool_)) and isinstance(value, Real)


def activations(value: Any, n_hidden: int) -> tuple[Any, ...]:
    """Return one activation per hidden layer."""
    names = list(value) if isinstance(value, (list, tuple)) else [value] * n_hidden
    if len(names) != n_hidden:
        raise InvalidParameterError(
            f"activation must be one name or one per hidden layer: got {value!r}, "
            f"{len(names)} for {n_hidden} hidden layer(s)."
        )
    for name in names:
        if not (name in ACTIVATIONS if isinstance(name, str) else _is_activation(name)):
            raise InvalidParameterError(
                f"activation must be chosen from {sorted(ACTIVATIONS)} or be an object with "
                f"forward and backward. Got {name!r} in {value!r}."
                f"{_hints.of_value('activation', name, ACTIVATIONS)}"
            )
    return tuple(ACTIVATIONS[name] if isinstance(name, str) else name for name in names)


def _is_activation(value: Any) -> bool:
    methods = [getattr(value, name, None) for name in ("forward", "backward")]
    return not isinstance(value, type) and all(map(callable, methods))


def initializers(value: Any, activations: tuple[Any, ...]) -> list[Any]:
    """Return one initializer per layer; "auto" is what each activation asks for, or Glorot."""
    if isinstance(value, str) and value == "auto":
        names = [getattr(f, "weight_init", "glorot_uniform") for f in activations]
        for f, name in zip(activations, names, strict=True):
            if name not in INITIALIZERS:
                raise InvalidParameterError(
                    f"weight_init of the activation {f!r} must be one of {sorted(INITIALIZERS)}. "
                    f"Got {name!r}."
                )
        return [INITIALIZERS[name] for name in (*names, "glorot_uniform")]
    draw = INITIALIZERS[value] if isinstance(value, str) else partial(drawn, value)
    return [draw] * (len(activations) + 1)


def learning_rate_init(estimator: Any) -> float:
    """Return the initial rate."""
    if not isinstance(estimator.learning_rate_init, str):
        return float(estimator.learning_rate_init)
    return usual_learning_rate(estimator)


def usual_learning_rate(estimator: Any) -> float:
    """Return the initial rate that is "auto".

    It is for Adam 0.01 where an average takes out the noise of large steps, otherwise 0.001.
    For the others it is 0.1 · (1 - momentum): the same effective step, ``rate / (1 - momentum)``,
    whatever the momentum; for a momentum above 0.99 it is that of 0.99.
    """
    update = rule(estimator)
    if isinstance(update, Adam):
        return 0.01 if estimator.ema_decay else 0.001
    momentum = update.momentum if isinstance(update, (Momentum, Nesterov)) else 0
    return 0.1 * max(1 - momentum, 0.01)


def rule(estimator: Any) -> Any:
    """Return the optimizer's update rule."""
    solver = estimator.solver
    if isinstance(solver, str):
        return _fill(SOLVERS[solver], vars(estimator))
    if isinstance(solver, type) or not isinstance(getattr(solver, "units", None), tuple):
        raise InvalidParameterError(
            f"solver must be one of {sorted([*SOLVERS, 'lbfgs'])} or an instance of an update rule "
            f"like skscratch.core.optimizers.Momentum(0.9). Got {solver!r}."
        )
    return solver


def check_objects(estimator: Any) -> None:
    """Raise if an activation, an update rule or a schedule of the user's own breaks a promise.

    What an initializer draws, and what a scorer returns, is checked when they are called.
    """
    n_hidden = len(hidden_layer_sizes(estimator.hidden_layer_sizes))
    if not isinstance(estimator.activation, str):
        own = filter(_is_users, activations(estimator.activation, n_hidden))
        for f in {id(f): f for f in own}.values():
            with naming("activation"):
                check_activation(f)
    if not isinstance(estimator.solver, str) and _is_users(update := rule(estimator)):
        with naming("solver"):
            check_update_rule(update)
    given = estimator.learning_rate
    if isinstance(given, type):
        raise InvalidParameterError(
            f"learning_rate must be one of {sorted(SCHEDULES)}, an instance of a schedule or a "
            f"function of the step. Got the class {given!r}."
        )
    if not isinstance(given, str):
        check_schedule(given, n_steps=1)


def _is_users(thing: Any) -> bool:
    """Return whether an object is none of this package's."""
    return not type(thing).__module__.startswith("skscratch.")


def schedule(estimator: Any, planned_steps: int) -> Any:
    """Return the learning-rate schedule; planned_steps is how many updates there are to be."""
    given, warmup = estimator.learning_rate, int(estimator.warmup_steps)
    if isinstance(given, str):
        kind = SCHEDULES[given]
        params = {**vars(estimator), "learning_rate_init": learning_rate_init(estimator)}
        if estimator.decay_steps == "auto":
            share = getattr(kind, "share", 1.0)
            params["decay_steps"] = max(1, round((planned_steps - warmup) * share))
        given = _fill(kind, params)
    elif _is_users(given):
        given = Function(given)
    return WarmUp(given, warmup) if warmup else given


def dropout(value: Any, n_hidden: int) -> tuple[float, ...]:
    """Return one rate per hidden layer."""
    rates = list(value) if isinstance(value, (list, tuple)) else [value] * n_hidden
    ok = all(_is_real(rate) and 0 <= float(rate) < 1 for rate in rates)
    if len(rates) != n_hidden or not ok:
        raise InvalidParameterError(
            f"dropout must be a rate in [0, 1) or one per hidden layer: got {value!r} for "
            f"{n_hidden} hidden layer(s)."
        )
    return tuple(float(rate) for rate in rates)


def _fill(factory: Any, params: dict[str, Any]) -> Any:
    """Call factory with the parameters of its arguments' names."""
    return factory(**{name: params[name] for name in arguments(factory)})


@cache
def arguments(factory: Any) -> tuple[str, ...]:
    """Return the names of what a factory of the core's tables takes."""
    return tuple(inspect.signature(factory).parameters)
