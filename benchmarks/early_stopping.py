"""The cost of early stopping on small data, here and in ``MLPClassifier``.

    python -m benchmarks.early_stopping [--seeds 5]

The table shows accuracy in 5-fold cross-validation, with scaled features and otherwise default
parameters. The defaults stop early, and each member has its own validation rows. The two variants
with one network also stop early, with one set of validation rows.
"""

import argparse
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier

__all__ = ["accuracy"]

MODELS = {
    "no stopping": (ScratchMLPClassifier, {"early_stopping": False}),
    "the defaults": (ScratchMLPClassifier, {}),
    "one network": (ScratchMLPClassifier, {"n_members": 1}),
    "one, `refit`": (ScratchMLPClassifier, {"refit": True}),
    "`MLPClassifier`": (MLPClassifier, {}),
    "its `early_stopping`": (MLPClassifier, {"early_stopping": True}),
}
LOADERS = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer}


def accuracy(kind, params, X, y, n_seeds):
    """Return the mean accuracy over folds and seeds."""
    scores = []
    for seed in range(n_seeds):
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        model = make_pipeline(StandardScaler(), kind(random_state=seed, **params))
        scores.append(cross_val_score(model, X, y, cv=folds).mean())
    return np.mean(scores)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    n_seeds = parser.parse_args().seeds
    print("| |", " | ".join(MODELS), "|")
    print("|---" * (len(MODELS) + 1) + "|")
    for name, load in LOADERS.items():
        X, y = load(return_X_y=True)
        row = [f"{accuracy(*model, X, y, n_seeds):.3f}" for model in MODELS.values()]
        print("|", name, "|", " | ".join(row), "|", flush=True)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        main()
