"""Data sets drawn from formulas: shapes that a network may have to find, and pure noise."""

import numpy as np
import pandas as pd
from sklearn import datasets

__all__ = ["GENERATED"]


def above_median(X, target):
    """Return X, and whether the target is above its median."""
    return X, target > np.median(target)


def parity():
    """Return ten binary features, and whether an odd number of the first four is 1."""
    X = np.random.default_rng(7).integers(0, 2, (3000, 10))
    return X, X[:, :4].sum(axis=1) % 2


def noise():
    """Return features and labels that are independent of each other."""
    rng = np.random.default_rng(7)
    return rng.normal(size=(400, 20)), rng.integers(0, 2, 400)


DRAWS = {
    "sphere": lambda: datasets.make_hastie_10_2(3000, random_state=7),
    "moons": lambda: datasets.make_moons(500, noise=0.3, random_state=7),
    "circles": lambda: datasets.make_circles(300, noise=0.15, factor=0.6, random_state=7),
    "shells": lambda: datasets.make_gaussian_quantiles(
        n_samples=1500, n_features=6, n_classes=3, random_state=7
    ),
    "redundant": lambda: datasets.make_classification(
        1000, 40, n_informative=8, n_redundant=10, n_classes=4, flip_y=0.1, random_state=7
    ),
    "wide": lambda: datasets.make_classification(200, 300, n_informative=10, random_state=7),
    "rare": lambda: datasets.make_classification(
        4000, 15, n_informative=6, weights=[0.95], class_sep=0.8, random_state=7
    ),
    "friedman": lambda: above_median(*datasets.make_friedman1(2000, noise=1, random_state=7)),
    "parity": parity,
    "noise": noise,
}


def frame(draw):
    """Return a table with the label in the column "target"."""
    X, y = draw()
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]).assign(target=y)


GENERATED = {name: lambda draw=draw: frame(draw) for name, draw in DRAWS.items()}
