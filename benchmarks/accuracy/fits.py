"""Measures and seconds of every candidate on every fold."""

import warnings
from time import process_time

import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.accuracy.data import folds

__all__ = ["measure"]


def measure(task, candidates, data, n_seeds):
    """Return a DataFrame with a row per set, seed, fold and candidate.

    Folds and models have the same seed. Within a fold the candidates take turns, so that other load
    on the machine slows all candidates.
    """
    rows = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the scores show whether a budget was too small
        for name, X, y in data:
            for seed in range(n_seeds):
                for fold, arrays in enumerate(folds(task, X, y, seed)):
                    for candidate, make in candidates.items():
                        scores = fit_and_score(task, make(seed), *arrays)
                        rows.append((name, seed, fold, candidate, *scores))
    measures = ["score", "loss", *task.others, "seconds", "predict seconds"]
    return pd.DataFrame(rows, columns=["data", "seed", "fold", "candidate", *measures])


def fit_and_score(task, model, X_train, y_train, X_test, y_test):
    """Return the measures on the test rows, and the processor seconds of fit and prediction."""
    start = process_time()
    model.fit(X_train, y_train)
    fitted = process_time()
    predicted = getattr(model, task.predict)(X_test)
    end = process_time()
    return *task.measure(predicted, y_test), fitted - start, end - fitted
