"""What the topics time with."""

from functools import partial
from time import perf_counter

from sklearn.neural_network import MLPClassifier

from benchmarks.rivals.ours import alike

__all__ = ["ESTIMATORS", "FIXED", "as_there", "epoch_and_rest", "fit_seconds", "interleaved"]

# the work that MLPClassifier does by default; other parameters replace these
as_there = partial(alike, hidden_layer_sizes=(100,), alpha=0.0001)
ESTIMATORS = {"skscratch": as_there, "scikit-learn": MLPClassifier}
# both run for as many epochs as max_iter says
FIXED = {"tol": 0, "n_iter_no_change": 10**6, "random_state": 0}


def interleaved(measures, rounds):
    """Return for each name what its function returned, all called in turn round by round."""
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
    """Return the seconds of an epoch, and those that a fit takes besides."""
    short, long = kind(**settings, max_iter=1), kind(**settings, max_iter=1 + n_epochs)
    short.fit(X, y)  # memory that has been free for a while is slow to get, up to half a second
    rest_and_one = fit_seconds(short, X, y)
    epoch = (fit_seconds(long, X, y) - rest_and_one) / n_epochs
    return epoch, rest_and_one - epoch
