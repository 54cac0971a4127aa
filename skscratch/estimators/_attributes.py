"""What a fit leaves on the estimator: all of it, or nothing."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscratch.training.state import Run, continuation

__all__ = ["Fitted", "published", "snapshot", "unchanged_on_error"]


class Fitted:
    """The types of the attributes, for editors and type checkers."""

    classes_: NDArray[Any]
    coefs_: list[NDArray[Any]]
    intercepts_: list[NDArray[Any]]
    history_: dict[str, NDArray[np.float64]]
    n_iter_: int
    t_: int
    n_layers_: int
    n_outputs_: int
    n_members_: int
    out_activation_: str
    best_loss_: float | None
    best_validation_score_: float | None
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    _activation: Any
    _continuation: dict[str, Any]


def published(estimator: Any, run: Run, keep_memory: bool) -> dict[str, Any]:
    """Return the attributes of an estimator whose run has ended; they share the run's arrays."""
    arch, (weights, biases) = run.network(run.result)
    chosen_by_validation = run.best_validation_score is not None
    return {
        "coefs_": weights,
        "intercepts_": biases,
        "history_": run.history.arrays(),
        "n_iter_": run.n_epochs,
        "t_": run.n_seen,
        "n_layers_": len(arch.sizes),
        "n_outputs_": arch.sizes[-1],
        "n_members_": run.arch.members,
        "out_activation_": arch.loss.name,
        "best_loss_": None if chosen_by_validation else run.best_loss,
        "best_validation_score_": run.best_validation_score,
        "_activation": estimator.activation,
        "_continuation": continuation(run, keep_memory),
    }


def snapshot(estimator: Any, run: Run, keep_memory: bool) -> dict[str, Any]:
    """Return copies of the attributes that the estimator would have if the run ended now."""
    attributes = published(estimator, run, keep_memory)
    copied = ("coefs_", "intercepts_", "_continuation")
    return attributes | {name: copy.deepcopy(attributes[name]) for name in copied}


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Give the estimator its attributes back if the block raises."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
