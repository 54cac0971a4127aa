"""From an estimator's parameters to a training configuration.

Only this module turns names into objects of the core. ``_auto`` makes the choices that depend on
the data.
"""

import inspect
import math
from collections.abc import Callable
from functools import cache, partial
from numbers import Real
from typing import Any

import numpy as np

from skscratch._compat import InvalidParameterError
from skscratch._warnings import warn
from skscratch.core.activations import ACTIVATIONS, Activation
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.losses import Loss
from skscratch.core.network import Architecture
from skscratch.core.optimizers import SOLVERS, Adam, Momentum, Nesterov, Rule
from skscratch.core.schedules import SCHEDULES, Function, Schedule, WarmUp
from skscratch.estimators import _given, _hints
from skscratch.estimators._auto import Choices, is_lbfgs, settle
from skscratch.estimators._former import (
    current_activation,
    current_rule,
    is_of_user,
    warn_of_former,
)
from skscratch.estimators._objects import (
    check_activation,
    check_schedule,
    check_update_rule,
    drawn,
)
from skscratch.estimators._scoring import find_scorer
from skscratch.estimators._validation import naming
from skscratch.training.config import LBFGS, Stochastic, TrainingConfig
from skscratch.training.data import Dataset

__all__ = [
    "activations",
    "arguments",
    "hidden_layer_sizes",
    "learning_rate_init",
    "resolve",
    "usual_learning_rate",
    "usual_rate",
]


def resolve(
    estimator: Any,
    data: Dataset,
    *,
    is_partial: bool = False,
    is_initial: bool = True,
    n_members: Any = None,
) -> TrainingConfig:
    """Return the configuration that an estimator's parameters and the data ask for.

    Parameters
    ----------
    estimator : estimator
        An estimator whose parameters scikit-learn has checked one by one.
    data : Dataset
    is_partial : bool
        Whether the call is ``partial_fit``, which trains one network for one epoch.
    is_initial : bool
        Whether training starts with a new network; otherwise it continues the fitted one.
    n_members : int, 'auto' or None
        Number of ensemble members; None for that of the estimator.

    Raises
    ------
    InvalidParameterError, ValueError
        If a parameter does not fit the others or the data, or a custom object breaks its
        protocol.
    """
    widths = hidden_layer_sizes(estimator.hidden_layer_sizes)
    if is_initial or not is_partial:  # once, not in every call of partial_fit
        _check_objects(estimator, len(widths))
    functions = activations(estimator.activation, len(widths))
    rates = dropout(estimator.dropout, len(widths))
    draws = initializers(estimator.weight_init, functions)
    start = _start(estimator, (data.X.shape[1], *widths, data.n_outputs))
    choices = settle(estimator, data, widths, n_members or estimator.n_members, is_partial)
    optimizer: LBFGS | Stochastic
    if is_lbfgs(estimator.solver):
        optimizer, rates = LBFGS(estimator.max_fun), ()
    else:
        optimizer = _stochastic(estimator, choices, data.loss, is_partial, is_initial)
    by_loss = isinstance(estimator.scoring, str) and estimator.scoring == "loss"
    members = choices.members
    sizes = (data.X.shape[1], *(width // members for width in widths), data.n_outputs)
    return TrainingConfig(
        Architecture(sizes, functions, data.loss, rates, members, start.trainable),
        draws,
        data.dtype,
        optimizer,
        alpha=estimator.alpha,
        max_iter=estimator.max_iter,
        tol=estimator.tol,
        standardize=bool(estimator.standardize and not is_partial and not start.keeps_first),
        scorer=None if by_loss or is_partial else find_scorer(estimator, data),
        given=start.given,
    )


def _stochastic(
    estimator: Any, choices: Choices, loss: Loss, is_partial: bool, is_initial: bool
) -> Stochastic:
    """Return the stochastic optimizer."""
    update_rule = rule(estimator)
    n_updates_before = 0 if is_initial else _updates_before(estimator, update_rule)
    planned = estimator.max_iter * -(-choices.n_training // choices.batch_size)
    if not is_partial:  # partial_fit plans from the first call on
        planned += n_updates_before
    clip = estimator.max_grad_norm
    usual = usual_learning_rate(estimator, update_rule, loss, choices.early_stopping is not None)
    stochastic = Stochastic(
        update_rule,
        schedule(estimator, planned, learning_rate_init(estimator, usual)),
        choices.batch_size,
        shuffle=bool(estimator.shuffle),
        weight_decay=float(estimator.weight_decay),
        max_grad_norm=math.inf if clip is None else float(clip),
        ema_decay=float(estimator.ema_decay),
        n_iter_no_change=estimator.n_iter_no_change,
        early_stopping=choices.early_stopping,
        n_jobs=estimator.n_jobs if choices.members > 1 else None,
    )
    # only for named schedules: a function may begin with 0
    name, begun = estimator.learning_rate, n_updates_before > 0
    if begun and isinstance(name, str) and stochastic.schedule(n_updates_before) == 0:
        warn(
            f"learning_rate={name!r} has fallen to 0 after {n_updates_before} updates, so the "
            "model no longer changes. Set decay_steps to the total number of updates."
        )
    return stochastic


def _updates_before(estimator: Any, update_rule: Rule) -> int:
    """Return the updates of the fitted optimizer, or 0 if its rule is of another class."""
    saved = estimator._continuation["memory"]
    return int(saved["t"]) if saved.get("rule") == type(update_rule).__name__ else 0


def hidden_layer_sizes(value: Any) -> tuple[int, ...]:
    """Return the widths as a tuple of positive ints."""
    widths = np.atleast_1d(np.asarray(value, dtype=object))
    whole = [
        # not every type of numbers.Real has >=
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
    """Return whether a value is a real number. True and False are not."""
    return not isinstance(value, (bool, np.bool_)) and isinstance(value, Real)


def activations(value: Any, n_hidden: int) -> tuple[Activation, ...]:
    """Return one activation per hidden layer."""
    if isinstance(value, str) and value in ACTIVATIONS:
        return (ACTIVATIONS[value],) * n_hidden
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
    return tuple(
        ACTIVATIONS[name] if isinstance(name, str) else current_activation(name) for name in names
    )


def _is_activation(value: Any) -> bool:
    methods = [getattr(value, name, None) for name in ("forward", "backward")]
    return not isinstance(value, type) and all(map(callable, methods))


def initializers(value: Any, functions: tuple[Activation, ...]) -> tuple[Callable[..., Any], ...]:
    """Return one initializer per layer; "auto" is that of the layer's activation, or Glorot."""
    if isinstance(value, str) and value == "auto":
        names = [getattr(f, "weight_init", "glorot_uniform") for f in functions]
        for f, name in zip(functions, names, strict=True):
            if name not in INITIALIZERS:
                raise InvalidParameterError(
                    f"weight_init of the activation {f!r} must be one of {sorted(INITIALIZERS)}. "
                    f"Got {name!r}."
                )
        return tuple(INITIALIZERS[name] for name in (*names, "glorot_uniform"))
    one = INITIALIZERS[value] if isinstance(value, str) else partial(drawn, value)
    return (one,) * (len(functions) + 1)


def dropout(value: Any, n_hidden: int) -> tuple[float, ...]:
    """Return one dropout rate per hidden layer."""
    rates = list(value) if isinstance(value, (list, tuple)) else [value] * n_hidden
    ok = all(_is_real(rate) and 0 <= float(rate) < 1 for rate in rates)
    if len(rates) != n_hidden or not ok:
        raise InvalidParameterError(
            f"dropout must be a rate in [0, 1) or one per hidden layer: got {value!r} for "
            f"{n_hidden} hidden layer(s)."
        )
    return tuple(float(rate) for rate in rates)


def _start(estimator: Any, sizes: tuple[int, ...]) -> _given.Start:
    """Return how a network with layers of these widths starts."""
    given = estimator.coefs_init, estimator.intercepts_init
    if estimator.trainable is True and given == (None, None):
        return _given.USUAL
    return _given.start(estimator, sizes)


def rule(estimator: Any) -> Rule:
    """Return the update rule of a stochastic solver."""
    solver = estimator.solver
    if isinstance(solver, str):
        of_solver: Rule = _fill(SOLVERS[solver], vars(estimator))
        return of_solver
    if isinstance(solver, type) or not isinstance(getattr(solver, "units", None), tuple):
        raise InvalidParameterError(
            f"solver must be one of {sorted([*SOLVERS, 'lbfgs'])} or an instance of an update rule "
            f"like skscratch.core.optimizers.Momentum(0.9). Got {solver!r}."
        )
    of_user: Rule = current_rule(solver)
    return of_user


def usual_learning_rate(estimator: Any, update_rule: Rule, loss: Loss, is_stopped: bool) -> float:
    """Return the initial learning rate that "auto" stands for.

    For Adam, it is 0.01, or 0.015 for regressors, with a moving average, which removes the noise of
    large steps, and 0.001 without. If the predictions are an exponential and no validation rows
    undo a step that was too long (``is_stopped``), it is 0.002. For other rules, it is
    0.1 · (1 - momentum): the effective learning rate ``rate / (1 - momentum)`` is then 0.1 for
    every momentum. A momentum above 0.99 counts as 0.99.
    """
    if isinstance(update_rule, Adam):
        if not estimator.ema_decay:
            return 0.001
        is_exponential = loss.output_activation == "exp"
        return 0.002 if is_exponential and not is_stopped else float(estimator._rate_of_adam)
    momentum = update_rule.momentum if isinstance(update_rule, (Momentum, Nesterov)) else 0
    return 0.1 * max(1 - momentum, 0.01)


def usual_rate(estimator: Any, config: TrainingConfig) -> float:
    """Return the initial learning rate that "auto" stands for in a run, or 0 for L-BFGS."""
    options = config.stochastic
    if options is None:
        return 0.0
    is_stopped = options.early_stopping is not None
    return usual_learning_rate(estimator, options.rule, config.arch.loss, is_stopped)


def learning_rate_init(estimator: Any, usual: float) -> float:
    """Return the initial learning rate; ``usual`` is that of "auto"."""
    own = estimator.learning_rate_init
    return usual if isinstance(own, str) else float(own)


def schedule(estimator: Any, planned_updates: int, rate: float) -> Schedule:
    """Return the schedule of a run of ``planned_updates`` updates from an initial rate."""
    given, warmup = estimator.learning_rate, int(estimator.warmup_steps)
    if isinstance(given, str):
        kind = SCHEDULES[given]
        params = {**vars(estimator), "learning_rate_init": rate}
        if estimator.decay_steps == "auto":
            share = getattr(kind, "share", 1.0)
            params["decay_steps"] = max(1, round((planned_updates - warmup) * share))
        given = _fill(kind, params)
    elif is_of_user(given):
        given = Function(given)
    result: Schedule = WarmUp(given, warmup) if warmup else given
    return result


def _fill(factory: Any, params: dict[str, Any]) -> Any:
    """Call factory with the parameters that its arguments name."""
    return factory(**{name: params[name] for name in arguments(factory)})


@cache
def arguments(factory: Callable[..., Any]) -> tuple[str, ...]:
    """Return the argument names of an entry of ``SOLVERS`` or ``SCHEDULES``."""
    return tuple(inspect.signature(factory).parameters)


def _check_objects(estimator: Any, n_hidden: int) -> None:
    """Raise if a custom activation, update rule or schedule breaks its protocol.

    Without hidden layers, no activation is used. The results of custom initializers and scorers
    are checked when they are used.
    """
    given = estimator.activation if n_hidden else []
    for f in given if isinstance(given, (list, tuple)) else [given]:
        if _is_activation(f) and is_of_user(f):
            warn_of_former("activation", f, current_activation(f))
            with naming("activation"):
                check_activation(f)
    if not isinstance(estimator.solver, str):
        update_rule = rule(estimator)  # raises if the object is not a rule
        if is_of_user(estimator.solver):
            warn_of_former("solver", estimator.solver, update_rule)
            with naming("solver"):
                check_update_rule(estimator.solver)
    given = estimator.learning_rate
    if isinstance(given, type):
        raise InvalidParameterError(
            f"learning_rate must be one of {sorted(SCHEDULES)}, an instance of a schedule or a "
            f"function of the step. Got the class {given!r}."
        )
    if not isinstance(given, str):
        with naming("learning_rate"):
            check_schedule(given, n_steps=1)
