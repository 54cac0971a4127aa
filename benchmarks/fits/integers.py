"""X of uint8, as in images, against the same X converted to float32 beforehand."""

from functools import partial

import numpy as np

from benchmarks.fits.tables import Row, Table
from benchmarks.fits.timing import FIXED, as_there, epoch_and_rest, interleaved

__all__ = ["measure"]

SETTINGS = {**FIXED, "dtype": "float32"}


def measure(rounds, mnist):
    """Return the table."""
    rng = np.random.default_rng(0)
    X = rng.integers(256, size=(60_000, 784), dtype=np.uint8)
    y = rng.integers(10, size=60_000)
    types = {"float32": X.astype(np.float32), "uint8": X}
    measures = {
        name: partial(epoch_and_rest, as_there, SETTINGS, X, y, n_epochs=3)
        for name, X in types.items()
    }
    pairs = interleaved(measures, rounds)
    rows = [
        Row(part, "ms", {name: [pair[i] for pair in pairs[name]] for name in types})
        for i, part in enumerate(("an epoch", "once per fit"))
    ]
    return Table("Type of X, skscratch, 60 000 rows, 784-100-10 float32", rows)
