"""Saved and loaded: the same predictions, and a model that still learns."""

import copy
import io
import os
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASS_PATH = ("skscratch.estimators._classifier", "ScratchMLPClassifier")


def through_joblib(**params):
    def copied(model, folder):
        joblib.dump(model, folder / "model.joblib")
        return joblib.load(folder / "model.joblib", **params)

    return copied


ROUND_TRIPS = {
    "pickle": lambda model, folder: pickle.loads(pickle.dumps(model)),
    "oldest protocol": lambda model, folder: pickle.loads(pickle.dumps(model, protocol=2)),
    "deepcopy": lambda model, folder: copy.deepcopy(model),
    "joblib": through_joblib(),
    "joblib mapped": through_joblib(mmap_mode="r"),
    "joblib mapped, copy on write": through_joblib(mmap_mode="c"),
}
round_trips = pytest.mark.parametrize("round_trip", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
solvers = pytest.mark.parametrize("solver", ["sgd", "adam"])


@pytest.mark.pairwise
@round_trips
@solvers
def test_it_predicts_and_still_learns(task, round_trip, solver, tmp_path, small):
    X, y = task
    model = small(solver=solver, learning_rate_init=0.05, max_iter=30).fit(X, y)
    loaded = round_trip(model, tmp_path)
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    before, loss = [W.copy() for W in loaded.coefs_], loaded.loss_
    assert loaded.partial_fit(X, y).loss_ < loss + 1e-3, "it must go on, not start anew"
    for _ in range(20):
        loaded.partial_fit(X, y)
    assert loaded.loss_ < loss - 1e-3
    assert all((old != W).any() for W, old in zip(loaded.coefs_, before, strict=True))
    assert_array_equal(model.coefs_[0], before[0])


@round_trips
def test_a_warm_start_goes_on(binary, round_trip, tmp_path, small):
    params = {"warm_start": True, "batch_size": 16, "tol": 0, "n_iter_no_change": 1000}
    model = small(**params).fit(*binary)
    loaded = round_trip(model, tmp_path)
    assert loaded.fit(*binary).loss_curve_ == model.fit(*binary).loss_curve_
    assert_array_equal(loaded.coefs_[0], model.coefs_[0])


@pytest.mark.pairwise
@round_trips
@solvers
def test_a_stream_of_calls_goes_on_where_it_was(task, round_trip, solver, tmp_path, small):
    X, y = task
    model = small(solver=solver, batch_size=16)
    classes = np.arange(3) if y.ndim == 2 else np.unique(y)
    for _ in range(3):
        model.partial_fit(X, y, classes=classes)
    loaded = round_trip(model, tmp_path)
    for _ in range(3):
        model.partial_fit(X, y)
        loaded.partial_fit(X, y)
    assert_array_equal(loaded.coefs_[0], model.coefs_[0])
    assert loaded.loss_curve_ == model.loss_curve_


def test_a_fresh_process_predicts_the_same(multiclass, tmp_path, small):
    X, y = multiclass
    model = small().fit(X, np.array(["ant", "bee", "cow"])[y])
    joblib.dump((model, X), tmp_path / "model.joblib")
    script = (
        "import joblib, numpy, sys\n"
        "model, X = joblib.load(sys.argv[1])\n"
        "numpy.savez(sys.argv[2], labels=model.predict(X), proba=model.predict_proba(X))\n"
        "model.partial_fit(X, model.predict(X))\n"
    )
    subprocess.run(
        [sys.executable, "-c", script, tmp_path / "model.joblib", tmp_path / "out.npz"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    with np.load(tmp_path / "out.npz") as out:
        assert_array_equal(out["labels"], model.predict(X))
        assert_array_equal(out["proba"], model.predict_proba(X))


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
def test_a_fitted_model_is_hardly_larger_than_its_weights(params, small):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 200)), np.arange(60) % 3
    model = small(hidden_layer_sizes=(100,), **params).fit(X, y)
    n_bytes = sum(array.nbytes for array in model.coefs_ + model.intercepts_)
    assert n_bytes < len(pickle.dumps(model)) <= 1.2 * n_bytes + 8192


def test_calls_without_end_do_not_make_it_grow_without_end(binary, small):
    """The last 200 epochs are remembered; later only counters take more digits."""
    X, y = binary
    model, sizes = small().partial_fit(X, y, classes=[0, 1]), []
    for _ in range(3):
        for _ in range(300):
            model.partial_fit(X, y)
        sizes.append(len(pickle.dumps(model)))
    assert max(sizes) - min(sizes) <= 16
    assert len(model.loss_curve_) == 200
    assert model.n_iter_ == 901


def test_optimizer_state_can_be_dropped(binary, small):
    X, y = binary
    model = small(hidden_layer_sizes=(500,), warm_start=True).fit(X, y)
    n_bytes = sum(array.nbytes for array in model.coefs_ + model.intercepts_)
    assert len(pickle.dumps(model)) > 3 * n_bytes
    before = model.predict_proba(X)
    assert model.drop_optimizer_state() is model
    assert len(pickle.dumps(model)) <= 1.2 * n_bytes + 8192
    assert_array_equal(model.predict_proba(X), before)
    assert model.fit(X, y).n_iter_ == 30


class Recorder(pickle.Unpickler):
    """Unpickles, and keeps the path of every class and function that it needs."""

    def __init__(self, data):
        super().__init__(io.BytesIO(data))
        self.paths = set()

    def find_class(self, module, name):
        self.paths.add((module, name))
        return super().find_class(module, name)


@pytest.mark.parametrize(
    "params",
    [{}, {"early_stopping": True}, {"solver": "lbfgs"}, {"warm_start": True}, {"partial": True}],
    ids=str,
)
def test_the_only_class_of_ours_in_a_file(task, params, small):
    """Its path is part of the file format: it may never change."""
    X, y = task
    params = dict(params)
    if params.pop("partial", False):
        model = small().partial_fit(X, y, classes=np.arange(3) if y.ndim == 2 else np.unique(y))
    else:
        model = small(**params).fit(X, y)
    recorder = Recorder(pickle.dumps(model))
    recorder.load()
    assert {path for path in recorder.paths if path[0].startswith("skscratch")} == {CLASS_PATH}
    foreign = {module.split(".")[0] for module, _ in recorder.paths} - {"skscratch"}
    assert foreign <= {"numpy", "builtins", "_codecs"}


@pytest.mark.parametrize("estimator", [ScratchMLPClassifier, ScratchMLPRegressor])
def test_a_copy_has_no_attribute_that_the_original_lacks(estimator):
    """A parameter of the other estimator, for instance."""
    model = estimator()
    assert [*vars(copy.deepcopy(model))] == [*vars(model)]
    assert joblib.hash(copy.deepcopy(model)) == joblib.hash(model)
