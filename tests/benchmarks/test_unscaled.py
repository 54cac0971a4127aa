"""The benchmark of forgotten scalers."""

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from benchmarks import unscaled


class Neighbours(KNeighborsClassifier):
    """Takes a seed and has no use for it."""

    def __init__(self, random_state=None):
        super().__init__()
        self.random_state = random_state


def test_a_classifier_that_measures_distances_loses_without_the_scaler():
    X, y = load_wine(return_X_y=True)
    scaled, raw = unscaled.accuracies(Neighbours, X, y, n_seeds=2)
    assert scaled > raw + 0.1
    folds = [StratifiedKFold(5, shuffle=True, random_state=seed) for seed in range(2)]
    expected = [cross_val_score(KNeighborsClassifier(), X, y, cv=cv).mean() for cv in folds]
    np.testing.assert_allclose(raw, np.mean(expected))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.exhaustive] * (name != "wine"))
        for name in unscaled.SETS
        if name != "digits"  # takes its time
    ],
)
def test_the_defaults_lose_little(name):
    load, factor = unscaled.SETS[name]
    X, y = load(return_X_y=True)
    scaled, raw = unscaled.accuracies(unscaled.ScratchMLPClassifier, factor * X, y, 1)
    assert raw > scaled - 0.02
