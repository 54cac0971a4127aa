"""Adapters for custom objects that were written for a former version.

Methods of activations and update rules formerly had NumPy as their first argument, ``xp``.
"""

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from skscratch._warnings import warn

__all__ = ["alike", "current_activation", "current_rule", "is_of_user", "warn_of_former"]


def is_of_user(thing: Any) -> bool:
    """Return whether the class of an object is defined outside of this package."""
    return not type(thing).__module__.startswith("skscratch.")


def alike(f: Any, g: Any) -> bool:
    """Return whether two activations have the same class and do not compare as different."""
    by_identity: Any = object.__eq__
    return type(f) is type(g) and (type(f).__eq__ is by_identity or bool(f == g))


def current_activation(f: Any) -> Any:
    """Return an activation, adapted if its methods have the former first argument ``xp``."""
    former = is_of_user(f) and (_takes_numpy(f.forward, 2) or _takes_numpy(f.backward, 3))
    return FormerActivation(f) if former else f


def current_rule(rule: Any) -> Any:
    """Return an update rule, adapted if it has the former first argument ``xp``."""
    if not (is_of_user(rule) and _takes_numpy(rule.__call__, 3 + len(rule.units))):
        return rule
    # the optimizer state is identified by the name of the rule's class
    return type(type(rule).__name__, (FormerRule,), {})(rule)


def warn_of_former(parameter: str, given: Any, adapted: Any) -> None:
    """Warn if ``adapted`` is not the object ``given`` by the user."""
    if adapted is not given:
        warn(
            f"{parameter}={given!r} has methods that take NumPy as their first argument, xp. This "
            "still works, but a later version will refuse it. Remove that argument.",
            FutureWarning,
        )


def _takes_numpy(method: Any, n_arguments: int) -> bool:
    """Return whether a method has the former first argument.

    It is called ``xp``, or the method requires one argument more than today's ``n_arguments``.
    Optional arguments do not count: they may be the user's own.
    """
    try:
        parameters = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = [p.name for p in parameters if p.kind in positional and p.default is p.empty]
    return required[:1] == ["xp"] or len(required) == n_arguments + 1


@dataclass(frozen=True, eq=False)
class FormerActivation:
    """An activation whose methods take NumPy, as ``xp``, before the arrays.

    Two adapters are equal if their activations are, see ``alike``.
    """

    f: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FormerActivation) and alike(self.f, other.f)

    def __hash__(self) -> int:
        return hash(type(self.f))

    def __repr__(self) -> str:
        return repr(self.f)

    def forward(self, z: Any, a: Any) -> Any:
        return self.f.forward(np, z, a)

    def backward(self, z: Any, a: Any, delta: Any) -> Any:
        return self.f.backward(np, z, a, delta)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.f, name)


@dataclass(frozen=True)
class FormerRule:
    """An update rule that takes NumPy, as ``xp``, before the arrays."""

    rule: Any

    @property
    def units(self) -> tuple[float, ...]:
        units: tuple[float, ...] = self.rule.units
        return units

    def scalars(self, t: int, rate: float) -> Any:
        return self.rule.scalars(t, rate)

    def __call__(self, g: Any, step: Any, scalars: Any, *slots: Any) -> Any:
        return self.rule(np, g, step, scalars, *slots)
