"""A grid search over 24 candidates and 5 folds, with one job and, on two cores, with two jobs.

The two sides have the same settings and 100 epochs, and then the defaults of each.
"""

import os
from functools import partial
from time import perf_counter

from joblib.externals.loky import get_reusable_executor
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.fits.tables import Row, Table
from benchmarks.fits.timing import ESTIMATORS, FIXED, interleaved
from skscratch import ScratchMLPClassifier

__all__ = ["measure"]

# scikit-learn's default batch size; "auto" means another batch size in skscratch
SETTINGS = {**FIXED, "batch_size": 200, "max_iter": 100}
GRID = {
    "mlp__hidden_layer_sizes": [(16,), (32,), (64,), (32, 32)],
    "mlp__alpha": [1e-4, 1e-3, 1e-2],
    "mlp__learning_rate_init": [1e-3, 1e-2],
}
SAME = {column: partial(kind, **SETTINGS) for column, kind in ESTIMATORS.items()}
# what the grid does not name has the defaults of each
TYPED = {"skscratch": ScratchMLPClassifier, "scikit-learn": MLPClassifier}
ONE_CANDIDATE = {name: values[:1] for name, values in GRID.items()}


def measure(rounds, mnist):
    """Return the table."""
    X, y = load_breast_cancer(return_X_y=True)
    rows = []
    for n_jobs in (1, 2):
        if n_jobs > len(os.sched_getaffinity(0)):
            continue
        for what, kinds in (("the same settings", SAME), ("as typed", TYPED)):
            measures = {
                column: partial(search_seconds, kind, GRID, n_jobs, X, y)
                for column, kind in kinds.items()
            }
            for kind in kinds.values():
                search_seconds(kind, ONE_CANDIDATE, n_jobs, X, y)  # starts the workers
            rows.append(Row(f"n_jobs={n_jobs}, {what}", "s", interleaved(measures, rounds)))
    # idle workers stay for 300 s, and the process waits for them at its end
    get_reusable_executor().shutdown()
    return Table("GridSearchCV on breast cancer, 24 candidates × 5 folds", rows)


def search_seconds(kind, grid, n_jobs, X, y):
    """Return the seconds of a search."""
    pipeline = Pipeline([("scale", StandardScaler()), ("mlp", kind(random_state=0))])
    search = GridSearchCV(pipeline, grid, cv=5, n_jobs=n_jobs)
    start = perf_counter()
    search.fit(X, y)
    return perf_counter() - start
