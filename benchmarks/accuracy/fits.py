"""Accuracy, log-loss and seconds of every candidate on every fold."""

import warnings
from time import process_time

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.accuracy.data import folds

__all__ = ["fit_and_score", "log_loss", "measure"]

LEAST_PROBABILITY = 1e-7


def measure(candidates, data, n_seeds):
    """Return a DataFrame with a row per set, seed, fold and candidate.

    Folds and models have the same seed. Within a fold the candidates take turns, so that other load
    on the machine slows all candidates.
    """
    rows = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the scores show whether a budget was too small
        for name, X, y in data:
            for seed in range(n_seeds):
                for fold, arrays in enumerate(folds(X, y, seed)):
                    for candidate, make in candidates.items():
                        scores = fit_and_score(make(seed), *arrays)
                        rows.append((name, seed, fold, candidate, *scores))
    columns = ["data", "seed", "fold", "candidate", "accuracy", "log_loss", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def fit_and_score(model, X_train, y_train, X_test, y_test):
    """Return accuracy, log-loss and the processor seconds of the fit."""
    start = process_time()
    model.fit(X_train, y_train)
    seconds = process_time() - start
    P = model.predict_proba(X_test)
    return np.mean(P.argmax(axis=1) == y_test), log_loss(P, y_test), seconds


def log_loss(P, y):
    """Return the mean of -log p, where p is the probability of the true class, clipped at 1e-7."""
    P = np.clip(np.asarray(P, np.float64), LEAST_PROBABILITY, 1)
    return -np.mean(np.log(P[np.arange(len(y)), y] / P.sum(axis=1)))
