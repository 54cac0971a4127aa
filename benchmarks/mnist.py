"""The handwritten digits of MNIST: one setting of parameters, or the defaults.

    python -m benchmarks.mnist FOLDER [--defaults] [--seeds 3] [--rows 60000]

The setting is compared with ``MLPClassifier((256,))``, and ``ScratchMLPClassifier()`` with
``MLPClassifier()``. FOLDER holds mnist_train.csv.gz and mnist_test.csv.gz, or the same files
without .gz. Pixels are divided by 255, in float32. The two models take turns, seed by seed, with
their default numbers of threads. The output is Markdown: accuracy and log-loss on the whole test
file, seconds of the fit, and the ratio of the seconds.
"""

import argparse
import os
import warnings
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from benchmarks.fits.timing import fit_seconds
from benchmarks.machine import heading
from skscratch import ScratchMLPClassifier
from skscratch.datasets import load_mnist_csv

__all__ = ["LINE", "REFERENCE", "main"]

LINE = ScratchMLPClassifier(
    hidden_layer_sizes=(400, 300),
    activation="silu",
    solver="adam",
    alpha=0,
    batch_size=256,
    learning_rate="onecycle",
    learning_rate_init=0.004,
    max_iter=14,
    n_iter_no_change=14,
    early_stopping=False,
    beta_1=0.9,
    beta_2=0.95,
    weight_init="he_uniform",
    dropout=0.3,
    weight_decay=0.1,
    label_smoothing=0,
    ema_decay=0,
    n_members=1,
    standardize=False,
    warmup_steps=0,
)
REFERENCE = MLPClassifier((256,))
DEFAULTS = ScratchMLPClassifier(), MLPClassifier()
# the row of a seed: the measures of ours, those of the reference, the ratio of the seconds
COLUMNS = ("accuracy", "log-loss", "s", "`{}`: accuracy", "log-loss", "s", "× time")
FORMATS = ("{:.4f}", "{:.4f}", "{:.1f}", "{:.4f}", "{:.4f}", "{:.1f}", "{:.2f}")


def arrays(folder, name, n_rows=None):
    """Return the first rows of a file: X from 0 to 1 in float32, and y."""
    packed, plain = Path(folder, f"{name}.csv.gz"), Path(folder, f"{name}.csv")
    X, y = load_mnist_csv(packed if packed.exists() else plain, return_X_y=True)
    return X[:n_rows].astype(np.float32) / 255, y[:n_rows]


def measures(model, seed, train, test):
    """Return the test accuracy and log-loss of a new fit, and the seconds that it took."""
    model = clone(model).set_params(random_state=seed)
    seconds = fit_seconds(model, *train)
    X, y = test
    return model.score(X, y), log_loss(y, model.predict_proba(X)), seconds


def numbers(models, seed, train, test):
    """Return the row of a seed, in the order of COLUMNS."""
    (*ours, seconds), (*others, its_seconds) = (measures(m, seed, train, test) for m in models)
    return *ours, seconds, *others, its_seconds, seconds / its_seconds


def markdown(label, cells):
    """Return a row of the table."""
    return f"| {label} | {' | '.join(cells)} |"


def summary(rows):
    """Return the row of means, with standard deviations if there are several rows."""
    cells = []
    for form, values in zip(FORMATS, zip(*rows, strict=True), strict=True):
        spread = f" ± {form.format(stdev(values))}" if len(values) > 1 else ""
        cells.append(form.format(mean(values)) + spread)
    return markdown("mean", cells)


def main(argv=None):
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--defaults", action="store_true", help="both models with their defaults")
    parser.add_argument("--rows", type=int, help="train on that many rows instead of all")
    options = parser.parse_args(argv)
    train = arrays(options.folder, "mnist_train", options.rows)
    test = arrays(options.folder, "mnist_test")
    print(heading(len(os.sched_getaffinity(0))))
    models = DEFAULTS if options.defaults else (LINE, REFERENCE)
    print(markdown("seed", [column.format(models[1]) for column in COLUMNS]))
    print("|---" * (1 + len(COLUMNS)) + "|")
    rows = []
    for seed in range(options.seeds):
        rows.append(numbers(models, seed, train, test))
        cells = [form.format(value) for form, value in zip(FORMATS, rows[-1], strict=True)]
        print(markdown(seed, cells), flush=True)
    print(summary(rows))


if __name__ == "__main__":
    with warnings.catch_warnings():
        # both end at max_iter on purpose; LINE ends with its schedule
        warnings.simplefilter("ignore", ConvergenceWarning)
        main()
