"""Classification and regression: what is compared, on which sets, and by which measures."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.metrics import r2_score, roc_auc_score, root_mean_squared_error
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

    ``score`` and ``loss`` are the names of the two main measures, of which the first is high and
    the second low for a good model. ``others`` are the names of further measures, and whether a
    high value is good. ``predict`` is the method to measure, and ``measure`` returns all values
    for what it returned. ``raw`` tables are passed as they are, not prepared.
    """

    score: str
    loss: str
    candidates: dict[str, Candidate]
    shipped: dict[str, Callable[..., Any]]
    generated: dict[str, Callable[[], Any]]
    folds: type
    encode: Callable[[Any], Any]
    predict: str
    measure: Callable[[Any, Any], tuple[float, ...]]
    others: dict[str, bool] = field(default_factory=dict)
    raw: bool = False

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


def of_probabilities(P, y):
    """Return accuracy, log-loss, AUC and Brier score."""
    P = np.asarray(P, np.float64)
    return np.mean(P.argmax(axis=1) == y), log_loss(P, y), auc(P, y), brier_score(P, y)


def auc(P, y):
    """Return the area under the ROC curve, the mean of one class against the rest."""
    P = P / P.sum(axis=1, keepdims=True)
    return roc_auc_score(y, P[:, 1] if P.shape[1] == 2 else P, multi_class="ovr")


def brier_score(P, y):
    """Return the mean of half the squared distance to the true class, which is from 0 to 1."""
    return 0.5 * np.mean(np.sum((P - np.eye(P.shape[1])[y]) ** 2, axis=1))


def log_loss(P, y):
    """Return the mean of -log p, where p is the probability of the true class, clipped at 1e-7."""
    P = np.clip(np.asarray(P, np.float64), LEAST_PROBABILITY, 1)
    return -np.mean(np.log(P[np.arange(len(y)), y] / P.sum(axis=1)))


def of_numbers(p, y):
    """Return R², and the root mean squared error in standard deviations of y."""
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
    "predict_proba",
    of_probabilities,
    {"AUC": True, "Brier": False},
)
REGRESSION = Task(
    "R²",
    "RMSE",
    REGRESSORS,
    {"diabetes": datasets.load_diabetes},
    NUMBERS,
    KFold,
    numbers,
    "predict",
    of_numbers,
)
