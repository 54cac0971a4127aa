"""Rows to validate on: the user's own, or a part held out of the training data."""

import copy
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skscratch._compat import InvalidParameterError, takes_weights
from skscratch.core.network import Parameters
from skscratch.estimators import _hints
from skscratch.estimators._errstate import for_users
from skscratch.estimators._objects import scored, untouched
from skscratch.estimators._random import streams
from skscratch.estimators._validation import naming
from skscratch.training.batches import Gathered
from skscratch.training.holdout import stratified_holdout
from skscratch.training.members import apart
from skscratch.training.state import Run
from skscratch.training.trainer import HeldOut

__all__ = ["ValidationSet", "find_scorer", "held_out", "split", "users_own", "weighted_rows"]

# a loss on fewer rows than this says too little to stop by
LEAST_HELD_OUT = 5


class ValidationSet(NamedTuple):
    """Some rows of checked data."""

    data: Any
    rows: Any


def split(estimator: Any, run: Run, data: Any) -> tuple[Any, ValidationSet | None]:
    """Return the rows to train on and those to validate on, if any.

    Several members have a row of these arrays each, but share what the user has brought.
    """
    members = run.arch.members
    rows, brought = weighted_rows(data), users_own(data)
    if brought is not None or not estimator.early_stopping:
        return _for_each(rows, members), brought
    multilabel = data.y.ndim == 2 and data.n_outputs > 1
    classes = np.zeros(len(rows), int) if multilabel else data.y[rows].ravel().astype(int)
    fraction, rng = estimator.validation_fraction, streams(run.seed).holdout
    kept, out = stratified_holdout(classes, fraction, rng, members)
    if out.shape[-1] < LEAST_HELD_OUT:
        return _for_each(rows, members), None
    if members == 1:
        kept, out = kept[0], out[0]
    return rows[kept], ValidationSet(data, rows[out])


def _for_each(rows: Any, members: int) -> Any:
    """Return the same rows for every member."""
    return rows if members == 1 else np.broadcast_to(rows, (members, rows.shape[-1]))


def users_own(data: Any) -> ValidationSet | None:
    """Return the validation set that came with the data, if any."""
    own = data.validation
    return None if own is None else ValidationSet(own, weighted_rows(own))


def weighted_rows(data: Any) -> Any:
    """Return the rows that have any weight: the others must not even take a place in a batch."""
    return np.arange(data.X.shape[0]) if data.w is None else np.flatnonzero(data.w)


def held_out(estimator: Any, run: Run, validation: ValidationSet, size: int) -> HeldOut:
    """Return what follows the run on the validation set, some rows at a time."""
    X, y, w = validation.data[:3]
    batches = [
        Gathered(X, y, w, size, run.theta.dtype, rows, None, run.scaling)
        for rows in np.atleast_2d(validation.rows)
    ]
    batches *= run.arch.members // len(batches)  # the user's own are those of all
    return HeldOut(run, batches, estimator._hits, _score(estimator, run, validation))


def find_scorer(estimator: Any) -> Any:
    """Return the scorer that ``scoring`` asks for; None for the loss."""
    if isinstance(estimator.scoring, str) and estimator.scoring == "loss":
        return None
    # importing it takes longer than importing all that is needed otherwise
    from sklearn.metrics import check_scoring, get_scorer_names

    try:
        return check_scoring(estimator, scoring=estimator.scoring)
    except ValueError as error:
        raise InvalidParameterError(
            "scoring must be 'loss', one of sklearn.metrics.get_scorer_names(), a function of "
            f"(estimator, X, y) or None. Got {estimator.scoring!r}."
            f"{_hints.of_value('scoring', estimator.scoring, ['loss', *get_scorer_names()])}"
        ) from error


def _score(
    estimator: Any, run: Run, validation: ValidationSet
) -> Callable[[], NDArray[np.float64]] | None:
    """Return a function that scores each member as it is then; None to compare by the loss."""
    scorer = find_scorer(estimator)
    if scorer is None:
        return None
    data, view = validation.data, _view(estimator, data=validation.data)
    weighted = data.sample_weight is not None
    weighted = weighted and (estimator.scoring is None or takes_weights(scorer))
    sets = []
    for rows in np.atleast_2d(validation.rows):
        weights = {"sample_weight": data.sample_weight[rows]} if weighted else {}
        sets.append((data.X[rows], data.labels[rows], weights))
    sets *= run.arch.members // len(sets)

    def score_of(params: Parameters, X: Any, y: Any, weights: dict[str, Any]) -> float:
        view.coefs_, view.intercepts_ = params
        with naming("scoring"), for_users():
            return scored(estimator.scoring, scorer, view, X, y, **weights)

    # a scorer of the user's own is watched in its first call
    watched: Any = untouched if callable(estimator.scoring) else nullcontext

    def score() -> NDArray[np.float64]:
        nonlocal watched
        members = apart(run.unscaled(run.current), run.arch.members)
        with watched(sets[0][:2]):
            scores = [score_of(each, *own) for each, own in zip(members, sets, strict=True)]
        watched = nullcontext
        return np.array(scores)

    return score


def _view(estimator: Any, data: Any) -> Any:
    """Return an estimator that predicts once it is given coefs_ and intercepts_.

    It takes arrays, for the data have been checked already: names of features are left out.
    """
    view = copy.copy(estimator)
    for name in [name for name in vars(view) if name.endswith("_")]:
        if name not in ("classes_", "n_features_in_"):
            delattr(view, name)  # of a former fit
    view.n_outputs_, view.out_activation_ = data.n_outputs, data.out_activation
    view._activation = estimator.activation
    return view
