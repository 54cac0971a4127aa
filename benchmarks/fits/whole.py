"""Whole fits with our own defaults, from float64, beside the defaults of two others."""

from functools import partial

import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.fits.tables import Row, Table
from benchmarks.fits.timing import fit_seconds, interleaved
from skscratch import ScratchMLPClassifier
from skscratch.datasets import load_mnist_csv

__all__ = ["measure"]

# rows and features, and how many of the rounds are enough
SHAPES = [(500, 20, 1.0), (5_000, 30, 1.0), (50_000, 50, 0.6), (500_000, 50, 0.2)]


def measure(rounds, mnist):
    """Return the table. One thread: boosting would take all cores."""
    rows = []
    for n, p, share in SHAPES:
        data = make_classification(n, p, n_informative=10, random_state=0)
        kinds = ScratchMLPClassifier, HistGradientBoostingClassifier
        rows.append(
            row(f"{n:,} × {p}, gradient boosting", kinds, *data, max(1, int(share * rounds)))
        )
    if mnist is not None:
        X, y = load_mnist_csv(mnist, return_X_y=True)
        kinds = ScratchMLPClassifier, MLPClassifier
        data = X.astype(np.float64) / 255, y
        rows.append(row("MNIST, `MLPClassifier`", kinds, *data, max(1, rounds // 5)))
    return Table("Default fits from float64, and the other default", rows)


def row(name, kinds, X, y, rounds):
    """Return the row of two estimators."""
    measures = {
        column: partial(seconds, kind, X, y)
        for column, kind in zip(("skscratch", "the other"), kinds, strict=True)
    }
    return Row(name, "s", interleaved(measures, rounds))


def seconds(kind, X, y):
    """Return the seconds of a fit."""
    with threadpool_limits(1):
        return fit_seconds(kind(random_state=0), X, y)
