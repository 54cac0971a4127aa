"""What every parameter may be, and from names to objects. Names come from the core's tables."""

import inspect
from numbers import Integral, Real
from typing import Any

import numpy as np

from skscratch._compat import HasMethods, Interval, InvalidParameterError, Options, StrOptions
from skscratch.core.activations import ACTIVATIONS
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.optimizers import SOLVERS, Adam, Momentum, Nesterov
from skscratch.core.schedules import SCHEDULES

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions({*ACTIVATIONS}), HasMethods(["forward", "backward"]), list, tuple],
    "solver": [StrOptions({*SOLVERS, "lbfgs"}), HasMethods(["__call__", "scalars"])],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({*SCHEDULES}), HasMethods(["__call__", "after_plateau"])],
    "learning_rate_init": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state", np.random.Generator],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "weight_init": [StrOptions({"auto", *INITIALIZERS}), callable],
    "class_weight": [StrOptions({"balanced"}), dict, list, None],
    "dtype": [StrOptions({"float32", "float64"}), Options(type, {np.float32, np.float64}), None],
}


def hidden_layer_sizes(value: Any) -> tuple[int, ...]:
    """Return the widths as a tuple of positive ints."""
    widths = np.atleast_1d(np.asarray(value, dtype=object))
    whole = [
        isinstance(q, Real) and not isinstance(q, (bool, np.bool_)) and q >= 1 and q % 1 == 0
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
    """Return the initial rate.

    "auto" is 0.001 for Adam. Otherwise it is 0.1 · (1 - momentum): the same effective step,
    ``rate / (1 - momentum)``, whatever the momentum; for a momentum above 0.99 it is that of 0.99.
    """
    if not isinstance(estimator.learning_rate_init, str):
        return float(estimator.learning_rate_init)
    update = rule(estimator)
    if isinstance(update, Adam):
        return 0.001
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


def schedule(estimator: Any) -> Any:
    """Return the learning-rate schedule."""
    if isinstance(estimator.learning_rate, type):
        raise InvalidParameterError(
            f"learning_rate must be one of {sorted(SCHEDULES)} or an instance of a schedule. "
            f"Got the class {estimator.learning_rate!r}."
        )
    if not isinstance(estimator.learning_rate, str):
        return estimator.learning_rate
    params = {**vars(estimator), "learning_rate_init": learning_rate_init(estimator)}
    return _fill(SCHEDULES[estimator.learning_rate], params)


def _fill(factory: Any, params: dict[str, Any]) -> Any:
    """Call factory with the parameters of its arguments' names."""
    return factory(**{name: params[name] for name in inspect.signature(factory).parameters})
