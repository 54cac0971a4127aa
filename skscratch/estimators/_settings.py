"""From an estimator's parameters to a training configuration.

Names become objects of the core, and "auto" becomes a choice. Both happen here and nowhere else.
"""

import inspect
import math
from collections.abc import Callable
from functools import cache, partial
from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skscratch._compat import InvalidParameterError
from skscratch._warnings import warn
from skscratch.core.activations import ACTIVATIONS, Activation
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.network import Architecture
from skscratch.core.optimizers import SOLVERS, Adam, Momentum, Nesterov, Rule
from skscratch.core.schedules import SCHEDULES, Function, Schedule, WarmUp
from skscratch.estimators import _hints
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
from skscratch.training.config import LBFGS, EarlyStopping, Stochastic, TrainingConfig
from skscratch.training.data import Dataset, holdout_sizes

__all__ = [
    "activations",
    "arguments",
    "hidden_layer_sizes",
    "is_lbfgs",
    "learning_rate_init",
    "resolve",
    "stops_early",
    "usual_learning_rate",
]

# With fewer rows, "auto" holds out none for validation. Rows of weight 0 do not count.
FEW_ROWS = 50
# More members improve little. "auto" makes no layer narrower than the narrowest one measured.
MOST_MEMBERS, NARROWEST = 8, 16
# The loss on fewer validation rows is too noisy for early stopping.
LEAST_HELD_OUT = 5


def resolve(
    estimator: Any, data: Dataset, *, is_partial: bool = False, is_initial: bool = True
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

    Raises
    ------
    InvalidParameterError, ValueError
        If a parameter does not fit the others or the data, or a custom object breaks its
        protocol.
    """
    lbfgs, widths = is_lbfgs(estimator.solver), hidden_layer_sizes(estimator.hidden_layer_sizes)
    n_rows = data.X.shape[0] if data.w is None else int(np.count_nonzero(data.w))
    members = 1 if is_partial else _n_members(estimator, data, n_rows, widths)
    if is_initial or not is_partial:  # once, not in every call of partial_fit
        _check_objects(estimator)
    functions = activations(estimator.activation, len(widths))
    rates = dropout(estimator.dropout, len(widths))
    draws = initializers(estimator.weight_init, functions)
    optimizer: LBFGS | Stochastic
    if lbfgs:
        optimizer, rates = LBFGS(estimator.max_fun), ()
    else:
        optimizer = _stochastic(estimator, data, n_rows, is_partial, is_initial)
    by_loss = isinstance(estimator.scoring, str) and estimator.scoring == "loss"
    sizes = (data.X.shape[1], *(width // members for width in widths), data.n_outputs)
    return TrainingConfig(
        Architecture(sizes, functions, data.loss, rates, members),
        draws,
        data.dtype,
        optimizer,
        alpha=estimator.alpha,
        max_iter=estimator.max_iter,
        tol=estimator.tol,
        standardize=bool(estimator.standardize and not is_partial),
        scorer=None if by_loss or is_partial else find_scorer(estimator, data),
    )


def is_lbfgs(solver: Any) -> bool:
    """Return whether a solver is L-BFGS, the only solver without batches."""
    return isinstance(solver, str) and solver == "lbfgs"


def _stochastic(
    estimator: Any, data: Dataset, n_rows: int, is_partial: bool, is_initial: bool
) -> Stochastic:
    """Return the stochastic optimizer, including everything that depends on the number of rows."""
    update_rule, early = rule(estimator), None
    n_training = n_rows
    if not is_partial and stops_early(estimator, data, n_rows):
        n_held_out = _n_held_out(estimator, data)
        early = _early_stopping(estimator, data, n_rows, n_held_out)
        n_training -= 0 if early is None else n_held_out
    n = batch_size(estimator.batch_size, n_training)
    n_updates_before = 0 if is_initial else _updates_before(estimator, update_rule)
    planned = estimator.max_iter * -(-n_training // n)
    if not is_partial:  # partial_fit plans from the first call on
        planned += n_updates_before
    clip = estimator.max_grad_norm
    stochastic = Stochastic(
        update_rule,
        schedule(estimator, update_rule, planned),
        n,
        shuffle=bool(estimator.shuffle),
        weight_decay=float(estimator.weight_decay),
        max_grad_norm=math.inf if clip is None else float(clip),
        ema_decay=float(estimator.ema_decay),
        n_iter_no_change=estimator.n_iter_no_change,
        early_stopping=early,
    )
    # only for named schedules: a function may begin with 0
    name, begun = estimator.learning_rate, n_updates_before > 0
    if begun and isinstance(name, str) and stochastic.schedule(n_updates_before) == 0:
        warn(
            f"learning_rate={name!r} is 0 from here on: after {n_updates_before} updates nothing "
            "more is learned. Set decay_steps to the number of updates that there are to be in all."
        )
    return stochastic


def _updates_before(estimator: Any, update_rule: Rule) -> int:
    """Return the updates of the fitted optimizer, or 0 if its rule is of another class."""
    saved = estimator._continuation["memory"]
    return int(saved["t"]) if saved.get("rule") == type(update_rule).__name__ else 0


def stops_early(estimator: Any, data: Dataset, n_rows: int) -> bool:
    """Return whether a fit on so many rows stops early; this resolves "auto"."""
    if is_lbfgs(estimator.solver):
        return False
    if estimator.early_stopping != "auto":
        return bool(estimator.early_stopping)
    return (n_rows >= FEW_ROWS or data.validation is not None) and not estimator.warm_start


def _early_stopping(
    estimator: Any, data: Dataset, n_rows: int, n_held_out: int
) -> EarlyStopping | None:
    """Return the configuration of early stopping, or None for too few validation rows."""
    fraction, refit = None, None
    if data.validation is None:
        if n_held_out < LEAST_HELD_OUT:
            return None
        fraction = estimator.validation_fraction
        refit = batch_size(estimator.batch_size, n_rows) if estimator.refit else None
    temperature = bool(estimator.temperature_scaling)
    return EarlyStopping(fraction, estimator.n_updates_no_change, temperature, refit)


def _n_held_out(estimator: Any, data: Dataset) -> int:
    """Return how many rows would be held out for validation."""
    if data.validation is not None:
        return 0
    rows = data.weighted_rows()
    counts = np.array([len(rows)]) if data.strata is None else np.bincount(data.strata[rows])
    return int(holdout_sizes(counts, estimator.validation_fraction).sum())


def _n_members(estimator: Any, data: Dataset, n_rows: int, widths: tuple[int, ...]) -> int:
    """Return the number of members into which the hidden layers are divided."""
    needed = {
        "warm_start=False": not estimator.warm_start,
        "refit=False": not estimator.refit,
        "another solver than 'lbfgs'": not is_lbfgs(estimator.solver),
        "a dense X": not issparse(data.X),
    }
    missing = " and ".join(need for need, met in needed.items() if not met)
    n, common = estimator.n_members, math.gcd(*widths)
    if n == "auto":
        if missing or not widths or n_rows < FEW_ROWS:
            return 1
        most = min(MOST_MEMBERS, min(widths) // NARROWEST)
        return max((m for m in range(1, most + 1) if common % m == 0), default=1)
    if n != 1 and missing:
        raise InvalidParameterError(f"n_members={n} needs {missing}; otherwise it must be 1.")
    if n != 1 and (common % n or not widths):
        raise InvalidParameterError(
            f"n_members={n} must divide every width in hidden_layer_sizes={widths}."
        )
    return int(n)


def batch_size(value: Any, n_rows: int) -> int:
    """Return the rows per update; "auto" gives small data several updates per epoch."""
    if isinstance(value, str):
        return min(n_rows, max(32, min(200, -(-n_rows // 4))))
    return min(n_rows, int(value))


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


def learning_rate_init(estimator: Any, update_rule: Rule) -> float:
    """Return the initial learning rate."""
    if not isinstance(estimator.learning_rate_init, str):
        return float(estimator.learning_rate_init)
    return usual_learning_rate(update_rule, estimator.ema_decay)


def usual_learning_rate(update_rule: Rule, ema_decay: float) -> float:
    """Return the initial learning rate that "auto" stands for.

    For Adam, it is 0.01 with a moving average, which removes the noise of large steps, and 0.001
    without. For other rules, it is 0.1 · (1 - momentum): the effective learning rate
    ``rate / (1 - momentum)`` is then 0.1 for every momentum. A momentum above 0.99 counts as 0.99.
    """
    if isinstance(update_rule, Adam):
        return 0.01 if ema_decay else 0.001
    momentum = update_rule.momentum if isinstance(update_rule, (Momentum, Nesterov)) else 0
    return 0.1 * max(1 - momentum, 0.01)


def schedule(estimator: Any, update_rule: Rule, planned_updates: int) -> Schedule:
    """Return the learning-rate schedule of a run of ``planned_updates`` updates."""
    given, warmup = estimator.learning_rate, int(estimator.warmup_steps)
    if isinstance(given, str):
        kind = SCHEDULES[given]
        rate = learning_rate_init(estimator, update_rule)
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


def _check_objects(estimator: Any) -> None:
    """Raise if a custom activation, update rule or schedule breaks its protocol.

    The results of custom initializers and scorers are checked when they are used.
    """
    given = estimator.activation
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
        check_schedule(given, n_steps=1)
