"""The default settings of MLPClassifier in both estimators: the time of a fit per epoch."""

from functools import partial

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

from benchmarks.fits.tables import Row, Table
from benchmarks.fits.timing import ESTIMATORS, FIXED, fit_seconds, interleaved
from skscratch.datasets import load_digits, load_mnist_csv

__all__ = ["measure"]


def measure(rounds, mnist):
    """Return the table."""
    rows = []
    for name, X, y, n_epochs, own in works(mnist):
        settings = {"skscratch": own, "scikit-learn": {}}
        measures = {
            column: partial(seconds_per_epoch, kind, settings[column], X, y, n_epochs)
            for column, kind in ESTIMATORS.items()
        }
        rows.append(Row(name, "ms", interleaved(measures, rounds)))
    return Table("The default settings of MLPClassifier, time of an epoch", rows)


def seconds_per_epoch(kind, settings, X, y, n_epochs):
    """Return the seconds of a fit divided by its number of epochs."""
    return fit_seconds(kind(**FIXED, **settings, max_iter=n_epochs), X, y) / n_epochs


def works(mnist):
    """Yield a name, X, y, a number of epochs and extra parameters for skscratch."""
    cancer, digits = load_breast_cancer(return_X_y=True), load_digits(return_X_y=True)
    yield "breast cancer", scale(cancer[0]), cancer[1], 100, {}
    yield "digits", digits[0] / 16, digits[1], 50, {}
    if mnist:
        X, y = load_mnist_csv(mnist, return_X_y=True)
        X = X.astype(np.float64) / 255
        yield "MNIST", X, y, 2, {}
        yield 'MNIST, dtype="float64" for skscratch', X, y, 2, {"dtype": "float64"}
