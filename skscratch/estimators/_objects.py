"""Checks of custom objects: activations, losses, update rules, initializers, schedules, scorers.

Each check calls the methods of the object on a few small arrays. Most checks use a copy of the
object, because an object may count its calls.
"""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import joblib
import numpy as np

from skscratch.core.schedules import Function
from skscratch.estimators._former import (
    FormerActivation,
    FormerRule,
    current_activation,
    current_rule,
)
from skscratch.estimators._validation import naming

__all__ = [
    "check_activation",
    "check_initializer",
    "check_loss",
    "check_schedule",
    "check_scorer",
    "check_update_rule",
    "drawn",
    "scored",
    "untouched",
]

STEP = 1e-6  # of difference quotients; no test value lies so close to a kink
# Tolerances, relative to the largest number that is compared.
OF_QUOTIENTS, OF_DTYPE = 1e-5, {"float64": 1e-10, "float32": 1e-3}


def check_activation(activation: Any) -> None:
    """Raise if an activation breaks its protocol.

    ``forward`` must write f(z) into ``a`` and leave ``z`` as it is. ``backward`` must multiply
    ``delta`` by f'(z), and may overwrite ``z`` and ``a``. The result for a row must not depend on
    other rows or on earlier calls. Values must be finite, and f' must be the derivative of f. All
    of this must hold in float32 and float64, with and without a leading member axis.

    Parameters
    ----------
    activation : Activation
        The object, not its class.

    Raises
    ------
    ValueError
        If a method breaks the protocol. The message names the fault.

    See Also
    --------
    skscratch.core.activations.Activation : The protocol.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.testing import check_activation
    >>> class Cube:
    ...     def forward(self, z, a):
    ...         np.multiply(z, z, out=a)
    ...         a *= z
    ...     def backward(self, z, a, delta):
    ...         z *= z
    ...         delta *= z
    >>> check_activation(Cube())
    Traceback (most recent call last):
    ValueError: Cube.backward: what it writes to delta is not delta times the derivative of forward.
    """
    _check_kind("activation", activation, "an object", "forward", "backward")
    rng, n = np.random.default_rng(0), 3
    z, d = rng.normal(scale=2, size=(n, 4)), rng.normal(size=(n, 4))
    z = np.concatenate([z, z + STEP * d, z - STEP * d])
    delta = rng.normal(size=z.shape)
    a, delta_z = _passes(activation, z, delta, n)
    slope = (a[n : 2 * n] - a[2 * n :]) / (2 * STEP)
    if not _close(np.sum(delta_z[:n] * d), np.sum(delta[:n] * slope), OF_QUOTIENTS):
        raise ValueError(
            f"{_name(activation)}.backward: what it writes to delta is not delta times the "
            "derivative of forward."
        )
    for dtype in OF_DTYPE:
        for members in (False, True):
            given = [np.stack([x, x[::-1]]) if members else x for x in (z, delta)]
            right = [np.stack([x, x[::-1]]) if members else x for x in (a, delta_z)]
            found = _passes(activation, given[0].astype(dtype), given[1].astype(dtype), n)
            for method, x, y in zip(("forward", "backward"), found, right, strict=True):
                if not _close(x, y, OF_DTYPE[dtype]):
                    where = "with an axis of members in front" if members else f"in {dtype}"
                    raise ValueError(f"{_name(activation)}.{method}: its results differ {where}.")


def _passes(activation: Any, z: Any, delta: Any, n: int) -> tuple[Any, Any]:
    """Return the outputs of forward and backward, after checks."""
    f, name = copied(current_activation(activation)), _name(activation)
    a, given, z, out = np.full_like(z, np.nan), z, z.copy(), delta.copy()
    with _calling(f"{name}.forward", f):
        returned = f.forward(z, a)
    _check_written(f"{name}.forward", "a", a, returned)
    _check_left(f"{name}.forward", z=(z, given))
    result, some = a.copy(), np.full_like(z[..., :n, :], np.nan)
    with _calling(f"{name}.forward"):
        f.forward(z[..., :n, :].copy(), some)
    if not _close(some, a[..., :n, :], OF_DTYPE[z.dtype.name]):
        raise ValueError(f"{name}.forward: the result for a row depends on other rows or calls.")
    with _calling(f"{name}.backward", f):
        returned = f.backward(z, a, out)
    if returned is not None and np.array_equal(out, delta):
        raise ValueError(_returned(f"{name}.backward", "delta"))
    _check_written(f"{name}.backward", "delta", out, None)
    return result, out


def check_loss(loss: Any, y: Any, n_outputs: int) -> None:
    """Raise if a loss breaks its protocol.

    ``forward`` must write the predictions over the logits ``z`` and return the sum of w · loss over
    the rows, a finite number. If ``output_activation`` is "identity", the predictions may be the
    logits. ``backward`` must write the derivative of that sum by z over the predictions. ``y`` and
    ``w`` must not change. All of this must hold in float32 and float64, with and without a leading
    member axis. With a member axis, ``forward`` must return the sum over the members.

    Parameters
    ----------
    loss : Loss
        The object, not its class.
    y : array-like of shape (n,) or (n, n_outputs)
        Example targets for the loss.
    n_outputs : int
        The number of logits of a row.

    Raises
    ------
    ValueError
        If a method breaks the protocol. The message names the fault.

    See Also
    --------
    skscratch.core.losses.Loss : The protocol.

    Examples
    --------
    >>> from skscratch.core.losses import LogisticCrossEntropy, SoftmaxCrossEntropy
    >>> from skscratch.testing import check_loss
    >>> check_loss(SoftmaxCrossEntropy(smoothing=0.1), y=[0, 2, 1], n_outputs=3)
    >>> check_loss(LogisticCrossEntropy(), y=[[0.0], [1.0]], n_outputs=1)

    Two quantiles of one target:

    >>> from skscratch.core.regression_losses import Quantile
    >>> check_loss(Quantile(levels=(0.1, 0.9)), y=[[3.0], [-1.5]], n_outputs=2)
    """
    _check_kind("loss", loss, "an object", "forward", "backward")
    rng, y = np.random.default_rng(0), np.asarray(y)
    z, d = rng.normal(size=(2, len(y), n_outputs))
    w = rng.dirichlet(np.full(len(y), 9.0))
    value, p, gradient = _loss_passes(loss, z, y, w)
    ends = [_loss_passes(loss, z + h * d, y, w)[0] for h in (STEP, -STEP)]
    if not _close(np.sum(gradient * d), (ends[0] - ends[1]) / (2 * STEP), OF_QUOTIENTS):
        raise ValueError(f"{_name(loss)}.backward: it is not the derivative of forward.")
    alone = [_loss_passes(loss, z[[i]], y[[i]], w[[i]])[0] for i in range(len(y))]
    if not _close(sum(alone), value, OF_QUOTIENTS):
        raise ValueError(f"{_name(loss)}.forward: it is not the sum of w · loss over the rows.")
    for dtype, tolerance in OF_DTYPE.items():
        targets = y.astype(dtype) if y.dtype.kind == "f" else y
        one = [z.astype(dtype), targets, w.astype(dtype)]
        two = [np.stack([x, x[::-1]]) for x in one]
        for arrays, times in ((one, 1), (two, 2)):
            found = _loss_passes(loss, *arrays)
            right = [np.stack([x, x[::-1]]) if times == 2 else x for x in (p, gradient)]
            for method, x, r in zip(
                ("forward", "forward", "backward"), found, (value * times, *right), strict=True
            ):
                if not _close(x, r, tolerance):
                    where = "with an axis of members in front" if times == 2 else f"in {dtype}"
                    raise ValueError(f"{_name(loss)}.{method}: its results differ {where}.")


def _loss_passes(loss: Any, z: Any, y: Any, w: Any) -> tuple[float, Any, Any]:
    """Return a loss, its prediction and its gradient."""
    name, p, kept = _name(loss), z.copy(), (y.copy(), w.copy())
    with _calling(f"{name}.forward"):
        value = loss.forward(p, y, w)
    if not _is_number(value):
        raise ValueError(f"{name}.forward: it must return a finite number, not {value!r}.")
    is_identity = getattr(loss, "output_activation", None) == "identity"
    if (np.array_equal(p, z) and not is_identity) or not np.isfinite(p).all():
        raise ValueError(f"{name}.forward: it must write the prediction over z, finite numbers.")
    g = p.copy()
    with _calling(f"{name}.backward"):
        returned = loss.backward(g, y, w)
    if returned is not None and np.array_equal(g, p):
        raise ValueError(_returned(f"{name}.backward", "p"))
    _check_written(f"{name}.backward", "p", g, None)
    _check_left(f"{name}.forward or backward", y=(y, kept[0]), w=(w, kept[1]))
    return float(value), p, g


def check_update_rule(rule: Any) -> None:
    """Raise if the update rule of an optimizer breaks its protocol.

    ``units`` must be a tuple of positive numbers, one for each slot of the rule. ``scalars`` must
    return the same number of finite numbers each time. The call must write rate · direction into
    ``step``, and the first step must lead downhill. The rule must keep its state in the slots only.
    A call gets only a block of theta, so the result for an entry must not depend on other entries.

    Parameters
    ----------
    rule : Rule
        The object, not its class.

    Raises
    ------
    ValueError
        If a method breaks the protocol. The message names the fault.

    See Also
    --------
    skscratch.core.optimizers.Rule : The protocol.

    Examples
    --------
    >>> from skscratch.core.optimizers import Momentum
    >>> from skscratch.testing import check_update_rule
    >>> check_update_rule(Momentum(0.9))
    """
    _check_kind("rule", rule, "an object", "scalars", "__call__")
    rule, name = copied(rule), _name(rule)
    units = getattr(rule, "units", None)
    if not (isinstance(units, tuple) and all(_is_number(u) and u > 0 for u in units)):
        raise ValueError(f"{name}.units: it must be a tuple of positive numbers, not {units!r}.")
    rule = current_rule(rule)
    for dtype, tolerance in OF_DTYPE.items():
        g = np.array([0.5, -2.0, 0.0, 1e-3, 30.0, -0.1], dtype)
        step, slots = _rule_step(rule, g, [np.zeros_like(g) for _ in units], 1)
        if np.dot(step, g) < 0:
            raise ValueError(f"{name}: its first step goes uphill. theta becomes theta - step.")
        whole, _ = _rule_step(rule, g, slots, 2)
        again, _ = _rule_step(rule, g, slots, 2)
        if not _close(again, whole, tolerance):
            raise ValueError(f"{name}: it keeps state outside of its slots.")
        parts = [
            _rule_step(rule, g[part], [s[part] for s in slots], 2)[0]
            for part in (slice(2), slice(2, None))
        ]
        if not _close(np.concatenate(parts), whole, tolerance):
            raise ValueError(f"{name}: the step of an entry depends on other entries.")
        at_rest, _ = _rule_step(rule, g, slots, 2, rate=0.0)
        if at_rest.any():
            raise ValueError(f"{name}: at a rate of 0 its step must be 0.")


def _rule_step(rule: Any, g: Any, slots: Any, t: int, rate: float = 0.1) -> tuple[Any, Any]:
    """Return the step of a rule, and its slots after it."""
    name = _name(rule)
    with _calling(f"{name}.scalars"):
        numbers = rule.scalars(t, rate)
        n_first = len(rule.scalars(1, 1.0))
    if not (len(numbers) == n_first and all(map(_is_number, numbers))):
        raise ValueError(
            f"{name}.scalars: it must return the same number of finite numbers in each step. In "
            f"step {t} it returned {numbers!r}."
        )
    scalars = np.array(numbers, g.dtype)
    given, slots, step = scalars.copy(), [s.copy() for s in slots], np.full_like(g, np.nan)
    with _calling(name, rule):
        returned = rule(g.copy(), step, [scalars[i, ...] for i in range(len(scalars))], *slots)
    _check_written(name, "step", step, returned)
    _check_left(name, scalars=(scalars, given))
    for slot in slots:
        _check_written(name, "a slot", slot, None)
    return step, slots


def check_initializer(initializer: Callable[..., Any]) -> None:
    """Raise if an initializer breaks its protocol.

    An initializer must return a finite array of shape (fan_in, fan_out). All randomness must come
    from the generator that the initializer gets.

    Parameters
    ----------
    initializer : callable
        A function of ``(rng, fan_in, fan_out)``.

    Raises
    ------
    ValueError
        If a result breaks the protocol. The message names the fault.

    See Also
    --------
    skscratch.core.initializers.Initializer : The protocol.

    Examples
    --------
    >>> from skscratch.testing import check_initializer
    >>> check_initializer(lambda rng, fan_in, fan_out: rng.normal(0, 0.1, (fan_in, fan_out)))
    """
    _check_kind("initializer", initializer, "a function or an object", "__call__")
    for fan_in, fan_out in ((4, 3), (1, 5), (3, 1)):
        drawn(initializer, np.random.default_rng(0), fan_in, fan_out)


def drawn(initializer: Callable[..., Any], rng: Any, fan_in: int, fan_out: int) -> Any:
    """Return the weights from an initializer, after a check."""
    before = copy.deepcopy(rng)
    W = initializer(rng, fan_in, fan_out)
    ok = np.shape(W) == (fan_in, fan_out) and np.asarray(W).dtype.kind in "iuf"
    if not (ok and np.isfinite(W).all()):
        raise ValueError(
            f"weight_init must return a finite array of shape ({fan_in}, {fan_out}). "
            f"{initializer!r} returned {W!r}."
        )
    W = np.array(W)
    if not np.array_equal(initializer(before, fan_in, fan_out), W):
        raise ValueError(
            f"weight_init must draw from the given generator only. {initializer!r} returned other "
            "weights for a generator in the same state."
        )
    return W


def check_schedule(schedule: Callable[[int], float], n_steps: int = 100) -> None:
    """Raise if a learning-rate schedule breaks its protocol.

    A schedule must return a finite number of at least 0, and always the same number for the same
    step. If it has a method ``after_plateau``, that method must also return a finite number of at
    least 0.

    Parameters
    ----------
    schedule : callable
        A function of the step, or an object that also has a method ``after_plateau``.
    n_steps : int, default=100
        Number of steps to try, from step 0 on.

    Raises
    ------
    ValueError
        If a result breaks the protocol. The message names the fault.

    See Also
    --------
    skscratch.core.schedules.Schedule : The protocol.

    Examples
    --------
    >>> from skscratch.testing import check_schedule
    >>> check_schedule(lambda step: 0.1 / (1 + step))
    """
    _check_kind("schedule", schedule, "a function or an object", "__call__")
    rate = Function(schedule)
    for step in range(n_steps):
        first, second = rate(step), rate(step)
        if first != second:
            raise ValueError(
                f"learning_rate must return the same rate for the same step. At step {step} "
                f"{schedule!r} returned {first!r}, then {second!r}."
            )
    rate.after_plateau(1.0)


def check_scorer(scorer: Callable[..., Any], estimator: Any, X: Any, y: Any) -> None:
    """Raise if a scorer breaks its protocol.

    A scorer must return a finite number and leave X and y as they are. A better model should have a
    higher score; this check does not test that.

    Parameters
    ----------
    scorer : callable
        A function of ``(estimator, X, y)``.
    estimator : estimator
        A fitted estimator.
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
        Some samples.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Their labels.

    Raises
    ------
    ValueError
        If a result breaks the protocol. The message names the fault.

    See Also
    --------
    check_activation : The same for an activation.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.testing import check_scorer
    >>> X, y = np.array([[-1.0], [1.0]]), np.array([0, 1])
    >>> model = ScratchMLPClassifier((), solver="lbfgs").fit(X, y)
    >>> check_scorer(lambda model, X, y: model.predict_proba(X)[y == 1, 1].mean(), model, X, y)
    """
    _check_kind("scorer", scorer, "a function or an object", "__call__")
    with naming("scoring"), untouched((X, y)):
        scored(scorer, scorer, estimator, X, y)


@contextmanager
def untouched(data: tuple[Any, Any]) -> Iterator[None]:
    """Raise if the block changes X or y."""
    arrays = [a.data if hasattr(a, "tocsr") else a for a in data]
    before = [joblib.hash(a) for a in arrays]
    yield
    for name, a, hashed in zip("Xy", arrays, before, strict=True):
        if joblib.hash(a) != hashed:
            raise ValueError(f"scoring must not change {name}, but did.")


def scored(
    name: Any, scorer: Callable[..., Any], estimator: Any, X: Any, y: Any, **weights: Any
) -> float:
    """Return the score, after a check that it is a finite number."""
    value = float(scorer(estimator, X, y, **weights))
    if not math.isfinite(value):
        raise ValueError(
            f"scoring={name!r} must return a finite number, but gave {value} on the {len(y)} rows "
            "of the validation set."
        )
    return value


def _check_kind(argument: str, thing: Any, kind: str, *methods: str) -> None:
    """Raise unless a thing is no class and has the methods."""
    if isinstance(thing, type) or not all(callable(getattr(thing, m, None)) for m in methods):
        raise ValueError(
            f"{argument} must be {kind} with {' and '.join(methods)}, not a class. Got {thing!r}."
        )


def copied(thing: Any) -> Any:
    """Return a copy, or the thing itself if it cannot be copied."""
    try:
        return copy.deepcopy(thing)
    except Exception:  # a user's object may raise anything
        return thing


def _name(thing: Any) -> str:
    return type(thing.f if isinstance(thing, FormerActivation) else thing).__name__


@contextmanager
def _calling(method: str, thing: Any = None) -> Iterator[None]:
    """Make an error in a user's method name the method, and ``xp`` if the object is adapted."""
    try:
        yield
    except Exception as error:
        message = f"{method} raised {type(error).__name__}: {error}"
        if isinstance(thing, (FormerActivation, FormerRule)):  # methods of ours do not take NumPy
            message += ". Take xp out of its methods, and out of their calls of super()."
        raise ValueError(message) from error


def _returned(method: str, argument: str) -> str:
    return (
        f"{method} returned its result: it must write it into {argument}, for instance with "
        f"{argument}[...] = result."
    )


def _check_written(method: str, argument: str, array: Any, returned: Any) -> None:
    """Raise unless an array that held NaN holds finite numbers now."""
    if np.isfinite(array).all():
        return
    if np.isnan(array).all() and returned is not None:
        raise ValueError(_returned(method, argument))
    what = "nothing" if np.isnan(array).all() else "numbers that are not finite, or not all,"
    raise ValueError(f"{method}: it must write into {argument}, but wrote {what} there.")


def _check_left(method: str, **arrays: tuple[Any, Any]) -> None:
    """Raise unless each array is as it was."""
    for name, (now, before) in arrays.items():
        if not np.array_equal(now, before):
            raise ValueError(f"{method}: it must not change {name}.")


def _close(x: Any, y: Any, tolerance: float) -> bool:
    scale = max(float(np.max(np.abs(y))), 1.0)
    return bool(np.shape(x) == np.shape(y) and np.max(np.abs(x - y)) <= tolerance * scale)


def _is_number(value: Any) -> bool:
    """Return whether a value is a finite number."""
    number = value.item() if getattr(value, "shape", None) == () else value
    return type(number) in (int, float) and math.isfinite(number)
