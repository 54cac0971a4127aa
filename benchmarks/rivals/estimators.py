"""The timer of both estimators."""

import math
import warnings
from time import perf_counter

from sklearn.exceptions import ConvergenceWarning

__all__ = ["estimator_timer"]


def estimator_timer(kind, work, share=1):
    """Return a timer that subtracts a fit of one epoch from a longer fit.

    ``share`` is the share of the rows that an epoch trains on.
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
        return (fit(work.n_epochs + 1) - fit(1)) / (work.n_epochs * n_steps)

    return seconds_per_step
