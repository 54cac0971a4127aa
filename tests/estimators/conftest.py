"""Small problems and a small model, shared by the tests of the estimator."""

import numpy as np
import pytest

from skscratch.estimators._fitted import continued_state
from skscratch.estimators._settings import resolve
from skscratch.training.state import TrainingState, draw_seed
from tests.models import small

TASKS = ("binary", "multiclass", "multilabel")


def make_task(kind, n_samples=90, n_features=5, seed=0):
    """Noisy linear labels, so that no optimizer reaches a loss of zero."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features))
    scores = X @ rng.normal(size=(n_features, 3)) + rng.normal(size=(n_samples, 3))
    y = {
        "binary": (scores[:, 0] > 0).astype(int),
        "multiclass": scores.argmax(axis=1),
        "multilabel": (scores > 0).astype(int),
    }[kind]
    return X, y


@pytest.fixture(params=TASKS)
def task(request):
    """X (90, 5) and y, once for each kind of target."""
    return make_task(request.param)


@pytest.fixture
def binary():
    return make_task("binary")


@pytest.fixture
def multiclass():
    return make_task("multiclass")


@pytest.fixture
def multilabel():
    return make_task("multilabel")


@pytest.fixture
def clusters():
    """Three well separated classes: codes 0, 1, 2 that any working model learns."""
    rng = np.random.default_rng(1)
    codes = np.tile([0, 1, 2], 30)
    return 4 * np.eye(3)[codes] + rng.normal(size=(90, 3)), codes


@pytest.fixture(name="small", scope="session")
def _small():
    """Return a small, quick, reproducible model; keywords override."""
    return small


@pytest.fixture
def start():
    """Return a function from a model and data to the configuration, the state and the data."""

    def start_fit(
        model, X, y, sample_weight=None, *, validation=(), is_initial=True, is_partial=False
    ):
        data = model._check(X, y, sample_weight, is_initial)
        if validation:
            data = model._check_validation(*validation, data)
        config = resolve(model, data, is_partial=is_partial, is_initial=is_initial)
        if is_initial:
            return config, TrainingState.start(config, data, draw_seed(model.random_state)), data
        return config, continued_state(model, config), data

    return start_fit
