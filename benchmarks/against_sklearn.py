"""Fit times and test accuracy side by side with scikit-learn's MLPClassifier.

    python benchmarks/against_sklearn.py [--mnist mnist_train.csv.gz] [--repeats 5]

Both estimators train on the same rows with the same settings, in turn, A B A B ..., for a fixed
number of epochs; what is printed is Markdown: medians of the milliseconds per epoch, the median of
their ratios pair by pair, and the accuracy on the same held-out fifth. Absolute times are those of
this machine; ratios carry further.
"""

import argparse
import platform
import warnings
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

import skscratch
from skscratch import ScratchMLPClassifier
from skscratch.datasets import load_digits, load_mnist_csv

FIXED = {"tol": 0, "n_iter_no_change": 10**6}
NOTEBOOK = {
    "hidden_layer_sizes": (64,), "activation": "tanh", "solver": "sgd", "momentum": 0,
    "batch_size": 128, "learning_rate_init": 1.28, "alpha": 0,
}  # fmt: skip
# the defaults of scikit-learn, so that both do the same work
SAME = {"batch_size": 200, "learning_rate_init": 0.001}


def works(mnist):
    """Yield a name, X, y, settings and a number of epochs."""
    cancer, digits = load_breast_cancer(return_X_y=True), load_digits(return_X_y=True)
    yield "breast cancer, 30-100-1 relu, Adam", scale(cancer[0]), cancer[1], SAME, 100
    yield "digits, 64-100-10 relu, Adam", digits[0] / 16, digits[1], SAME, 100
    if mnist:
        X, y = load_mnist_csv(mnist, return_X_y=True)
        X = (X / 255).astype(np.float32)
        yield "MNIST float32, 784-64-10 tanh, SGD", X, y, NOTEBOOK, 10
        yield "MNIST float32, 784-100-10 relu, Adam", X, y, SAME, 5


def fit_and_score(estimator, parts):
    """Return the milliseconds per epoch and the accuracy on the test part."""
    X_train, X_test, y_train, y_test = parts
    start = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed
        estimator.fit(X_train, y_train)
    seconds = perf_counter() - start
    return 1000 * seconds / estimator.n_iter_, estimator.score(X_test, y_test)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", type=Path, help='a file of "MNIST in CSV"')
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(
        f"skscratch {skscratch.__version__}, scikit-learn {sklearn.__version__}, "
        f"NumPy {np.__version__}, Python {platform.python_version()}, {platform.machine()}\n\n"
        "| work | skscratch, ms an epoch | scikit-learn | ratio | accuracy | scikit-learn |\n"
        "|---|---|---|---|---|---|"
    )
    for name, X, y, settings, epochs in works(options.mnist):
        parts = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
        runs = []
        for seed in range(options.repeats):
            params = settings | FIXED | {"max_iter": epochs, "random_state": seed}
            kinds = (ScratchMLPClassifier, MLPClassifier)
            runs.append([fit_and_score(kind(**params), parts) for kind in kinds])
        times, scores = np.moveaxis(np.array(runs), 2, 0)
        print(
            f"| {name} | {median(times[:, 0]):.2f} | {median(times[:, 1]):.2f} "
            f"| {median(times[:, 1] / times[:, 0]):.2f} "
            f"| {scores[:, 0].mean():.4f} | {scores[:, 1].mean():.4f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
