"""Regressors of every release load, predict as they did then, and go on learning.

``test_released_models`` tests their checkpoints.
"""

import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, InconsistentVersionWarning

from skscratch import __version__
from tests.estimators.released import make_regressors as make

RELEASED = Path(__file__).parent / "released"
FILES = sorted(RELEASED.glob("*/regressors/*.joblib"))


def named(path):
    return f"{path.parts[-3]} {path.stem}"


@pytest.fixture
def load():
    def loaded(path):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # scikit-learn's for its steps of a pipeline, and ours, where the release is another one
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            return joblib.load(path)

    return loaded


def answers(path):
    with np.load(path.parent / "answers.npz") as saved:
        return saved[path.stem]


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_released_regressor_still_works(path, load):
    model, expected, X = load(path), answers(path), make.inputs(path.stem)
    tolerance = 1e-5 if path.stem == "squared" else 1e-9  # other machines round otherwise
    errors = abs(model.predict(X[::10]) - expected)
    assert (errors <= tolerance * np.ptp(expected, axis=0)).all()
    network, y = model[-1] if path.stem == "pipeline" else model, make.targets(path.stem)
    before, loss = network.score(X, y), network.loss_
    if network.solver != "lbfgs":
        network.set_params(learning_rate_init=0.003)
        assert network.partial_fit(X, y).n_iter_ > 1
        # it goes on from where it was, on the scale that it had
        assert abs(network.score(X, y) - before) < 0.3 * (1 - before)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.set_params(warm_start=True, max_iter=30, n_members=1).fit(X, y)
        assert network.loss_ < loss


# a stream was never fitted
REFITTED = [path for path in FILES if path.stem != "stream"]


@pytest.mark.parametrize("path", REFITTED, ids=named)
def test_it_is_fitted_again_as_it_was(path, load):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        again = clone(load(path)).fit(make.inputs(path.stem), make.targets(path.stem))
    expected = answers(path)
    errors = abs(again.predict(make.inputs(path.stem)[::10]) - expected)
    assert (errors < 1e-3 * np.ptp(expected, axis=0)).all()


def test_there_are_regressors_of_this_release():
    """A release without files could not be checked by the next one."""
    of_this = RELEASED / __version__ / "regressors"
    assert {path.parent for path in FILES} >= {of_this}, (
        "run python -m tests.estimators.released.make_regressors"
    )
    assert len([path for path in FILES if path.parent == of_this]) == 9
    assert len([*of_this.glob("*.checkpoint")]) == 3
