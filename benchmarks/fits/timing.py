"""The timers of the topics."""

from functools import partial
from time import perf_counter

from sklearn.neural_network import MLPClassifier

from benchmarks.rivals.ours import alike

__all__ = ["ESTIMATORS", "FIXED", "as_there", "epoch_and_rest", "fit_seconds", "interleaved"]

# the default work of MLPClassifier; keyword arguments override these parameters
as_there = partial(alike, hidden_layer_sizes=(100,), alpha=0.0001)
ESTIMATORS = {"skscratch": as_there, "scikit-learn": MLPClassifier}
# both run exactly max_iter epochs; no fit is examined for whether it has learned, since noise
# teaches nothing and only some of the fits would be
FIXED = {"tol": 0, "n_iter_no_change": float("inf"), "random_state": 0}


def interleaved(measures, rounds):
    """Return the results of each function. In every round, the functions are called in turn."""
    values = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            values[name].append(measure())
    return values


def fit_seconds(model, X, y):
    """Return the seconds of a fit."""
    start = perf_counter()
    model.fit(X, y)
    return perf_counter() - start


def epoch_and_rest(kind, settings, X, y, n_epochs):
    """Return the seconds of an epoch, and the other seconds of a fit."""
    short, long = kind(**settings, max_iter=1), kind(**settings, max_iter=1 + n_epochs)
    short.fit(X, y)  # the first use of long-unused memory is slow, up to half a second
    rest_and_one = fit_seconds(short, X, y)
    epoch = (fit_seconds(long, X, y) - rest_and_one) / n_epochs
    return epoch, rest_and_one - epoch
