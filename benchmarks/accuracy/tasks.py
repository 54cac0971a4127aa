"""Classification and regression: what is compared, on which sets, and by which measures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.metrics import r2_score, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold

from benchmarks.accuracy.candidate import Candidate
from benchmarks.accuracy.classifiers import CLASSIFIERS
from benchmarks.accuracy.generated import CLASSES, NUMBERS
from benchmarks.accuracy.regressors import REGRESSORS

__all__ = ["CLASSIFICATION", "REGRESSION", "Task", "log_loss"]

LEAST_PROBABILITY = 1e-7
# a class with fewer rows has too few rows in a fold, and says nothing about a model
MIN_PER_CLASS = 10


@dataclass(frozen=True)
class Task:
    """A comparison. Its reference is the first candidate.

    ``score`` and ``loss`` are the names of the two measures; ``measure`` returns their values, of
    which the first is high and the second low for a good model.
    """

    score: str
    loss: str
    candidates: dict[str, Candidate]
    shipped: dict[str, Callable[..., Any]]
    generated: dict[str, Callable[[], Any]]
    folds: type
    encode: Callable[[Any], Any]
    measure: Callable[[Any, Any, Any], tuple[float, float]]

    @property
    def reference(self):
        """The name of the candidate that all others are compared with."""
        return next(iter(self.candidates))


def codes(target):
    """Return whole numbers from 0, and which rows are of a class that is not too rare."""
    labels = target.astype(str)
    frequent = (labels.map(labels.value_counts()) >= MIN_PER_CLASS).to_numpy()
    return np.unique(labels[frequent], return_inverse=True)[1], frequent


def numbers(target):
    """Return the targets as they are, and that all rows are kept."""
    return target.to_numpy(float), np.ones(len(target), bool)


def accuracy_and_log_loss(model, X, y):
    """Return the accuracy and the log-loss of a classifier."""
    P = model.predict_proba(X)
    return np.mean(P.argmax(axis=1) == y), log_loss(P, y)


def log_loss(P, y):
    """Return the mean of -log p, where p is the probability of the true class, clipped at 1e-7."""
    P = np.clip(np.asarray(P, np.float64), LEAST_PROBABILITY, 1)
    return -np.mean(np.log(P[np.arange(len(y)), y] / P.sum(axis=1)))


def r2_and_rmse(model, X, y):
    """Return R², and the root mean squared error in standard deviations of y."""
    p = model.predict(X)
    return r2_score(y, p), root_mean_squared_error(y, p) / y.std()


CLASSIFICATION = Task(
    "accuracy",
    "log-loss",
    CLASSIFIERS,
    {
        "iris": datasets.load_iris,
        "wine": datasets.load_wine,
        "breast cancer": datasets.load_breast_cancer,
        "digits": datasets.load_digits,
    },
    CLASSES,
    StratifiedKFold,
    codes,
    accuracy_and_log_loss,
)
REGRESSION = Task(
    "R²",
    "RMSE",
    REGRESSORS,
    {"diabetes": datasets.load_diabetes},
    NUMBERS,
    KFold,
    numbers,
    r2_and_rmse,
)
