"""Every candidate on every fold: accuracy, log-loss and seconds."""

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

    A seed is that of the folds and of the models. Within a fold the candidates take turns, so that
    whatever else the machine does slows all of them.
    """
    rows = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of budgets that are too small, the scores tell
        for name, X, y in data:
            for seed in range(n_seeds):
                for fold, arrays in enumerate(folds(X, y, seed)):
                    for candidate, make in candidates.items():
                        scores = fit_and_score(make(seed), *arrays)
                        rows.append((name, seed, fold, candidate, *scores))
    columns = ["data", "seed", "fold", "candidate", "accuracy", "log_loss", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def fit_and_score(model, X_train, y_train, X_test, y_test):
    """Return accuracy, log-loss and the seconds that the fit keeps the processor busy."""
    start = process_time()
    model.fit(X_train, y_train)
    seconds = process_time() - start
    P = model.predict_proba(X_test)
    return np.mean(P.argmax(axis=1) == y_test), log_loss(P, y_test), seconds


def log_loss(P, y):
    """Return the mean of -log of the probability given to the true class, clipped at 1e-7."""
    P = np.clip(np.asarray(P, np.float64), LEAST_PROBABILITY, 1)
    return -np.mean(np.log(P[np.arange(len(y)), y] / P.sum(axis=1)))
