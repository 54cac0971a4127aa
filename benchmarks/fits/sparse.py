"""Sparse X, as from texts: 50 000 columns in CSR, 100 non-zeros a row on average."""

from functools import partial
from time import perf_counter

import numpy as np
from scipy import sparse

from benchmarks.fits.tables import Row, Table
from benchmarks.fits.timing import ESTIMATORS, interleaved

__all__ = ["measure"]

N_ROWS, N_FEATURES, N_CLASSES = 20_000, 50_000, 20
DENSITY = 100 / N_FEATURES
BATCH_SIZE = 200
MAX_ROUNDS = 3


def measure(rounds, mnist):
    """Return the table."""
    X, y = texts()
    rows = []
    for dtype in ("float32", "float64"):
        X = X.astype(dtype)
        models = {
            name: kind(batch_size=BATCH_SIZE, random_state=0).partial_fit(
                X[:BATCH_SIZE], y[:BATCH_SIZE], classes=np.arange(N_CLASSES)
            )
            for name, kind in ESTIMATORS.items()
        }
        measures = {name: partial(seconds_per_step, model, X, y) for name, model in models.items()}
        rows.append(Row(dtype, "ms", interleaved(measures, min(rounds, MAX_ROUNDS))))
    return Table("Sparse X, time of a step: 50000-100-20, 100 non-zeros a row, batch 200", rows)


def texts():
    """Return X and y. They are noise: times do not depend on values."""
    rng = np.random.default_rng(0)
    X = sparse.random(N_ROWS, N_FEATURES, DENSITY, format="csr", random_state=rng)
    return X, rng.integers(N_CLASSES, size=N_ROWS)


def seconds_per_step(model, X, y):
    """Return the seconds of an epoch divided by its number of steps."""
    start = perf_counter()
    model.partial_fit(X, y)
    return (perf_counter() - start) / (X.shape[0] // BATCH_SIZE)
