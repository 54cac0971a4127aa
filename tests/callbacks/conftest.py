"""Callbacks come with scikit-learn 1.9; a small problem to train on."""

from functools import partial

import numpy as np
import pytest

from tests.models import USUAL, small


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


@pytest.fixture(name="small")
def _small():
    """Return a small model, trained for six epochs on all rows; keywords override."""
    return partial(small, max_iter=6, tol=0, batch_size="auto", **USUAL)
