"""The peak memory of fits to an X of MNIST's size, above the data.

    python -m benchmarks.memory

Run it from the checkout. NumPy reports what it allocates to tracemalloc. The values are random,
because memory does not depend on them.
"""

import tempfile
import tracemalloc
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from benchmarks.fits.timing import as_there
from skscratch import ScratchMLPClassifier

N, P, K = 60_000, 784, 10


def peak(X, y, kind, **params):
    """Return the peak of a fit of two epochs in MiB."""
    tracemalloc.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        kind(max_iter=2, random_state=0, **params).fit(X, y)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20


def main():
    """Measure and print."""
    rng = np.random.default_rng(0)
    y = rng.integers(K, size=N)
    pixels = rng.integers(256, size=(N, P), dtype=np.uint8)
    X = pixels / np.float32(255)
    with tempfile.NamedTemporaryFile() as file:
        file.write(X.tobytes())
        file.flush()
        mapped = np.memmap(file.name, np.float32, "r", shape=X.shape)
        peak(X[:1000], y[:1000], ScratchMLPClassifier)  # the first fit allocates more
        works = {
            "float32": (X, as_there, {}),
            "float32, `early_stopping=True`": (X, as_there, {"early_stopping": True}),
            "float32, a read-only memory map": (mapped, as_there, {}),
            "uint8": (pixels, as_there, {}),
            'uint8, `solver="lbfgs"`': (pixels, as_there, {"solver": "lbfgs"}),
            "float32, column-major": (np.asfortranarray(X), as_there, {}),
            "float64": (X.astype(np.float64), as_there, {}),
            "float32, the defaults": (X, ScratchMLPClassifier, {}),
            "uint8, the defaults": (pixels, ScratchMLPClassifier, {}),
        }
        print("| X | peak above the data |\n|---|---|")
        for name, (data, kind, params) in works.items():
            print(f"| {name} | {peak(data, y, kind, **params):.1f} MiB |", flush=True)


if __name__ == "__main__":
    main()
