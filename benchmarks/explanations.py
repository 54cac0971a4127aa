"""The time of contributions beside shap's ``KernelExplainer``, at equal error.

    OMP_NUM_THREADS=1 python -m benchmarks.explanations [--rows 4] [--background 64]

The models are default networks on three tables. Where columns interact, both methods estimate
different numbers: integrated gradients and Shapley values. So each is compared with its own limit.
The limit of ``contributions`` is a run with 2048 points on each line. That of ``KernelExplainer``
is a run with all coalitions of ten columns, or with ``LONG`` coalitions of more columns. The error
is the largest difference, as a share of the largest contribution. ``KernelExplainer`` gets twice as
many coalitions until its error is at most that of ``contributions`` with its default settings.
"""

import argparse
import time
import warnings

import numpy as np
import shap
from sklearn.datasets import load_breast_cancer, load_diabetes, make_friedman1

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.inspection import contributions

__all__ = ["compared"]

FEWEST, LONG = 128, 2**17


def friedman(return_X_y):
    """Return 500 rows of 20 columns, of which five count."""
    return make_friedman1(500, 20, random_state=0)


TABLES = {
    "diabetes": (load_diabetes, ScratchMLPRegressor),
    "friedman": (friedman, ScratchMLPRegressor),
    "breast cancer": (load_breast_cancer, ScratchMLPClassifier),
}


def of_kernel(predict, X, background, n_samples):
    """Return the seconds that KernelExplainer takes, and its values."""
    explainer = shap.KernelExplainer(predict, background)
    start = time.perf_counter()
    values = explainer.shap_values(X, nsamples=n_samples, silent=True, l1_reg=False)
    return time.perf_counter() - start, values


def of_ours(model, X, background, **options):
    """Return the least time of three calls, and the values."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        explained = contributions(model, X, background, **options)
        times.append(time.perf_counter() - start)
    return min(times), explained.values


def compared(model, X, background, long=LONG):
    """Yield coalitions, seconds and error: first of contributions, then of KernelExplainer."""
    predict = getattr(model, "decision_function", model.predict)
    _, limit = of_ours(model, X, background, tol=1e-9, max_nodes=2048)
    ours, values = of_ours(model, X, background)
    target = np.abs(values - limit).max() / np.abs(limit).max()
    yield None, ours, target
    n, longest = FEWEST, min(2 ** X.shape[1], long)
    _, limit = of_kernel(predict, X, background, longest)
    error = np.inf
    while n <= longest / 2 and error > target:
        theirs, values = of_kernel(predict, X, background, n)
        error = np.abs(values - limit).max() / np.abs(limit).max()
        yield n, theirs, error
        n *= 2
    if error > target and longest < long:  # all coalitions
        theirs, _ = of_kernel(predict, X, background, longest)
        yield longest, theirs, 0.0


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--background", type=int, default=64)
    options = parser.parse_args()
    n, m = options.rows, options.background
    print("| table | method | ms a row | error | times as long |\n|---|---|---|---|---|")
    for name, (load, kind) in TABLES.items():
        X, y = load(return_X_y=True)
        model = kind(random_state=0).fit(X, y)
        ours = None
        for coalitions, seconds, error in compared(model, X[:n], X[n : n + m]):
            ours = ours or seconds
            method = "contributions" if coalitions is None else f"KernelExplainer, {coalitions}"
            times = f"{1e3 * seconds / n:.1f} | {error:.1e} | {seconds / ours:.0f}"
            print(f"| {name} | {method} | {times} |", flush=True)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tolerance of the limit is not reached
        np.random.seed(0)  # noqa: NPY002  # KernelExplainer draws from it
        main()
