"""The cost of a column-major X, as from ``DataFrame.to_numpy()``, against a row-major X."""

from functools import partial
from time import perf_counter

import numpy as np

from benchmarks.fits.tables import Row, Table
from benchmarks.fits.timing import ESTIMATORS, epoch_and_rest, interleaved
from benchmarks.rivals.works import WORKS

__all__ = ["measure"]


def measure(rounds, mnist):
    """Return the table."""
    work = WORKS["notebook"]
    X, y = work.data()
    orders = {"row-major": X, "column-major": np.asfortranarray(X)}
    copies = {order: partial(copy_seconds, X) for order, X in orders.items()}
    rows = [Row("a row-major copy of X, for comparison", "ms", interleaved(copies, rounds))]
    for estimator, kind in ESTIMATORS.items():
        measures = {
            order: partial(epoch_and_rest, kind, work.settings, X, y, work.n_epochs)
            for order, X in orders.items()
        }
        pairs = interleaved(measures, rounds)
        for i, part in enumerate(("an epoch", "once per fit")):
            values = {order: [pair[i] for pair in pairs[order]] for order in orders}
            rows.append(Row(f"{estimator}, {part}", "ms", values))
    return Table("Order of X in memory, 48 000 rows, 784-64-10 float32", rows)


def copy_seconds(X):
    """Return the seconds of a copy in row-major order."""
    X.copy(order="C")  # the first allocation of long-unused memory is slow
    start = perf_counter()
    X.copy(order="C")
    return perf_counter() - start
