"""Models in files while training goes on."""

import errno
import os

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skscratch.callbacks import EarlyStopping, ModelCheckpoint

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Copies:
    """Keeps what the file holds after every epoch; to be set after the one that writes it."""

    def __init__(self, path):
        self.path, self.models = path, []

    def setup(self, estimator, context):
        """Do nothing."""

    def teardown(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context):
        if context.task_name != "fit":
            self.models.append(joblib.load(self.path) if os.path.exists(self.path) else None)


def test_each_epoch_is_a_model_that_might_have_been_the_last(data, small, tmp_path):
    X, y = data[:2]
    path = tmp_path / "model.joblib"
    copies = Copies(path)
    model = small().set_callbacks(ModelCheckpoint(path), copies).fit(X, y)
    for n, saved in enumerate(copies.models, start=1):
        short = small(max_iter=n).fit(X, y)
        assert_array_equal(saved.predict_proba(X), short.predict_proba(X))
        assert saved.n_iter_ == n
        assert_array_equal(saved.loss_curve_, short.loss_curve_)
    assert n == 6
    final = joblib.load(path)
    assert_array_equal(final.predict_proba(X), model.predict_proba(X))
    assert os.listdir(tmp_path) == ["model.joblib"]


def test_what_is_saved_has_no_callbacks_and_still_learns(data, small, tmp_path):
    X, y = data[:2]
    path = tmp_path / "model.joblib"
    model = small(warm_start=True).set_callbacks(ModelCheckpoint(path)).fit(X, y)
    saved = joblib.load(path)
    assert not [name for name in vars(saved) if "callback" in name]
    assert hasattr(model, "_skl_callbacks")
    model.set_callbacks()
    assert_array_equal(saved.fit(X, y).coefs_[0], model.fit(X, y).coefs_[0])


def test_every_other_epoch(data, small, tmp_path):
    path = tmp_path / "model.joblib"
    copies = Copies(path)
    model = small(max_iter=5).set_callbacks(ModelCheckpoint(path, every=2), copies)
    model.fit(*data[:2])
    assert [saved and saved.n_iter_ for saved in copies.models] == [None, 2, 2, 4, 4]
    assert joblib.load(path).n_iter_ == 5


@pytest.mark.parametrize("n_members", [1, 4])
def test_with_a_monitor_the_file_is_the_best(data, small, tmp_path, n_members):
    X, y, X_val, y_val = data
    path = tmp_path / "model.joblib"
    params = {"learning_rate_init": 0.1, "n_iter_no_change": 1000, "n_members": n_members}
    model = small(max_iter=60, **params)
    model.set_callbacks(ModelCheckpoint(path, monitor="validation_loss"))
    model.fit(X, y, X_val=X_val, y_val=y_val)
    saved, losses = joblib.load(path), model.history_["validation_loss"]
    n = len(losses) - np.argmin(losses[::-1])
    assert saved.n_iter_ == n < 60, "otherwise the test tells nothing"
    best = clone(model).set_callbacks().set_params(max_iter=n).fit(X, y)
    assert_array_equal(saved.predict_proba(X), best.predict_proba(X))


def test_a_refit_is_not_compared_with_the_search(data, small, tmp_path):
    """Its loss is that of other rows."""
    path = tmp_path / "model.joblib"
    model = small(early_stopping=True, refit=True, max_iter=10, learning_rate_init=0.02)
    model.set_callbacks(ModelCheckpoint(path, monitor="loss")).fit(*data[:2])
    losses = model.history_["loss"]
    assert losses[10:].min() < losses[:10].min(), "otherwise the test tells nothing"
    assert joblib.load(path).n_iter_ == 1 + np.argmin(losses[:10])


def test_a_fit_that_ends_early_leaves_its_last_model(data, small, tmp_path):
    path = tmp_path / "model.joblib"
    callbacks = EarlyStopping("loss", target=1.0), ModelCheckpoint(path)
    model = small(max_iter=100).set_callbacks(*callbacks).fit(*data[:2])
    assert joblib.load(path).n_iter_ == model.n_iter_ < 100


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_in_a_search_every_fit_has_its_own_file(data, small, tmp_path, n_jobs):
    X, y = data[:2]
    model = small(max_iter=2).set_callbacks(ModelCheckpoint(tmp_path / "model.joblib"))
    search = GridSearchCV(model, {"alpha": [0, 1]}, cv=3, n_jobs=n_jobs).fit(X, y)
    names = sorted(os.listdir(tmp_path))
    assert len(names) == 7
    models = [joblib.load(tmp_path / name) for name in names]
    predictions = search.best_estimator_.predict_proba(X)
    found = [(model.predict_proba(X) == predictions).all() for model in models]
    assert sum(found) == 1
    assert len({model.coefs_[0].tobytes() for model in models}) == 7


def test_a_disk_that_is_full_does_not_end_training(data, small, tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "model.joblib"
    path.write_bytes(b"what was there")
    monkeypatch.setattr("os.replace", fail)
    with pytest.warns(UserWarning, match="No space left on device. Training continues"):
        model = small().set_callbacks(ModelCheckpoint(path)).fit(*data[:2])
    assert model.n_iter_ == 6
    assert path.read_bytes() == b"what was there"
    assert os.listdir(tmp_path) == ["model.joblib"]


def test_what_it_cannot_use_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"every must be an int of at least 1\. Got 0"):
        ModelCheckpoint(tmp_path / "model", every=0)
    for path in (tmp_path / "missing" / "model", tmp_path, f"{tmp_path}/a\0b", ""):
        with pytest.raises(ValueError, match=r"path=.* must be a file in a folder that exists"):
            ModelCheckpoint(path)
    with pytest.raises(ValueError, match="monitor must be one of"):
        ModelCheckpoint(tmp_path / "model", monitor="accuracy")
