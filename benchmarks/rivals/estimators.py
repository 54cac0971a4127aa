"""The timer of both estimators."""

import math
import warnings
from time import perf_counter

from sklearn.exceptions import ConvergenceWarning

__all__ = ["estimator_timer"]


def estimator_timer(kind, work, share=1):
    """Return a timer that subtracts a fit of two epochs from a longer fit.

    A fit of one epoch would leave out a check that a longer fit makes once: whether the model has
    learned anything. ``share`` is the share of the rows that an epoch trains on.
    """
    X, y = work.data()

    def fit(n_epochs):
        model = kind(**work.settings, max_iter=n_epochs)
        start = perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)
        return perf_counter() - start

    def seconds_per_step():
        n_steps = math.ceil(share * work.n_rows / work.batch_size)
        return (fit(work.n_epochs + 2) - fit(2)) / (work.n_epochs * n_steps)

    return seconds_per_step
