"""What the spread of the members is worth as a measure of uncertainty.

    python -m benchmarks.spread FOLDER [--rows 1000] [--regression]

A third of each table is held out. For numbers, the columns are: the rank correlation of ``std`` and
the absolute error; the share of errors below 1.64 ``std``, which would be 0.90 if ``std`` were the
standard deviation of normal errors; and the same share if ``std`` is multiplied by the one factor
that gives 0.90 on other held-out rows. For classes, they are the areas under the ROC curve with
which two numbers find the wrong predictions: the members' standard deviation of the probability of
the predicted class, and 1 minus that probability.
"""

import argparse
import warnings

import numpy as np
from scipy.stats import spearmanr
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score

from benchmarks.accuracy.data import folds, sets
from benchmarks.accuracy.tasks import CLASSIFICATION, REGRESSION
from skscratch import ScratchMLPClassifier, ScratchMLPRegressor

__all__ = ["of_classes", "of_numbers"]

LEVEL, NORMAL = 0.9, 1.645


def of_numbers(X_train, y_train, X_test, y_test):
    """Return rank correlation, coverage, and coverage with a factor found on half the test rows."""
    model = ScratchMLPRegressor(random_state=0).fit(X_train, y_train)
    y, std = model.predict(X_test, return_std=True)
    error, half = np.abs(y - y_test), len(y) // 2
    factor = np.quantile(error[:half] / std[:half], LEVEL)
    covered = np.mean(error < NORMAL * std)
    return spearmanr(std, error)[0], covered, np.mean(error[half:] < factor * std[half:])


def of_classes(X_train, y_train, X_test, y_test):
    """Return the areas under the ROC curve of the spread and of the probability."""
    model = ScratchMLPClassifier(random_state=0).fit(X_train, y_train)
    p, winner = model.predict_proba(X_test), model.predict_proba(X_test).argmax(axis=1)
    each = np.arange(len(p))
    std = model.predict_members(X_test)[:, each, winner].std(axis=0)
    wrong = model.classes_[winner] != y_test
    return roc_auc_score(wrong, std), roc_auc_score(wrong, 1 - p[each, winner])


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--regression", action="store_true")
    args = parser.parse_args()
    task, measure, heads = CLASSIFICATION, of_classes, ["spread", "probability"]
    if args.regression:
        task, measure, heads = REGRESSION, of_numbers, ["rank correlation", "within", "scaled"]
    print(f"| | {' | '.join(heads)} |")
    print("|---" * (len(heads) + 1) + "|")
    rows = []
    for name, X, y in sets(task, args.folder, args.rows):
        rows.append(np.mean([measure(*fold) for fold in folds(task, X, y, 0)], axis=0))
        print(f"| {name} | {' | '.join(f'{value:.2f}' for value in rows[-1])} |", flush=True)
    print(f"| mean | {' | '.join(f'{value:.2f}' for value in np.mean(rows, axis=0))} |")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        main()
