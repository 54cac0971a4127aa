"""Model files of every release load, answer as they did then, and go on learning."""

import importlib
import shutil
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, InconsistentVersionWarning

from skscratch import ScratchMLPClassifier, __version__
from skscratch.training import checkpoint

pytestmark = pytest.mark.filterwarnings(
    # a value that was a default then is one that somebody has set now
    "ignore:Parameters that this fit does not use.* n_updates_no_change=200",
)
FILES = sorted((Path(__file__).parent / "released").glob("*/*.joblib"))
X, Y = load_iris(return_X_y=True)


def load(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # scikit-learn's for its steps of a pipeline, and ours, where the release is another one
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        return joblib.load(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_a_released_model_still_works(path):
    model = load(path)
    with np.load(path.parent / "answers.npz") as answers:
        expected = answers[path.stem]
    tolerance = 1e-6 if expected.dtype == np.float32 else 1e-12  # other machines round otherwise
    assert_allclose(model.predict_proba(X[::10]), expected, rtol=0, atol=tolerance)
    network = model[-1] if path.stem == "pipeline" else model
    y = (
        np.eye(3, dtype=int)[Y]
        if path.stem == "multilabel"
        else network.classes_[Y % len(network.classes_)]
    )
    assert network.n_members_ == 1
    loss = network.loss_
    if network.solver != "lbfgs":
        assert network.set_params(learning_rate_init=0.01).partial_fit(X, y).n_iter_ > 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.set_params(warm_start=True, max_iter=30).fit(X, y)
        assert network.loss_ < loss


TARGETS = {"binary": Y > 0, "multilabel": np.eye(3, dtype=int)[Y], "lbfgs": Y}
# one averages, and one drops out, which are done otherwise since; the stream was never fitted
REFITTED = [path for path in FILES if path.stem not in ("warm", "multilabel", "stream")]


@pytest.mark.parametrize("path", REFITTED, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_it_is_fitted_again_as_it_was(path):
    """Whatever has come since is off: its parameters say what was done then."""
    model = load(path)
    y = TARGETS.get(path.stem, np.array(["setosa", "versicolor", "virginica"])[Y])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        again = clone(model).fit(X, y)
    with np.load(path.parent / "answers.npz") as answers:
        assert_allclose(again.predict_proba(X[::10]), answers[path.stem], atol=1e-4)


RELEASED = Path(__file__).parent / "released"
CHECKPOINTS = sorted(RELEASED.glob("**/*.checkpoint"))


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_a_fit_of_a_release_goes_on_from_its_checkpoint(path, tmp_path):
    name = "make_regressors" if path.parent.name == "regressors" else "make"
    make = importlib.import_module(f"tests.estimators.released.{name}")
    own = tmp_path / path.name
    shutil.copy(path, own)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = make.begun(own, max_iter=9)
    before = checkpoint.read(path)
    assert model.n_iter_ == 9 == before["state"]["counted"]["n_epochs"] + 3
    assert_array_equal(model.history_["loss"][:6], before["history"]["loss"])
    assert model.history_["loss"][-1] < before["history"]["loss"][-1]


RAW = sorted((Path(__file__).parent / "released").glob("*/raw.begun"))


@pytest.mark.parametrize("path", RAW, ids=lambda path: path.parent.name)
def test_a_fit_goes_on_with_the_scaling_and_the_weights_that_it_began_with(path, tmp_path):
    """The file does not hold the scaling, which has been chosen otherwise since."""
    own = tmp_path / "raw.checkpoint"
    shutil.copy(path, own)
    model = ScratchMLPClassifier(
        (6,), random_state=0, max_iter=12, checkpoint=own, checkpoint_epochs=1,
        n_iter_no_change=1000, n_members=2,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X * [1, 1, 1, 0.1], Y > 0, [1.0, 2.0] * 75)
    assert len(model.loss_curve_) == 12
    # what the version that wrote the file went on to
    assert_allclose(model.loss_curve_[-1], 0.36675566274009636, rtol=1e-12)


def test_there_are_models_of_this_release():
    """A release without files could not be checked by the next one."""
    released = {path.parent.name for path in FILES}
    assert __version__ in released, "run python -m tests.estimators.released.make"
    assert len([path for path in FILES if path.parent.name == __version__]) == 7
    assert len([path for path in CHECKPOINTS if path.parent.name == __version__]) == 4
