"""The cost of a missing scaler, here and in ``MLPClassifier``.

    python -m benchmarks.unscaled [--seeds 3]

The table shows accuracy in 5-fold cross-validation with default parameters. The data are raw wine
and breast cancer, digits times 1000, and all three behind a ``StandardScaler``.
"""

import argparse
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier

__all__ = ["accuracies"]

MODELS = {"`ScratchMLPClassifier`": ScratchMLPClassifier, "`MLPClassifier`": MLPClassifier}
SETS = {
    "wine": (load_wine, 1),
    "breast cancer": (load_breast_cancer, 1),
    "digits": (load_digits, 1000),
}


def accuracies(kind, X, y, n_seeds):
    """Return the mean accuracy over folds and seeds, with and without the scaler."""
    scores = []
    for seed in range(n_seeds):
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        model = kind(random_state=seed)
        scores.append(
            [
                cross_val_score(pipeline, X, y, cv=folds).mean()
                for pipeline in (make_pipeline(StandardScaler(), model), model)
            ]
        )
    return np.mean(scores, axis=0)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    n_seeds = parser.parse_args().seeds
    heads = [f"{model}, {kind}" for model in MODELS for kind in ("scaled", "unscaled")]
    print("| |", " | ".join(heads), "|")
    print("|---" * (len(heads) + 1) + "|")
    for name, (load, factor) in SETS.items():
        X, y = load(return_X_y=True)
        row = [accuracies(kind, factor * X, y, n_seeds) for kind in MODELS.values()]
        print(
            "|", name, "|", " | ".join(f"{value:.3f}" for value in np.ravel(row)), "|", flush=True
        )


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLPClassifier does not converge on unscaled data
        main()
