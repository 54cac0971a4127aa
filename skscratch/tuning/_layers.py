"""The sizes of hidden layers as two integers."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

__all__ = ["Layers"]


class Layers(BaseEstimator, Sequence[int]):
    """Hidden layers of equal width, for ``hidden_layer_sizes``, as two numbers that a tuner varies.

    Most tuners sample numbers and choose from lists. A tuple of sizes is neither: in a list, a
    tuner does not see that (64, 64) is between (32, 32) and (128, 128). The depth and the width of
    this object are parameters of their own, under the names ``hidden_layer_sizes__depth`` and
    ``hidden_layer_sizes__width``. So every tuner that calls ``set_params`` takes them as ordered
    integers.

    The object is a sequence of the sizes, ``tuple(Layers(2, 64)) == (64, 64)``. An estimator takes
    it wherever it takes a tuple.

    Parameters
    ----------
    depth : int, default=2
        Number of hidden layers. 0 makes a linear model.
    width : int or float, default=256
        Units per hidden layer. It is rounded to a multiple of ``multiple``, and to at least one. A
        float is accepted because logarithmic distributions return floats.
    multiple : int, default=16
        Number that divides the width. The ensemble members of a network divide its width, and have
        at least 16 units each. So a width of 97 would leave a single member, and 96 makes six. 1
        takes every width as it is.

    See Also
    --------
    search_space : A space of parameters, with the sizes among them.

    Examples
    --------
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.tuning import Layers
    >>> tuple(Layers(depth=3, width=100))
    (96, 96, 96)
    >>> model = ScratchMLPClassifier(Layers(2, 64))
    >>> model = model.set_params(hidden_layer_sizes__depth=1, hidden_layer_sizes__width=128)
    >>> tuple(model.hidden_layer_sizes)
    (128,)
    """

    def __init__(self, depth: int = 2, width: float = 256, multiple: int = 16) -> None:
        self.depth = depth
        self.width = width
        self.multiple = multiple

    def _sizes(self) -> tuple[int, ...]:
        """Return the sizes; raise if a parameter is not as described."""
        _check("depth", self.depth, Integral, 0)
        _check("width", self.width, Real, 1)
        _check("multiple", self.multiple, Integral, 1)
        units = max(1, round(self.width / self.multiple)) * int(self.multiple)
        return (units,) * int(self.depth)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the sizes as an array; unlike ``__len__``, an error in here reaches the user."""
        return np.array(self._sizes(), int if dtype is None else dtype)

    def __len__(self) -> int:
        return len(self._sizes())

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[int, ...]: ...
    def __getitem__(self, index: int | slice) -> int | tuple[int, ...]:
        """Return the width of a layer, or the widths of some."""
        return self._sizes()[index]


def _check(name: str, value: Any, kind: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, kind) or not least <= value < np.inf:
        what = "an integer" if kind is Integral else "a number"
        raise ValueError(f"{name} must be {what} of at least {least}. Got {value!r}.")
