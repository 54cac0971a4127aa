"""Checkpoints of a fit: when to write one, and whether one may be resumed."""

import inspect
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Real
from pathlib import Path
from time import monotonic
from typing import Any

import joblib
import numpy as np
from scipy.sparse import issparse

from skscratch.estimators._stamp import AS_BEFORE
from skscratch.estimators._warn import warn
from skscratch.training import checkpoint
from skscratch.training.files import possible
from skscratch.training.state import Run

__all__ = ["Checkpoints"]

# What may differ between the call that was cut short and the one that goes on.
FREE = {
    "hidden_layer_sizes",  # compared as the architecture
    "max_iter", "verbose", "random_state", "warm_start",
    "checkpoint", "checkpoint_epochs", "checkpoint_seconds",
}  # fmt: skip


class Checkpoints:
    """The checkpoint file of one fit; without a path nothing is read or written.

    Parameters
    ----------
    estimator : estimator
    run : Run
        At its start.
    data : Data
    first : bool
        Whether the run starts anew.
    """

    def __init__(self, estimator: Any, run: Run, data: Any, first: bool) -> None:
        self.path = None
        if estimator.checkpoint is None:
            return
        self.path = _checked(estimator.checkpoint)
        self._seed_is_free = first and estimator.random_state is None
        self._epochs, self._seconds = estimator.checkpoint_epochs, estimator.checkpoint_seconds
        self._n_epochs, self._time = run.n_epochs, monotonic()
        defaults = inspect.signature(type(estimator)).parameters.items()
        self._before = {name: parameter.default for name, parameter in defaults} | AS_BEFORE
        self._belongs_to = _fingerprint(estimator, run, data, first)

    def load(self, run: Run) -> dict[str, Any] | None:
        """Return what an earlier call has written, or None; take the seed from it.

        Raises
        ------
        ValueError
            If the file is damaged, or belongs to another run.
        """
        if self.path is None or not self.path.exists():
            return None
        with self.naming_the_file():
            content = checkpoint.read(self.path)
            owner = content.get("belongs_to")
            if not isinstance(owner, dict) or owner.keys() != self._belongs_to.keys():
                raise ValueError("it holds something else than a fit")
            self._check_owner(owner)
        run.seed = self._belongs_to["seed"] = owner["seed"]
        return content

    @contextmanager
    def naming_the_file(self) -> Iterator[None]:
        """Say, of whatever goes wrong with what the file holds, that it is the file's fault."""
        try:
            yield
        except Exception as error:  # nobody knows what a file may do that someone else has made
            raise ValueError(
                f"checkpoint={str(self.path)!r} cannot be resumed: {error}. To start anew, "
                "remove the file or name another one."
            ) from error

    def _check_owner(self, owner: dict[str, Any]) -> None:
        """Raise unless the checkpoint was written by a call like this one."""
        own = self._belongs_to
        checkpoint.check(owner["seed"], own["seed"], "seed")
        for part in ("architecture", "data set", "validation set", "fitted network"):
            if owner[part] != own[part]:
                raise ValueError(f"it was written for another {part}")
        theirs = owner["parameters"]
        if not isinstance(theirs, dict):
            raise ValueError("its parameters are not a dict")
        # a parameter that a former version did not have did what its value of then says
        known = theirs | {n: _hash(n, v) for n, v in self._before.items() if n not in theirs}
        other = [n for n, value in sorted(own["parameters"].items()) if known.get(n) != value]
        if not self._seed_is_free and owner["seed"] != own["seed"]:
            other.append("random_state")
        if other:
            raise ValueError(f"it was written with another {', '.join(other)}")

    def save_if_due(self, run: Run, content: Callable[[], dict[str, Any]]) -> None:
        """Write if enough epochs or seconds have gone by."""
        if self.path is None:
            return
        n_epochs, seconds = run.n_epochs - self._n_epochs, monotonic() - self._time
        by_epochs = self._epochs is not None and n_epochs >= self._epochs
        if by_epochs or (self._seconds is not None and seconds >= self._seconds):
            self.save(run, content)

    def save(self, run: Run, content: Callable[[], dict[str, Any]]) -> None:
        """Write now. A disk that is full must not end training: then there is a warning."""
        if self.path is None:
            return
        try:
            checkpoint.write(self.path, {"belongs_to": self._belongs_to, **content()})
        except OSError as error:
            warn(f"checkpoint: {error}. Training goes on.")
        self._n_epochs, self._time = run.n_epochs, monotonic()


def _checked(path: Any) -> Path:
    """Return the path of a file that is there, or that could be."""
    if not possible(path):
        raise ValueError(f"checkpoint={os.fspath(path)!r} must be a file in a folder that exists.")
    return Path(path).resolve()


def _fingerprint(estimator: Any, run: Run, data: Any, first: bool) -> dict[str, Any]:
    """Return, in hashes, what decides the course of a run."""
    kind = estimator._label_dtype
    parameters = {k: v for k, v in estimator.get_params(deep=False).items() if k not in FREE}
    return {
        "architecture": [*run.arch.sizes, run.theta.dtype.name, run.arch.loss.name],
        "data set": _data_hash(data, kind, estimator.class_weight),
        "validation set": None
        if data.validation is None
        else _data_hash(data.validation, kind, estimator.class_weight),
        "fitted network": None if first else joblib.hash((run.theta, run.memory, run.n_epochs)),
        "parameters": {name: _hash(name, value) for name, value in parameters.items()},
        "seed": run.seed,
    }


def _data_hash(data: Any, kind: str, class_weight: Any) -> str:
    """Return the hash of X, targets and labels, in the dtypes that they are for, and weights."""
    X, y, labels = data.X, data.y, data.labels
    if issparse(X):  # whose hash would tell whether someone has looked at its order
        X = X.shape, X.data, X.indices, X.indptr
    if y.ndim == 2:
        y = y.astype(data.dtype, copy=False)
    if labels.dtype == np.int8:  # as sparse ones are kept
        labels = labels.astype(kind, copy=False)
    # as they came, if the classes have no weights of their own: so did former versions
    w = data.w if class_weight is not None else data.sample_weight
    w = None if w is None else w.astype(data.dtype, copy=False)
    return str(joblib.hash((X, y, w, labels)))


def _plain(value: Any) -> Any:
    """Return the value without the type that it came in: 1, 1.0 and an array of one are alike."""
    if not isinstance(value, bool) and isinstance(value, Real):
        return float(value)
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _hash(name: str, value: Any) -> str:
    try:
        return str(joblib.hash(_plain(value)))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"With a checkpoint, pickle must be able to store every parameter, but not {name}="
            f"{value!r}: {error}. Use a function or a class that is defined in a module."
        ) from error
