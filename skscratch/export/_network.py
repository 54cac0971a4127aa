"""The parts of a fitted estimator that all exports read, and their errors."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skscratch.core.activations import ACTIVATIONS
from skscratch.core.losses import LOSSES
from skscratch.estimators import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.estimators._fitted import fitted_network

__all__ = ["KINDS", "check_exportable", "names_of_activations", "numbers_of"]

KINDS: dict[str, Any] = {
    kind.__name__: kind for kind in (ScratchMLPClassifier, ScratchMLPRegressor)
}


def check_exportable(estimator: Any, target: str) -> None:
    """Raise unless an estimator is a fitted network with a loss of this package."""
    if not isinstance(estimator, (ScratchMLPClassifier, ScratchMLPRegressor)):
        raise TypeError(
            f"estimator must be one of {[*KINDS]}. Got {type(estimator).__name__}. Of a pipeline, "
            "pass the last step, and apply the other steps yourself."
        )
    check_is_fitted(estimator)
    loss: Any = estimator._loss()
    if type(loss) not in map(type, LOSSES.values()):
        raise ValueError(
            f"{target} has no code for loss={loss!r}. Only {[*LOSSES]} can be exported."
        )


def numbers_of(thing: Any) -> dict[str, Any]:
    """Return the numbers of an activation or of a loss, by name."""
    names = [field.name for field in fields(thing)] if is_dataclass(thing) else []
    values = {name: getattr(thing, name) for name in names}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    """Return a number of any kind as one of Python, and several as a tuple."""
    if np.ndim(value):
        return tuple(map(_plain, value))
    return value if isinstance(value, int) else float(value)


def names_of_activations(estimator: Any, target: str) -> list[tuple[str, Any]]:
    """Return the name and the object of each hidden activation."""
    names = {type(f): name for name, f in ACTIVATIONS.items()}
    found = fitted_network(estimator).activations
    for f in found:
        if type(f) not in names:
            raise ValueError(
                f"{target} has no code for activation={f!r}. Only {[*names.values()]} can be "
                "exported."
            )
    return [(names[type(f)], f) for f in found]
