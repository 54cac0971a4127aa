"""The fingerprint of a fit: whether a checkpoint belongs to it and to its ``max_iter``."""

import inspect
import os
import pickle
from collections.abc import Callable
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from scipy.sparse import issparse

from skscratch._ranks import ranks
from skscratch._warnings import warn
from skscratch.estimators._auto import can_have, stops_early
from skscratch.estimators._parameters import BEFORE
from skscratch.training.checkpoint import CheckpointFile, read
from skscratch.training.config import TrainingConfig
from skscratch.training.data import Dataset
from skscratch.training.files import possible
from skscratch.training.outcome import Outcome
from skscratch.training.state import TrainingState

__all__ = ["begun", "checkpoint_file", "warn_of_more_epochs"]

# Parameters that may differ between the interrupted call and the call that resumes it.
FREE = {
    "hidden_layer_sizes", "dtype",  # compared as the architecture
    "max_iter", "verbose", "random_state", "warm_start",
    "checkpoint", "checkpoint_epochs", "checkpoint_seconds", "n_jobs",
}  # fmt: skip


def begun(estimator: Any, X: Any) -> tuple[str | None, int | None]:
    """Return the precision and the number of members of the fit that a checkpoint file began.

    They replace "auto", because a former version may have chosen other values than this one. They
    are None if the user has set them, and for a file of another fit, which ``CheckpointFile.load``
    refuses. If ranks share the fit, rank 0 has the file.
    """
    found, shared = _begun(estimator, X), ranks.get()
    return found if shared is None else shared.exchange(found)[0]


def _begun(estimator: Any, X: Any) -> tuple[str | None, int | None]:
    """Return what ``begun`` returns, from the file of this process."""
    try:
        content = read(estimator.checkpoint)
        members = len(content["best"]["losses"])
        dtype = content["state"]["learned"]["theta"].dtype.name
    except Exception:  # there is no file, or it is a foreign file, which may cause any error
        return None, None
    may_have = estimator.n_members == "auto" and can_have(members, estimator, X)
    return dtype if estimator.dtype == "auto" else None, members if may_have else None


def checkpoint_file(
    estimator: Any, state: TrainingState, data: Dataset, is_initial: bool
) -> CheckpointFile:
    """Return the checkpoint file of a fit that is about to start.

    Raises
    ------
    ValueError
        If the path cannot be a file, or a parameter cannot be pickled.
    """
    path = estimator.checkpoint
    kind: Callable[..., CheckpointFile] = CheckpointFile
    if data.is_shared:
        from skscratch.estimators._shared import SharedFile

        kind = partial(SharedFile, data.X.shared)
        data.X.shared.on_first(_check_path, path)
    else:
        _check_path(path)
    parameters = inspect.signature(type(estimator)).parameters.items()
    defaults = {name: parameter.default for name, parameter in parameters} | BEFORE
    return kind(
        Path(path).resolve(),
        estimator.checkpoint_epochs,
        estimator.checkpoint_seconds,
        _fingerprint(estimator, state, data, is_initial),
        {name: _hash(name, value) for name, value in defaults.items()},
        is_initial and estimator.random_state is None,
        state.n_epochs,
    )


def warn_of_more_epochs(
    estimator: Any, config: TrainingConfig, state: TrainingState, outcome: Outcome
) -> None:
    """Warn if the checkpoint of a fit already held more epochs than ``max_iter`` asks for."""
    options = config.stochastic
    if estimator.checkpoint is None or options is None:
        return
    n = state.n_epochs - outcome.n_epochs_before
    early = options.early_stopping
    if early is not None and early.refit_batch_size is not None:
        # the epochs of the second training, which are not counted, have no validation loss
        losses = state.history["validation_loss"][outcome.n_recorded_before :]
        n = int(np.isfinite(losses).sum())
    if n > config.max_iter:
        warn(
            f"max_iter={config.max_iter} has no effect: the fit in the file checkpoint="
            f"{os.fspath(estimator.checkpoint)!r} has already trained {n} epochs. Set max_iter to "
            f"at least {n}. To train fewer epochs, remove the file or name another one."
        )


def _check_path(path: Any) -> None:
    if not possible(path):
        raise ValueError(f"checkpoint={os.fspath(path)!r} must be a file in a folder that exists.")


def _fingerprint(
    estimator: Any, state: TrainingState, data: Dataset, is_initial: bool
) -> dict[str, Any]:
    """Return hashes of everything that a fit depends on."""
    kind, arch, theta = estimator._label_dtype, state.arch, state.theta
    class_weight = getattr(estimator, "class_weight", None)
    learned = state.state_dict()["learned"]
    parameters = estimator.get_params(deep=False)
    resolved = {
        "early_stopping": stops_early(estimator, data, len(data.weighted_rows())),
        "n_members": arch.members,
    }
    parameters |= {k: v for k, v in resolved.items() if parameters.get(k) == "auto"}
    return {
        "architecture": [*arch.sizes, theta.dtype.name, arch.loss.output_activation],
        "data set": _data_hash(data, kind, class_weight),
        "validation set": None
        if data.validation is None
        else _data_hash(data.validation, kind, class_weight),
        "fitted network": None
        if is_initial
        else joblib.hash((theta, learned["memory"], state.n_epochs)),
        "parameters": {k: _hash(k, v) for k, v in parameters.items() if k not in FREE},
        "seed": state.seed,
    }


def _data_hash(data: Dataset, kind: str | None, class_weight: Any) -> str:
    """Return the hash of X, targets, labels and weights, in the dtypes that training sees."""
    X, y, labels = data.X, data.y, data.labels
    if data.is_shared:
        X = X.digest()
    elif issparse(X):  # not X itself: its hash changes when SciPy checks the order of its indices
        X = X.shape, X.data, X.indices, X.indptr
    if data.target_scaling is not None:  # another loss may scale the same data otherwise
        y = labels
    if y.ndim == 2:
        y = y.astype(data.dtype, copy=False)
    if kind is not None and labels.dtype == np.int8:  # the dtype of a sparse y
        labels = labels.astype(kind, copy=False)
    # without class_weight, the user's sample weights, as in former versions
    w = data.w if class_weight is not None else data.sample_weight
    w = None if w is None else w.astype(data.dtype, copy=False)
    content = (X, y, w, labels) if data.holdout is None else (X, y, w, labels, data.holdout)
    return str(joblib.hash(content))


def _untyped(value: Any) -> Any:
    """Return the value without its type, so that 1, 1.0 and a NumPy scalar are equal."""
    if not isinstance(value, bool) and isinstance(value, Real):
        return float(value)
    return [_untyped(item) for item in value] if isinstance(value, (list, tuple)) else value


def _hash(name: str, value: Any) -> str:
    try:
        return str(joblib.hash(_untyped(value)))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"With a checkpoint, pickle must be able to store every parameter, but not {name}="
            f"{value!r}: {error}. Use a function or a class that is defined in a module."
        ) from error
