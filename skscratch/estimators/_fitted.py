"""Fitted attributes: from the state of a run to attributes of an estimator, and back.

Between two calls, the public attributes (``coefs_``, ``intercepts_``, ...) define the fitted
network. The attributes come from a fit, from a file or from the user.
"""

from __future__ import annotations

import copy
import inspect
import reprlib
import warnings
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning

from skscratch._compat import OF_A_FIT
from skscratch._version import __version__
from skscratch._warnings import quiet
from skscratch.core.network import Architecture, Parameters, allocate
from skscratch.core.optimizers import EMA
from skscratch.estimators._folding import digest, folded, of_members, target_scaling, unfold
from skscratch.estimators._former import alike
from skscratch.estimators._messages import not_finite
from skscratch.estimators._parameters import BEFORE, CONSTRAINTS
from skscratch.estimators._settings import activations
from skscratch.training.config import TrainingConfig
from skscratch.training.history import History
from skscratch.training.state import TrainingState

__all__ = [
    "Saved", "Transaction", "continued_state", "continues", "fitted_network",
    "fitted_parameters", "published", "snapshot",
]  # fmt: skip

# The attributes that a fitted model needs to predict, and those that it needs to train further.
PREDICTS = (
    "coefs_", "intercepts_", "n_outputs_", "out_activation_", "_activation",
)  # fmt: skip
GOES_ON = ("history_", "n_iter_", "t_", "best_loss_", "best_validation_score_", "_continuation")
STAMP = "_skscratch_version"  # key in a saved state: the version that saved it
STREAMS = ("seed", "shuffle", "dropout", "memory")


class Saved(BaseEstimator):
    """An estimator whose saved state contains the version of skscratch that saved it."""

    # the fitted attributes, for editors and type checkers
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

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        for name in OF_A_FIT:
            state.pop(name, None)
        return state | {STAMP: __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        version = state.pop(STAMP, "unknown")
        if version != __version__:
            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=f"skscratch.{type(self).__name__}",
                    current_sklearn_version=__version__,
                    original_sklearn_version=version,
                ),
                stacklevel=2,
            )
        if "coefs_" in state and "n_members" not in state:
            state["n_members_"] = BEFORE["n_members"]
        for name in inspect.signature(type(self)).parameters:
            if name in BEFORE:
                state.setdefault(name, BEFORE[name])
        vars(self).update(state)
        with quiet():
            check_complete(self)


class Transaction:
    """Sets all attributes that a call sets on an estimator, or none of them.

    If the block raises, the estimator gets the attributes of the last commit back, or those from
    before the block.

    Parameters
    ----------
    estimator : estimator
    """

    def __init__(self, estimator: Any) -> None:
        self._attributes = vars(estimator)
        self._before = self._attributes.copy()

    def __enter__(self) -> Self:
        return self

    def commit(self, attributes: dict[str, Any]) -> None:
        """Set attributes. All attributes set so far then stay, even if the block raises later."""
        self._attributes.update(attributes)
        self._before = self._attributes.copy()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._attributes.clear()
            self._attributes.update(self._before)


def published(estimator: Any, state: TrainingState, keep_optimizer: bool) -> dict[str, Any]:
    """Return the fitted attributes from the state of a run; they share the arrays of the state."""
    arch, (weights, biases) = state.network(state.result)
    chosen_by_validation = state.best_validation_score is not None
    return {
        "coefs_": weights,
        "intercepts_": biases,
        "history_": state.history.arrays(),
        "n_iter_": state.n_epochs,
        "t_": state.n_samples_seen,
        "n_layers_": len(arch.sizes),
        "n_outputs_": arch.sizes[-1],
        "n_members_": state.arch.members,
        "out_activation_": arch.loss.output_activation,
        "best_loss_": None if chosen_by_validation else state.best_loss,
        "best_validation_score_": state.best_validation_score,
        "_activation": estimator.activation,
        "_members": of_members(state),
        "_continuation": _continuation(state, keep_optimizer),
    }


def snapshot(estimator: Any, state: TrainingState, keep_optimizer: bool) -> dict[str, Any]:
    """Return the attributes that the estimator would have if the run ended now, as copies."""
    attributes = published(estimator, state, keep_optimizer)
    copied = ("coefs_", "intercepts_", "_continuation")
    return attributes | {name: copy.deepcopy(attributes[name]) for name in copied}


def continued_state(estimator: Any, config: TrainingConfig) -> TrainingState:
    """Return the state of a run that continues from the fitted attributes.

    Raises
    ------
    ValueError
        If the parameters of the estimator ask for another network than the fitted one, or a
        fitted parameter is not finite.
    """
    _check_same_network(estimator, config.arch)
    theta, params = _packed(config.arch.sizes, fitted_parameters(estimator))
    if not np.isfinite(theta).all():
        raise ValueError(not_finite(estimator))
    saved, stochastic = estimator._continuation, config.stochastic
    shuffle, dropout = (np.random.Generator(np.random.PCG64(0)) for _ in range(2))
    state = TrainingState(
        config.arch,
        theta,
        params,
        saved["seed"],
        shuffle,
        dropout,
        history=History(estimator.history_),
        n_epochs=estimator.n_iter_,
        n_samples_seen=estimator.t_,
    )
    known = estimator.best_loss_
    state.best_loss = min(estimator.loss_curve_) if known is None else known
    state.target_scaling = target_scaling(saved)
    unfold(saved, state)
    learned = {name: saved[name] for name in ("shuffle", "dropout", "memory")} | {"theta": theta}
    averaged, decay = saved.get("averaged"), 0.0 if stochastic is None else stochastic.ema_decay
    # training continues from the raw parameters, unless the user has changed the average since
    if decay and averaged is not None and averaged["mean"] == digest(theta):
        state.ema = EMA(theta, decay, theta.copy())
        learned |= {"theta": averaged["theta"], "mean": theta, "n_averaged": averaged["n"]}
    state.load_state_dict({"learned": learned})
    return state


def _packed(sizes: tuple[int, ...], published: Parameters) -> tuple[Any, Parameters]:
    """Return theta and views into it, copied from published weights and biases.

    Published arrays may be read-only. Training needs writeable parameters in one vector.
    """
    theta, params = allocate(sizes, published.weights[0].dtype.newbyteorder("="))
    for own, arrays in zip(params, published, strict=True):
        for to, array in zip(own, arrays, strict=True):
            to[...] = array
    return theta, params


def _continuation(state: TrainingState, keep_optimizer: bool) -> dict[str, Any]:
    """Return the state that a later run needs besides the public attributes, in plain containers.

    The optimizer state is up to three times as large as the parameters. Without the optimizer
    state, a later run starts with a new optimizer. With a moving average, the raw parameters belong
    to the optimizer state.
    """
    learned = state.state_dict()["learned"]
    saved = {
        "scaling": None if state.scaling is None else state.scaling._asdict() | folded(state, 0),
        "seed": state.seed,
        "shuffle": learned["shuffle"],
        "dropout": learned["dropout"],
        "memory": learned["memory"] if keep_optimizer else {},
    }
    if state.target_scaling is not None:
        saved["target_scaling"] = state.target_scaling._asdict() | folded(state, -1)
    ema = state.ema
    if keep_optimizer and ema is not None and np.array_equal(state.result, ema.mean):
        saved["averaged"] = {"theta": state.theta, "n": ema.n, "mean": digest(ema.mean)}
    return saved


def _check_same_network(estimator: Any, arch: Architecture) -> None:
    """Raise if the parameters ask for another network than the fitted one."""
    fitted = fitted_network(estimator)
    if arch.sizes != fitted.sizes:
        raise ValueError(
            f"hidden_layer_sizes={estimator.hidden_layer_sizes!r} asks for layers of sizes "
            f"{arch.sizes}, but the fitted network that training would continue has "
            f"{fitted.sizes}. Set warm_start=False and call fit to start anew."
        )
    if not all(map(alike, arch.activations, fitted.activations)):
        raise ValueError(
            f"activation={estimator.activation!r} differs from {estimator._activation!r} of the "
            "fitted network that training would continue. Set warm_start=False and call fit to "
            "start anew."
        )


def fitted_network(estimator: Any) -> Architecture:
    """Return the architecture of the fitted network, for prediction."""
    sizes = (len(estimator.coefs_[0]), *(len(b) for b in estimator.intercepts_))
    functions = activations(estimator._activation, len(sizes) - 2)
    return Architecture(sizes, functions, estimator._loss())


def check_complete(estimator: Any) -> None:
    """Raise unless a loaded estimator has all parameters and, if fitted, a complete network.

    Raises
    ------
    ValueError
        The message names what is missing, or the arrays that do not fit each other.
    """
    state = vars(estimator)
    parameters = inspect.signature(type(estimator)).parameters
    needed = [name for name in sorted(parameters) if name in CONSTRAINTS]
    fitted = _has_network(estimator)
    if fitted:
        needed += [*PREDICTS, *estimator._of_data]
        if any(name in state for name in GOES_ON):
            needed += GOES_ON
    _check_present(estimator, needed)
    if fitted:
        fitted_parameters(estimator)


def continues(estimator: Any) -> bool:
    """Return whether an estimator has a fitted network, for training to continue.

    Raises
    ------
    ValueError
        If a fitted attribute is missing that training needs. The message names it.
    """
    fitted = _has_network(estimator)
    if fitted:
        _check_present(estimator, [*PREDICTS, *estimator._of_data, *GOES_ON])
    return fitted


def _has_network(estimator: Any) -> bool:
    """Return whether an estimator has a fitted network or a part of one."""
    return "coefs_" in vars(estimator) or "intercepts_" in vars(estimator)


def _check_present(estimator: Any, needed: list[str]) -> None:
    """Raise unless an estimator has the needed attributes, and all random streams."""
    state = vars(estimator)
    missing = [name for name in needed if name not in state]
    streams = state.get("_continuation", dict.fromkeys(STREAMS))
    missing += [f"_continuation[{name!r}]" for name in STREAMS if name not in streams]
    if missing:
        raise ValueError(
            f"The saved state of a {type(estimator).__name__} is incomplete: it lacks "
            f"{', '.join(missing)}. Load it with the library that saved it: pickle, joblib or "
            "skops. To train a model from from_json, set warm_start=False and call fit."
        )


def fitted_parameters(estimator: Any) -> Parameters:
    """Return ``coefs_`` and ``intercepts_`` as arrays of one dtype, copied only if they differ.

    The dtype is that of the first weights, in the byte order of this machine. If the first weights
    are neither float32 nor float64, the dtype is float64.

    Raises
    ------
    ValueError
        If the shapes do not make a network with the estimator's numbers of features and outputs.
    """
    weights, biases = _arrays(estimator, "coefs_", 2), _arrays(estimator, "intercepts_", 1)
    sizes = [estimator.n_features_in_, *(b.shape[0] for b in biases)]
    shapes = [W.shape for W in weights]
    if shapes != [*pairwise(sizes)] or sizes[-1] != estimator.n_outputs_:
        raise ValueError(
            f"coefs_ of shapes {shapes} and intercepts_ of shapes {[b.shape for b in biases]} do "
            f"not make a network of {estimator.n_features_in_} features and "
            f"{estimator.n_outputs_} outputs: a layer of shape (p, q) needs q intercepts, and the "
            "next layer the shape (q, r)."
        )
    dtype = weights[0].dtype
    if dtype.char in "fd" and all(array.dtype is dtype for array in (*weights, *biases)):
        return Parameters(weights, biases)  # at once: a prediction of one row is short
    dtype = dtype.newbyteorder("=") if dtype.char in "fd" else np.dtype(float)
    return Parameters(
        *([array.astype(dtype, copy=False) for array in p] for p in (weights, biases))
    )


def _arrays(estimator: Any, name: str, ndim: int) -> list[Any]:
    """Return the arrays of an attribute, which the user may have set to lists of numbers."""
    try:
        arrays = [np.asarray(array) for array in getattr(estimator, name)]
        good = all(array.ndim == ndim and array.dtype.kind in "fiub" for array in arrays)
    except (TypeError, ValueError):  # nothing to iterate over; rows of several lengths
        good = False
    if not good:
        raise ValueError(
            f"{name} must be a list with an array of numbers, of {ndim} dimension(s), for each "
            f"layer. Got {reprlib.repr(getattr(estimator, name))}."
        )
    return arrays
