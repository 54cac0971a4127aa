"""Calls that do not fit a signature are refused in the user's terms.

Python's own message would name the class that defines the method, which users never see.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from skscratch.estimators import _hints

__all__ = ["explained"]

Method = TypeVar("Method", bound=Callable[..., Any])


def explained(method: Method) -> Method:
    """Return the method with errors that name the estimator and what may have been meant."""
    names, by_position, needed = _parameters(method)

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        n = len(args)
        fits = n <= len(by_position) and kwargs.keys() <= names.keys()
        fits = fits and kwargs.keys().isdisjoint(by_position[:n])
        if not (fits and (n >= len(needed) or kwargs.keys() >= {*needed[n:]})):
            raise TypeError(_message(type(self), method, args, kwargs))
        return method(self, *args, **kwargs)

    return call  # type: ignore[return-value]


def _parameters(method: Callable[..., Any]) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return the names that a method takes, all of them, by position, and those without default."""
    _, *parameters = inspect.signature(method).parameters.values()
    names = {p.name: None for p in parameters}
    by_position = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    return names, by_position, [p.name for p in parameters if p.default is p.empty]


def _message(kind: type, method: Callable[..., Any], args: Any, kwargs: Any) -> str:
    """Return what is wrong with a call: a name that is unknown or missing, or too many values."""
    names, by_position, needed = _parameters(method)
    init = method.__name__ == "__init__"
    called = f"{kind.__name__}()" if init else f"{kind.__name__}.{method.__name__}()"
    unknown = [name for name in kwargs if name not in names]
    if unknown:
        hint = _hints.of_name(unknown[0], [*names], *_elsewhere(kind, init))
        return f"{called} got an unexpected keyword argument {unknown[0]!r}.{hint}"
    n = len(by_position)
    if len(args) > n:
        others = ", ".join(f"{name}=..." for name in [*names][n : len(args)])
        hint = f" Give the others by name: {others}." if others else ""
        takes = f"{n} positional argument{'s' * (n != 1)}"
        takes += f" ({', '.join(by_position)})" if n else ""
        return f"{called} takes {takes}, but {len(args)} were given.{hint}"
    twice = [name for name in by_position[: len(args)] if name in kwargs]
    if twice:
        return f"{called} got {twice[0]} twice, by position and by name."
    missing = [name for name in needed[len(args) :] if name not in kwargs]
    return f"{called} misses {' and '.join(missing)}."


def _elsewhere(kind: Any, init: bool) -> tuple[list[str], str]:
    """Return the names that another call of the estimator takes, and what that call is."""
    if init:
        return [*inspect.signature(kind.fit).parameters], "fit"
    return [*inspect.signature(kind).parameters], f"{kind.__name__}(...), not to its methods"
