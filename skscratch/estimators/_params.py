"""From parameters to the objects of the core: names are looked up in its tables."""

import inspect
from functools import cache
from numbers import Real
from typing import Any

import numpy as np

from skscratch._compat import InvalidParameterError
from skscratch.core.activations import ACTIVATIONS
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.optimizers import SOLVERS, Adam, Momentum, Nesterov
from skscratch.core.schedules import SCHEDULES, Function, WarmUp

__all__ = [
    "activations",
    "arguments",
    "check_learning_rate",
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
        not isinstance(q, (bool, np.bool_)) and isinstance(q, Real) and not q < 1 and q % 1 == 0
        for q in widths.ravel()
    ]
    if widths.ndim != 1 or not all(whole):
        raise InvalidParameterError(
            f"hidden_layer_sizes must be a positive integer or a sequence of them, one per hidden "
            f"layer (an empty one for a linear model). Got {value!r}."
        )
    return tuple(int(q) for q in widths)


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
            )
    return tuple(ACTIVATIONS[name] if isinstance(name, str) else name for name in names)


def _is_activation(value: Any) -> bool:
    methods = [getattr(value, name, None) for name in ("forward", "backward")]
    return not isinstance(value, type) and all(map(callable, methods))


def initializers(value: Any, activations: tuple[Any, ...]) -> list[Any]:
    """Return one initializer per layer; "auto" is what each activation asks for, or Glorot."""
    if isinstance(value, str) and value == "auto":
        names = [getattr(f, "weight_init", "glorot_uniform") for f in activations]
        return [INITIALIZERS[name] for name in (*names, "glorot_uniform")]
    draw = INITIALIZERS[value] if isinstance(value, str) else _checked(value)
    return [draw] * (len(activations) + 1)


def _checked(initializer: Any) -> Any:
    """Return the user's initializer with a check on what it draws."""

    def draw(rng: np.random.Generator, fan_in: int, fan_out: int) -> Any:
        W = initializer(rng, fan_in, fan_out)
        ok = np.shape(W) == (fan_in, fan_out) and np.asarray(W).dtype.kind in "iuf"
        if not (ok and np.isfinite(W).all()):
            raise InvalidParameterError(
                f"weight_init must return a finite array of shape ({fan_in}, {fan_out}); "
                f"{initializer!r} returned {W!r}."
            )
        return W

    return draw


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


def check_learning_rate(value: Any) -> None:
    """Raise if the value is a class, which can be called but is no schedule."""
    if isinstance(value, type):
        raise InvalidParameterError(
            f"learning_rate must be one of {sorted(SCHEDULES)}, an instance of a schedule or a "
            f"function of the step. Got the class {value!r}."
        )


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
    elif not hasattr(given, "after_plateau"):
        given = Function(given)
    return WarmUp(given, warmup) if warmup else given


def dropout(value: Any, n_hidden: int) -> tuple[float, ...]:
    """Return one rate per hidden layer."""
    rates = list(value) if isinstance(value, (list, tuple)) else [value] * n_hidden
    ok = all(isinstance(rate, Real) and 0 <= float(rate) < 1 for rate in rates)
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
