"""The warning at the end of a fit that did not converge or learned nothing, and likely causes."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning

from skscratch._warnings import warn
from skscratch.core.network import Workspace, forward, outputs, rows_per_buffer
from skscratch.estimators._fingerprint import warn_of_more_epochs
from skscratch.estimators._messages import complaint
from skscratch.estimators._scale import named_features
from skscratch.estimators._settings import usual_rate
from skscratch.training.config import Stochastic, TrainingConfig
from skscratch.training.data import Dataset, SequentialBatches
from skscratch.training.early_stopping import has_fallen
from skscratch.training.outcome import Diverged, End, Outcome
from skscratch.training.state import TrainingState
from skscratch.training.validation import mean_loss

__all__ = ["conclude"]

# As fractions of the loss of the best constant prediction: the loss above which nothing was
# learned, and the rise to warn of.
NOTHING, RISEN = 0.995, 0.1
# The recorded loss, as such a fraction, above which the model's loss is computed; and the loss of
# the best constant below which there is nothing to learn: one class, or equal numbers, up to
# rounding. Recorded losses of numbers say less, because a few large errors dominate them.
OF_CLASSES, OF_NUMBERS = (0.98, 1e-6), (0.5, 1e-12)
# Parameters that have moved by more than this fraction of their norm have been trained.
MOVED = 0.01
# A learning rate is too high or too low if it differs by this factor from that of "auto".
FAR = 10
# So many layers of saturating units are too deep. A layer of so few units is too narrow.
DEEP, NARROW = 4, 2
SATURATING = ("logistic", "tanh", "softplus")
# A larger standardised target of a robust loss would hide the losses of all others.
OUTLIER = 1000
# The number of rows to look at.
A_LOOK = 1000


def conclude(
    estimator: Any,
    config: TrainingConfig,
    state: TrainingState,
    data: Dataset,
    outcome: Outcome,
) -> None:
    """Give at most one ConvergenceWarning at the end of a fit, with all reasons for it.

    A checkpoint of more epochs than ``max_iter`` is another warning.

    Raises
    ------
    Diverged
        If an output for the training data is not finite.

    Parameters
    ----------
    estimator : estimator
        The estimator, with the user's parameters.
    config : TrainingConfig
    state : TrainingState
        The state at the end of the fit.
    data : Dataset
    outcome : Outcome
    """
    warn_of_more_epochs(estimator, config, state, outcome)
    found, n_rows = "", outcome.n_recorded_before
    if not _has_only_begun(estimator, state.history.objective()[n_rows:], outcome):
        found = _learned_nothing(estimator, config, state, data, outcome)
    if found:
        rates = state.history["learning_rate"][n_rows:]
        found = f"{found} {_likely_causes(estimator, config, state, data, rates)}"
    message = complaint(estimator, config, outcome)
    if message or found:
        warn(" ".join(filter(None, (message, found))), ConvergenceWarning)
    if _overflows(state, data):
        raise Diverged(state.n_epochs)


def _overflows(state: TrainingState, data: Dataset) -> bool:
    """Return whether an output for the training data is not finite.

    The outputs are computed only if the norms of X and of the weights allow an overflow.
    """
    dtype, (arch, params) = state.theta.dtype, state.network(state.result)
    X = data.own().X
    values = X.data if issparse(X) else X.reshape(-1)
    values = values if values.dtype.kind == "f" else np.array([np.iinfo(np.uint64).max], dtype)
    square = sum(float(np.vdot(part, part)) for layer in params for part in layer)
    square_of_X = sum(data.exchange(float(values @ values)))
    norms = square_of_X, *[max(square, 1.0)] * len(params.weights)
    if sum(math.log(max(norm, 1.0)) / 2 for norm in norms) < math.log(np.finfo(dtype).max) - 1:
        return False
    finite = np.ones(0, bool)
    if X.shape[0]:
        rows = rows_per_buffer(arch, X)
        finite = outputs(arch, params, X, rows, lambda z: np.isfinite(z).all(axis=1))
    return not all(data.exchange(bool(finite.all())))


def _has_only_begun(estimator: Any, curve: list[float], outcome: Outcome) -> bool:
    """Return whether the user asked for too few epochs to judge the fit by."""
    asked = estimator.max_iter == 1 or math.isinf(estimator.n_iter_no_change)
    if outcome.end is not End.CALLBACK and not (asked and len(curve) == estimator.max_iter):
        return False
    n = len(curve) // 2
    return n == 0 or (has_fallen(curve, n) and curve[-1 - n] - curve[-1] > estimator.tol)


def _learned_nothing(
    estimator: Any, config: TrainingConfig, state: TrainingState, data: Dataset, outcome: Outcome
) -> str:
    """Return the complaint about the result. Recorded losses are used where they suffice."""
    data = _without_outliers(data)
    doubtful, nothing_to_learn = OF_CLASSES if data.target_scaling is None else OF_NUMBERS
    w = np.ones(len(data.y), data.dtype) if data.w is None else data.w
    shares = (w / w.sum(dtype=float)).astype(data.dtype)
    _, constant = state.arch.loss.fit_constant(data.y, shares)
    n_rows, before = outcome.n_recorded_before, outcome.theta_before
    curve, least = state.history.objective()[n_rows:], (1 - NOTHING) * constant
    # a warm start may begin at parameters that have nothing left to learn
    stays = not n_rows and _moved(state.result, before) < MOVED
    if constant < nothing_to_learn:
        return ""
    if not stays and _kept_loss(config, state, n_rows) <= doubtful * constant:
        return _risen(state, curve, constant)
    loss = mean_loss(state, data, state.result)
    if not math.isfinite(loss):
        return ""  # ``conclude`` raises an error
    if loss > constant - least:
        return (
            f"The training loss of the model, {loss:.4g}, is not clearly below the loss of "
            f"{estimator._constant}, {constant:.4g}."
        )
    if stays and (loss_before := mean_loss(state, data, before)) - loss < least:
        return (
            f"The training loss of the model, {loss:.4g}, is not clearly below the loss before "
            f"training, {loss_before:.4g}."
        )
    return _risen(state, curve, constant)


def _without_outliers(data: Dataset) -> Dataset:
    """Return the data of a regressor without the rows whose targets no model could predict."""
    if data.target_scaling is None:
        return data
    rows = np.flatnonzero(np.abs(data.y).max(axis=1) <= OUTLIER)
    if not 0 < len(rows) < len(data.y):
        return data
    return data.some(rows)


def _moved(theta: Any, theta_before: Any) -> float:
    """Return the distance from the former parameters, as a fraction of their norm."""
    norm = float(np.linalg.norm(theta_before))
    return float(np.linalg.norm(theta - theta_before)) / norm if norm else math.inf


def _risen(state: TrainingState, curve: list[float], constant: float) -> str:
    """Return by how much the loss has risen, if the last parameters are kept."""
    if state.keeps_best or curve[-1] - curve[0] <= RISEN * constant:
        return ""
    return (
        "The training loss plus penalty increased: it was "
        f"{curve[0]:.4g} in the first epoch and {curve[-1]:.4g} in the last."
    )


def _kept_loss(config: TrainingConfig, state: TrainingState, n_rows: int) -> float:
    """Return the larger of the last training loss and the kept parameters' validation loss."""
    history = state.history
    loss = history["loss"][-1]
    if state.best_validation_score is None or not state.keeps_best:
        return loss
    losses = np.array(history["validation_loss"][n_rows:])
    if config.scorer is None:
        return max(loss, float(np.nanmin(losses)))
    return max(loss, float(losses[np.nanargmax(history["validation_score"][n_rows:])]))


def _likely_causes(
    estimator: Any,
    config: TrainingConfig,
    state: TrainingState,
    data: Dataset,
    rates: list[float],
) -> str:
    """Return sentences that name parameters, the fault of each, and the remedy.

    ``rates`` are the learning rates of the fit's epochs.
    """
    if _rows_are_alike(data.X[:A_LOOK]):
        return "All rows of X are equal."
    stochastic, n_epochs = config.stochastic, len(rates)
    causes: list[str] = []
    if stochastic is not None:
        causes += [*_rate(estimator, config, state, rates), *_steps(estimator)]
    causes += [*_penalties(estimator, config, data), *_end(estimator, stochastic, n_epochs)]
    causes += [*_network(estimator, state, data), *_inputs(estimator, state, data)]
    if causes:
        return f"Likely causes: {'; '.join(causes)}."
    rate = "" if stochastic is None else "a lower or higher learning_rate_init, "
    return (
        "No parameter looks wrong. The features may hold no information about y. Otherwise, try "
        f"{rate}more units, or scaled features."
    )


def _rate(
    estimator: Any, config: TrainingConfig, state: TrainingState, rates: list[float]
) -> Iterator[str]:
    """Yield a cause if the learning rate is far from that of "auto", or has fallen to almost 0."""
    n = None if state.optimizer is None else state.optimizer.n_updates
    warmup, given = estimator.warmup_steps, estimator.learning_rate
    init, own = estimator.learning_rate_init, isinstance(given, str)
    usual = usual_rate(estimator, config)
    if warmup and n is not None and warmup >= n:
        yield f"warmup_steps={warmup} is longer than training, which took {n} updates: lower it"
    elif not own and max(rates) < usual / FAR**2:
        yield f"learning_rate gave rates of at most {max(rates):.3g}: start near {usual:g}"
    elif own and np.median(rates) < max(rates) / FAR**2:
        yield (
            f"learning_rate={given!r} soon lowered the rate to less than a hundredth: raise "
            "decay_steps or decay_rate, or use 'constant'"
        )
    if not own and max(rates) > FAR * usual:
        yield f"learning_rate gave rates of up to {max(rates):.3g}: start near {usual:g}"
    if own and not isinstance(init, str) and not usual / FAR < init < FAR * usual:
        way = "lower" if init > usual else "raise"
        yield f"learning_rate_init={init:g}, where 'auto' is {usual:g}: {way} it"


def _steps(estimator: Any) -> Iterator[str]:
    """Yield a cause if the steps of the optimizer are too small."""
    if estimator.epsilon > 1e-2 and estimator.solver == "adam":
        yield f"epsilon={estimator.epsilon:g} outweighs the gradients: lower it"
    clip = estimator.max_grad_norm
    if clip is not None and clip < 1e-3 and estimator.solver != "adam":
        yield f"max_grad_norm={clip:g} scales the gradients to almost zero: raise it"


def _penalties(estimator: Any, config: TrainingConfig, data: Dataset) -> Iterator[str]:
    """Yield a cause if regularisation is too strong."""
    if estimator.alpha > 0.1 * data.X.shape[0]:
        yield f"alpha={estimator.alpha:g} is a heavy penalty for {data.X.shape[0]} rows: lower it"
    smoothing = getattr(estimator, "label_smoothing", 0)
    if smoothing >= 0.5:
        yield f"label_smoothing={smoothing:g} hides most of y: lower it"
    if config.stochastic is None:
        return
    if estimator.weight_decay > 1:
        yield f"weight_decay={estimator.weight_decay:g} shrinks the weights to zero: lower it"
    if max(config.arch.dropout, default=0) > 0.8:
        yield f"dropout={estimator.dropout!r} drops almost all units: lower it"


def _end(estimator: Any, stochastic: Stochastic | None, n_epochs: int) -> Iterator[str]:
    """Yield a cause if training ended too soon."""
    if n_epochs >= estimator.max_iter:
        yield f"training ended at max_iter={estimator.max_iter}: raise it"
    elif estimator.tol > 0.01:
        yield f"tol={estimator.tol:g} ended training after {n_epochs} epoch(s): lower it"
    elif stochastic is not None and stochastic.early_stopping is None:
        n = stochastic.n_iter_no_change
        if n < 5:
            yield f"n_iter_no_change={n} ended training after {n_epochs} epoch(s): raise it"


def _network(estimator: Any, state: TrainingState, data: Dataset) -> Iterator[str]:
    """Yield a cause if the network is too deep or too narrow, or has a dead layer."""
    widths, f = state.arch.sizes[1:-1], estimator.activation
    names = list(f) if isinstance(f, (list, tuple)) else [f] * len(widths)
    names = [name for name in names if isinstance(name, str)]  # nothing is known about objects
    dead = _dead_layer(state, data)
    if dead:
        yield (
            f"every unit of hidden layer {dead} is 0 for every row (activation={f!r}, dead): "
            "lower learning_rate_init, use activation='leaky_relu' or another weight_init"
        )
    if sum(name in SATURATING for name in names) >= DEEP:
        yield (
            f"activation={f!r} saturates, and {len(widths)} such layers let hardly any gradient "
            "through: use 'relu', or fewer layers"
        )
    if min(widths, default=math.inf) <= NARROW:
        each = " of each member" if state.arch.members > 1 else ""
        yield f"hidden_layer_sizes gives a layer{each} only {min(widths)} unit(s): use more"
    if len(widths) > 2 * DEEP and "selu" not in names:
        yield f"hidden_layer_sizes has {len(widths)} layers: use fewer"


def _inputs(estimator: Any, state: TrainingState, data: Dataset) -> Iterator[str]:
    """Yield a cause if features are not scaled, or have outliers that training clips."""
    if state.scaling is not None and state.scaling.limit is not None:
        names = named_features(estimator, np.flatnonzero(np.isfinite(state.scaling.limit)))
        yield f"outliers in {names}: replace them"
    X = data.X[:A_LOOK]
    values = X.data if issparse(X) else X
    if estimator.standardize and not issparse(X):
        return
    size = float(np.abs(values).max(initial=0))
    if not 1e-2 < size < 1e2:
        yield f"unscaled features, with values up to {size:.3g}: scale them"


def _rows_are_alike(X: Any) -> Any:
    return X.nnz == 0 if issparse(X) else np.array_equal(X, np.broadcast_to(X[:1], X.shape))


def _dead_layer(state: TrainingState, data: Dataset) -> int:
    """Return the first hidden layer, from 1, whose units are 0 for all rows looked at, or 0."""
    arch, params = state.network(state.result)
    n_rows = min(A_LOOK, rows_per_buffer(arch, data.X) // 8 + 1)
    batches = SequentialBatches(data.X, data.y, None, n_rows, state.theta.dtype)
    ws = Workspace.empty(arch, batches.batch_size, state.theta.dtype)
    forward(arch, params, ws, next(iter(batches)).X)
    return next((i for i, a in enumerate(ws.a[: len(arch.activations)], 1) if not a.any()), 0)
