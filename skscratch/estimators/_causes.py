"""Why a fit may have learned nothing: the parameters that explain it, and what to try."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skscratch.core.network import Workspace, forward
from skscratch.estimators import _params
from skscratch.estimators._sizes import rows_per_buffer
from skscratch.estimators._validation import named_features
from skscratch.training.batches import InOrder
from skscratch.training.state import Run

__all__ = ["likely_causes"]

# How many times the rate of "auto" is too much, or too little.
FAR = 10
# So many layers are deep for units that saturate; so few units let too little through.
DEEP, NARROW = 4, 2
SATURATING = ("logistic", "tanh", "softplus")
# The rows to look at.
A_LOOK = 1000


def likely_causes(estimator: Any, run: Run, data: Any, rates: list[float]) -> str:
    """Return sentences that name parameters, what is the matter with each, and the way out.

    Parameters
    ----------
    estimator : estimator
        No choice of it may be left to "auto" that the data decide.
    run : Run
        At its end.
    data : Data
    rates : list of float
        The learning rate of every epoch of the fit.
    """
    if _rows_are_alike(data.X[:A_LOOK]):
        return "The rows of X are all alike."
    lbfgs = isinstance(estimator.solver, str) and estimator.solver == "lbfgs"
    causes = [] if lbfgs else [*_rate(estimator, run, rates), *_steps(estimator)]
    causes += [*_penalties(estimator, run, data, lbfgs), *_end(estimator, lbfgs, len(rates))]
    causes += [*_network(estimator, run, data), *_inputs(estimator, run, data)]
    if causes:
        return f"Likely causes: {'; '.join(causes)}."
    rate = "" if lbfgs else "a lower or higher learning_rate_init, "
    return (
        "No parameter stands out. The features may hold nothing about y that this network can "
        f"find; else try {rate}more units, or features brought to scale."
    )


def _rate(estimator: Any, run: Run, rates: list[float]) -> Iterator[str]:
    """The learning rate is far from what is usual, or nothing was left of it."""
    t, warmup, given = run.memory.get("t"), estimator.warmup_steps, estimator.learning_rate
    init, own = estimator.learning_rate_init, isinstance(given, str)
    usual = _params.usual_learning_rate(estimator)
    if warmup and t is not None and warmup >= t:
        yield f"warmup_steps={warmup} is longer than training, which took {t} updates: lower it"
    elif not own and max(rates) < usual / FAR**2:
        yield f"learning_rate gave rates of at most {max(rates):.3g}: let it begin near {usual:g}"
    elif own and np.median(rates) < max(rates) / FAR**2:
        yield (
            f"learning_rate={given!r} soon left less than a hundredth of the rate: raise "
            "decay_steps or decay_rate, or use 'constant'"
        )
    if not own and max(rates) > FAR * usual:
        yield f"learning_rate gave rates of up to {max(rates):.3g}: let it begin near {usual:g}"
    if own and not isinstance(init, str) and not usual / FAR < init < FAR * usual:
        way = "lower" if init > usual else "raise"
        yield f"learning_rate_init={init:g}, where 'auto' is {usual:g}: {way} it"


def _steps(estimator: Any) -> Iterator[str]:
    """The optimizer's step is next to nothing."""
    if estimator.epsilon > 1e-2 and estimator.solver == "adam":
        yield f"epsilon={estimator.epsilon:g} outweighs the gradients: lower it"
    clip = estimator.max_grad_norm
    if clip is not None and clip < 1e-3 and estimator.solver != "adam":
        yield f"max_grad_norm={clip:g} leaves next to nothing of the gradients: raise it"


def _penalties(estimator: Any, run: Run, data: Any, lbfgs: bool) -> Iterator[str]:
    """Something holds the weights, or the probabilities, where they tell nothing."""
    if estimator.alpha > 0.1 * data.X.shape[0]:
        yield f"alpha={estimator.alpha:g} is a heavy penalty for {data.X.shape[0]} rows: lower it"
    if estimator.label_smoothing >= 0.5:
        yield f"label_smoothing={estimator.label_smoothing:g} leaves little of y: lower it"
    if lbfgs:
        return
    if estimator.weight_decay > 1:
        yield f"weight_decay={estimator.weight_decay:g} takes the weights away: lower it"
    if max(run.arch.dropout, default=0) > 0.8:
        yield f"dropout={estimator.dropout!r} drops nearly all units: lower it"


def _end(estimator: Any, lbfgs: bool, n_epochs: int) -> Iterator[str]:
    """Training ended too soon."""
    if n_epochs >= estimator.max_iter:
        yield f"training ended at max_iter={estimator.max_iter}: raise it"
    elif estimator.tol > 0.01:
        yield f"tol={estimator.tol:g} ended training after {n_epochs} epoch(s): lower it"
    elif estimator.n_iter_no_change < 5 and not (lbfgs or estimator.early_stopping):
        n = estimator.n_iter_no_change
        yield f"n_iter_no_change={n} ended training after {n_epochs} epoch(s): raise it"


def _network(estimator: Any, run: Run, data: Any) -> Iterator[str]:
    """The network lets nothing through."""
    widths, f = run.arch.sizes[1:-1], estimator.activation
    names = list(f) if isinstance(f, (list, tuple)) else [f] * len(widths)
    names = [name for name in names if isinstance(name, str)]  # objects are not known
    dead = _dead_layer(run, data)
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
        each = " of each member" if run.arch.members > 1 else ""
        yield f"hidden_layer_sizes leaves a layer{each} {min(widths)} unit(s): use more"
    if len(widths) > 2 * DEEP and "selu" not in names:
        yield f"hidden_layer_sizes has {len(widths)} layers: use fewer"


def _inputs(estimator: Any, run: Run, data: Any) -> Iterator[str]:
    """Features have values that training takes as less far away, or nobody has scaled them."""
    if run.scaling is not None and run.scaling.limit is not None:
        names = named_features(estimator, np.flatnonzero(np.isfinite(run.scaling.limit)))
        yield f"values in {names} that are far away from all others: replace them"
    X = data.X[:A_LOOK]
    values = X.data if issparse(X) else X
    if estimator.standardize and not issparse(X):
        return
    size = float(np.abs(values).max(initial=0))
    if not 1e-2 < size < 1e2:
        yield f"features as large as {size:.3g} that nobody has scaled: scale them"


def _rows_are_alike(X: Any) -> Any:
    return X.nnz == 0 if issparse(X) else np.array_equal(X, np.broadcast_to(X[:1], X.shape))


def _dead_layer(run: Run, data: Any) -> int:
    """Return the first hidden layer whose units are 0 for every row that is looked at, or 0."""
    arch, params = run.network(run.result)
    n_rows = min(A_LOOK, rows_per_buffer(arch, data.X) // 8 + 1)
    batches = InOrder(data.X, data.y, None, n_rows, run.theta.dtype)
    ws = Workspace.empty(arch, batches.batch_size, run.theta.dtype)
    forward(arch, params, ws, next(iter(batches)).X)
    return next((i for i, a in enumerate(ws.a[: len(arch.activations)], 1) if not a.any()), 0)
