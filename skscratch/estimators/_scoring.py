"""Scores of members on validation rows, by a scorer of scikit-learn or of the user."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscratch._compat import InvalidParameterError, kind_of_scorer, takes_weights
from skscratch._warnings import for_users
from skscratch.core.network import Parameters
from skscratch.estimators import _hints
from skscratch.estimators._objects import scored, untouched
from skscratch.estimators._validation import naming
from skscratch.training.data import Dataset

__all__ = ["EstimatorScorer", "find_scorer"]

# Scorers to name in a message, for those that do not fit the targets.
OF_NUMBERS = "'r2', 'neg_mean_absolute_error' or 'neg_root_mean_squared_error'"
OF_CLASSES = "'accuracy', 'balanced_accuracy', 'f1_macro' or 'roc_auc_ovr'"


def find_scorer(estimator: Any, data: Dataset) -> "EstimatorScorer":
    """Return the scorer for ``scoring``, which must not be 'loss'."""
    # imported here, because that takes longer than importing everything else
    from sklearn.metrics import check_scoring, get_scorer_names

    n_targets = 1 if data.labels.ndim == 1 else data.labels.shape[1]
    is_name, is_number = isinstance(estimator.scoring, str), data.target_scaling is not None
    if is_name and is_number and data.n_outputs > n_targets:
        raise ValueError(
            f"scoring={estimator.scoring!r} scores one prediction per target, but quantile="
            f"{estimator.quantile!r} gives {data.n_outputs}. Set scoring='loss', or None for D², "
            "or a function of (estimator, X, y)."
        )
    try:
        scorer = check_scoring(estimator, scoring=estimator.scoring)
    except ValueError as error:
        raise InvalidParameterError(
            "scoring must be 'loss', one of sklearn.metrics.get_scorer_names(), a function of "
            f"(estimator, X, y) or None. Got {estimator.scoring!r}."
            f"{_hints.of_value('scoring', estimator.scoring, ['loss', *get_scorer_names()])}"
        ) from error
    # labels may be numbers, so an object that scores numbers may suit a classifier
    other = "classes" if is_number else "numbers"
    if (is_name or is_number) and kind_of_scorer(scorer) == other:
        what, default, fitting = ("numbers", "R²", OF_NUMBERS)
        if not is_number:
            what, default, fitting = ("classes", "the accuracy", OF_CLASSES)
        raise InvalidParameterError(
            f"scoring={estimator.scoring!r} does not score {what}, which this estimator predicts. "
            f"Set scoring='loss', None for {default}, or a scorer of {what} such as {fitting}."
        )
    return EstimatorScorer(estimator, scorer, data)


class EstimatorScorer:
    """Scores networks as fitted estimators.

    Parameters
    ----------
    estimator : estimator
        The scorer gets another estimator of the same class and parameters, with the network to
        score.
    scorer : callable
    data : Dataset
    """

    def __init__(self, estimator: Any, scorer: Callable[..., Any], data: Dataset) -> None:
        self.scoring, self.scorer = estimator.scoring, scorer
        # no feature names: the rows to score are arrays that are already checked
        self.view = object.__new__(type(estimator))
        vars(self.view).update(
            {
                name: value
                for name, value in vars(estimator).items()
                if name in estimator._of_data or not name.endswith("_")
            },
            n_outputs_=data.n_outputs,
            n_members_=1,  # each member is scored alone
            out_activation_=data.loss.output_activation,
            _activation=estimator.activation,
        )

    def on(self, data: Dataset, rows: NDArray[np.intp]) -> Callable[[Parameters], float]:
        """Return the score on some rows, as a function of a network's parameters."""
        X, y, weights = data.X[rows], data.labels[rows], {}
        if data.sample_weight is not None and (self.scoring is None or takes_weights(self.scorer)):
            weights["sample_weight"] = data.sample_weight[rows]
        # the first call of a user's scorer is checked for changes of X and y
        watched: Any = untouched if callable(self.scoring) else nullcontext

        def score(params: Parameters) -> float:
            nonlocal watched
            self.view.coefs_, self.view.intercepts_ = params
            with watched((X, y)), naming("scoring"), for_users():
                value = scored(self.scoring, self.scorer, self.view, X, y, **weights)
            watched = nullcontext
            return value

        return score
