"""Prediction of one row, and of a million rows with their memory."""

import tracemalloc
from functools import partial
from time import perf_counter

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.fits.tables import Row, Table
from benchmarks.fits.timing import ESTIMATORS, interleaved
from skscratch import ScratchMLPClassifier

__all__ = ["measure"]

N_ROWS, N_FEATURES, N_CLASSES = 1_000_000, 100, 10
N_CALLS = 500


def measure(rounds, mnist):
    """Return the table."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, N_FEATURES), dtype=np.float32)
    y = rng.integers(N_CLASSES, size=1000)
    models = {name: kind(max_iter=1).fit(X[:1000], y) for name, kind in ESTIMATORS.items()}
    quantities = {
        "predict, one row": ("µs", one_row_seconds, rounds),
        "predict_proba, 1 million rows": ("s", million_rows_seconds, rounds),
        "its peak memory, the result apart": ("MiB", peak_bytes, 1),
    }
    rows = []
    for name, (unit, quantity, times) in quantities.items():
        measures = {column: partial(quantity, model, X) for column, model in models.items()}
        rows.append(Row(f"100-100-10: {name}", unit, interleaved(measures, times)))
    # the default network, of eight members, beside a connected one of the same widths
    narrow = np.ascontiguousarray(X[:, :30])
    pair = ScratchMLPClassifier(max_iter=1), MLPClassifier((256, 128), max_iter=1)
    models = {
        name: model.fit(narrow[:1000], y % 2) for name, model in zip(ESTIMATORS, pair, strict=True)
    }
    for name, (unit, quantity, times) in quantities.items():
        measures = {column: partial(quantity, model, narrow) for column, model in models.items()}
        rows.append(
            Row(f"the default network, 30 features: {name}", unit, interleaved(measures, times))
        )
    return Table("Prediction, float32", rows)


def one_row_seconds(model, X):
    """Return the mean seconds of a call for one row."""
    start = perf_counter()
    for i in range(N_CALLS):
        model.predict(X[i : i + 1])
    return (perf_counter() - start) / N_CALLS


def million_rows_seconds(model, X):
    """Return the seconds of a call for all rows."""
    start = perf_counter()
    model.predict_proba(X)
    return perf_counter() - start


def peak_bytes(model, X):
    """Return the peak memory in bytes of a call for all rows, without its result."""
    tracemalloc.start()
    result = model.predict_proba(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak - result.nbytes
