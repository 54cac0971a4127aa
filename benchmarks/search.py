"""A random search over ``search_space`` beside the defaults, in nested cross-validation.

    python -m benchmarks.search FOLDER [--rows 1000] [--candidates 30] [--size small]

The table shows the log-loss on the outer folds. The search sees the training rows of an outer fold
only, and selects by the log-loss of inner folds. FOLDER holds tables as CSV files, each with a
column "target".
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold

from benchmarks.accuracy.data import folds, sets
from benchmarks.accuracy.tasks import CLASSIFICATION, log_loss
from skscratch import ScratchMLPClassifier
from skscratch.tuning import search_space

__all__ = ["compared"]


def compared(X, y, n_candidates, size):
    """Return the log-losses on the outer folds: of the defaults, and of the best candidates."""
    losses = []
    for X_train, y_train, X_test, y_test in folds(CLASSIFICATION, X, y, 0):
        defaults = ScratchMLPClassifier(random_state=0)
        search = RandomizedSearchCV(
            defaults, search_space(defaults, size), n_iter=n_candidates,
            cv=StratifiedKFold(3, shuffle=True, random_state=1), scoring="neg_log_loss",
            random_state=0,
        )  # fmt: skip
        models = defaults.fit(X_train, y_train), search.fit(X_train, y_train)
        losses.append([log_loss(model.predict_proba(X_test), y_test) for model in models])
    return np.array(losses)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--candidates", type=int, default=30)
    parser.add_argument("--size", default="small")
    args = parser.parse_args()
    print("| | defaults | search | seconds |")
    print("|---|---|---|---|")
    means = []
    for name, X, y in sets(CLASSIFICATION, args.folder, args.rows):
        start = time.perf_counter()
        means.append(compared(X, y, args.candidates, args.size).mean(axis=0))
        seconds = time.perf_counter() - start
        row = " | ".join(f"{value:.4f}" for value in means[-1])
        print(f"| {name} | {row} | {seconds:.0f} |", flush=True)
    means = np.array(means)
    wins = int((means[:, 1] < means[:, 0]).sum())
    print(f"| mean | {' | '.join(f'{value:.4f}' for value in means.mean(axis=0))} | |")
    print(f"\nThe search has the lower log-loss on {wins} of {len(means)} tables.")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        main()
