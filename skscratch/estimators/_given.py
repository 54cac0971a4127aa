"""The parameters ``coefs_init``, ``intercepts_init`` and ``trainable``."""

import reprlib
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from skscratch._compat import InvalidParameterError
from skscratch.core.network import Parameters

__all__ = ["USUAL", "Start", "start"]

LARGEST = 1e38  # of float32


class Start(NamedTuple):
    """How a network starts.

    Parameters
    ----------
    trainable : tuple of bool
        Whether each layer is trained; empty for all.
    given : Parameters or None
        The arrays that the user gives; None for an array that is initialized as usual.
    keeps_first : bool
        Whether the first layer is given and frozen. X is then not scaled, so that the layer stays
        the same to the bit.
    """

    trainable: tuple[bool, ...] = ()
    given: Parameters | None = None
    keeps_first: bool = False


USUAL = Start()


def start(estimator: Any, sizes: tuple[int, ...]) -> Start:
    """Return the start that an estimator asks for; ``sizes`` are the widths of all layers."""
    trained, given = (
        _trainable(estimator.trainable, len(sizes) - 1),
        _start_arrays(estimator, sizes),
    )
    keeps_first = given is not None and given.weights[0] is not None and not trained[0]
    return Start(trained, given, keeps_first)


def _trainable(value: Any, n_layers: int) -> tuple[bool, ...]:
    """Return for each layer whether it is trained."""
    flags = list(value) if isinstance(value, (list, tuple)) else [value] * n_layers
    if len(flags) != n_layers or not all(isinstance(flag, (bool, np.bool_)) for flag in flags):
        raise InvalidParameterError(
            f"trainable must be True, or a list of {n_layers} booleans, one per layer with the "
            f"output layer last. Got {value!r}."
        )
    if not any(flags):
        raise InvalidParameterError(f"trainable={value!r} leaves no layer to train.")
    return tuple(map(bool, flags))


def _start_arrays(estimator: Any, sizes: tuple[int, ...]) -> Parameters | None:
    """Return the arrays that the user gives, or None if there are none."""
    shapes: dict[str, list[tuple[int, ...]]] = {
        "coefs_init": [*pairwise(sizes)],
        "intercepts_init": [(q,) for q in sizes[1:]],
    }
    values = {name: getattr(estimator, name) for name in shapes}
    if all(value is None for value in values.values()):
        return None
    parts = [_arrays(name, values[name], expected) for name, expected in shapes.items()]
    return Parameters(*parts)


def _arrays(name: str, value: Any, shapes: list[tuple[int, ...]]) -> list[Any]:
    """Return one array or None per layer."""
    if value is None:
        return [None] * len(shapes)
    if not isinstance(value, (list, tuple)) or len(value) != len(shapes):
        raise InvalidParameterError(
            f"{name} must be None or a list of {len(shapes)} arrays, one per layer. None in the "
            f"list stands for a layer that is initialized as usual. Got {reprlib.repr(value)}."
        )
    arrays: list[Any] = []
    for i, (given, shape) in enumerate(zip(value, shapes, strict=True)):
        array = None if given is None else np.asarray(given)
        if array is not None and (array.shape != shape or array.dtype.kind not in "iuf"):
            raise InvalidParameterError(
                f"{name}[{i}] must be an array of numbers of shape {shape}, as hidden_layer_sizes, "
                f"X and y require. Got {array.dtype} of shape {array.shape}."
            )
        if array is not None and not (abs(array) <= LARGEST).all():
            raise InvalidParameterError(
                f"{name}[{i}] holds a number that is not finite, or above {LARGEST:g}."
            )
        arrays.append(array)
    return arrays
