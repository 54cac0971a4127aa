"""A run at its start: a new network, or the published one that is to be trained further."""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture
from skscratch.estimators import _params
from skscratch.estimators._fitted import fitted_parameters
from skscratch.estimators._messages import not_finite
from skscratch.estimators._random import draw_seed, streams
from skscratch.estimators._sizes import rows_per_buffer
from skscratch.estimators._validation import named_features
from skscratch.estimators._warn import warn
from skscratch.training.history import History
from skscratch.training.scaling import LIMIT, Scaling, find_scaling
from skscratch.training.state import Run, initial_parameters, pack, resume

__all__ = ["architecture", "begin", "fitted_dtype", "fitted_sizes"]


def begin(estimator: Any, data: Any, first: bool) -> Run:
    """Return a run that starts anew, or one that goes on from the fitted attributes."""
    members = estimator.n_members
    hidden = _params.hidden_layer_sizes(estimator.hidden_layer_sizes)
    sizes = (data.X.shape[1], *(width // members for width in hidden), data.n_outputs)
    arch = _training_architecture(estimator, sizes, data.out_activation)
    if first:
        seed = draw_seed(estimator.random_state)
        draws = _params.initializers(estimator.weight_init, arch.activations)
        stream = streams(seed)
        theta, params = initial_parameters(arch, draws, stream.weights, data.dtype)
        run = Run(arch, theta, params, seed, stream.shuffle, stream.dropout)
        if estimator.standardize and not issparse(data.X):
            run.scaling = find_scaling(data.X, data.w, rows_per_buffer(arch, data.X), data.dtype)
            _warn_of_limits(estimator, run.scaling)
        return run
    _check_same_network(estimator, arch)
    theta, params = pack(sizes, *fitted_parameters(estimator))
    if not np.isfinite(theta).all():
        raise ValueError(not_finite(estimator))
    saved = estimator._continuation
    run = Run(
        arch,
        theta,
        params,
        saved["seed"],
        np.random.Generator(np.random.PCG64(0)),  # resume gives them their states
        np.random.Generator(np.random.PCG64(0)),
        history=History(estimator.history_),
        n_epochs=estimator.n_iter_,
        n_seen=estimator.t_,
    )
    known = estimator.best_loss_
    run.best_loss = min(estimator.loss_curve_) if known is None else known
    resume(saved, run, average=estimator.ema_decay > 0 and not _is_lbfgs(estimator))
    return run


def _warn_of_limits(estimator: Any, scaling: Scaling | None) -> None:
    """Warn of features with values that training takes as less far away than they are."""
    if scaling is not None and scaling.limit is not None:
        names = named_features(estimator, np.flatnonzero(np.isfinite(scaling.limit)))
        warn(
            f"X has, in {names}, values more than {LIMIT:g} standard deviations away from the "
            "rest; training clips them there. Predictions for such rows are unreliable. "
            "sklearn.impute.SimpleImputer(missing_values=...) replaces codes for missing values."
        )


def architecture(sizes: tuple[int, ...], activation: Any, out_activation: str) -> Architecture:
    """Return the network that predicts."""
    activations = _params.activations(activation, len(sizes) - 2)
    return Architecture(sizes, activations, LOSSES[out_activation])


def _training_architecture(
    estimator: Any, sizes: tuple[int, ...], out_activation: str
) -> Architecture:
    """Return the network with what makes it harder to train: dropout, smoothed labels."""
    arch = architecture(sizes, estimator.activation, out_activation)
    rates = _params.dropout(estimator.dropout, len(sizes) - 2)
    if _is_lbfgs(estimator):
        rates = ()
    loss = replace(arch.loss, smoothing=float(estimator.label_smoothing))
    return replace(arch, dropout=rates, loss=loss, members=estimator.n_members)


def _is_lbfgs(estimator: Any) -> bool:
    return isinstance(estimator.solver, str) and estimator.solver == "lbfgs"


def _check_same_network(estimator: Any, arch: Architecture) -> None:
    """Raise if the parameters ask for another network than the fitted one."""
    fitted = architecture(fitted_sizes(estimator), estimator._activation, estimator.out_activation_)
    if arch.sizes != fitted.sizes:
        raise ValueError(
            f"hidden_layer_sizes={estimator.hidden_layer_sizes!r} asks for layers of sizes "
            f"{arch.sizes}, but the fitted network that training would continue has "
            f"{fitted.sizes}. Set warm_start=False and call fit to start anew."
        )
    if not all(map(_alike, arch.activations, fitted.activations)):
        raise ValueError(
            f"activation={estimator.activation!r} differs from {estimator._activation!r} of the "
            "fitted network that training would continue. Set warm_start=False and call fit to "
            "start anew."
        )


def _alike(f: Any, g: Any) -> bool:
    """Return whether two activations are the same, as far as they can tell."""
    by_identity: Any = object.__eq__
    return type(f) is type(g) and (type(f).__eq__ is by_identity or bool(f == g))


def fitted_sizes(estimator: Any) -> tuple[int, ...]:
    """Return the widths of the fitted network's layers."""
    return (len(estimator.coefs_[0]), *(len(b) for b in estimator.intercepts_))


def fitted_dtype(estimator: Any) -> np.dtype[Any]:
    """Return the dtype to go on with."""
    dtype: np.dtype[Any] = fitted_parameters(estimator).weights[0].dtype
    return dtype
