"""Callbacks come with scikit-learn 1.9; a small problem to train on."""

import numpy as np
import pytest

from skscratch import ScratchMLPClassifier


@pytest.fixture(autouse=True)
def _callbacks_exist():
    pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")


@pytest.fixture
def data():
    """X (90, 5), y in three classes, noisy, and a validation set of 30 rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 5))
    y = (X @ rng.normal(size=(5, 3)) + 0.5 * rng.normal(size=(120, 3))).argmax(axis=1)
    return X[:90], y[:90], X[90:], y[90:]


@pytest.fixture
def small():
    """Return a small, quick, reproducible model, trained on all rows; keywords override."""

    def build(**params):
        settings = {
            "hidden_layer_sizes": (8,),
            "max_iter": 6,
            "tol": 0,
            "random_state": 0,
            "alpha": 0.0001,
            "learning_rate_init": 0.001,
            "ema_decay": 0.0,
            "early_stopping": False,
            "temperature_scaling": False,
        }
        if params.get("solver") == "lbfgs":
            del settings["learning_rate_init"]  # it has no use for it
        return ScratchMLPClassifier(**{**settings, **params})

    return build
