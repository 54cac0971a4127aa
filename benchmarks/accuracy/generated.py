"""Data sets drawn from formulas: shapes that a network may have to find, and pure noise."""

import numpy as np
import pandas as pd
from sklearn import datasets

__all__ = ["CLASSES", "NUMBERS"]


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


def numbers_of_noise():
    """Return features and targets that are independent of each other."""
    rng = np.random.default_rng(7)
    return rng.normal(size=(400, 20)), rng.normal(size=400)


def heavy_tail():
    """Return amounts with a log-normal distribution."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(2000, 8))
    return X, np.exp(1.2 * X[:, 0] + 0.6 * np.sin(2 * X[:, 1]) + 0.6 * rng.normal(size=2000))


def steps():
    """Return targets that jump where features cross thresholds."""
    rng = np.random.default_rng(7)
    X = rng.uniform(size=(3000, 6))
    y = np.floor(4 * X[:, 0]) * (X[:, 1] > 0.5) + 2 * (X[:, 2] > 0.7)
    return X, y + 0.1 * rng.normal(size=3000)


def outliers():
    """Return targets with noise that has no variance: Student's t with 1.5 degrees of freedom."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(1000, 10))
    return X, X[:, 0] * X[:, 1] + X[:, 2] + 0.3 * rng.standard_t(1.5, size=1000)


def polynomial():
    """Return a polynomial of three features, without noise."""
    X = np.random.default_rng(7).uniform(-1, 1, (800, 5))
    return X, X[:, 0] ** 3 - 2 * X[:, 1] * X[:, 2]


DRAWN_CLASSES = {
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
DRAWN_NUMBERS = {
    "friedman 1": lambda: datasets.make_friedman1(2000, noise=1, random_state=7),
    "friedman 2": lambda: datasets.make_friedman2(1000, noise=50, random_state=7),
    "friedman 3": lambda: datasets.make_friedman3(500, noise=0.1, random_state=7),
    "wide": lambda: datasets.make_regression(200, 300, n_informative=10, noise=10, random_state=7),
    "linear": lambda: datasets.make_regression(1500, 30, n_informative=8, noise=20, random_state=7),
    "tiny": lambda: datasets.make_friedman1(60, n_features=6, noise=0.5, random_state=7),
    "heavy tail": heavy_tail,
    "steps": steps,
    "outliers": outliers,
    "polynomial": polynomial,
    "noise": numbers_of_noise,
}


def frame(draw):
    """Return a table with the labels or numbers in the column "target"."""
    X, y = draw()
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]).assign(target=y)


CLASSES, NUMBERS = (
    {name: lambda draw=draw: frame(draw) for name, draw in draws.items()}
    for draws in (DRAWN_CLASSES, DRAWN_NUMBERS)
)
