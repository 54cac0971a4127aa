"""A saved model names its version, and warns where another version loads it."""

import copy
import pickle
import warnings

import joblib
import pytest
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning

from skscratch import ScratchMLPClassifier, __version__
from skscratch.estimators import _fitted


@pytest.fixture
def model(binary, small):
    return small(solver="lbfgs", tol=0.1).fit(*binary)


def test_the_version_is_in_the_file_and_not_on_the_model(model):
    assert model.__getstate__()["_skscratch_version"] == __version__
    loaded = pickle.loads(pickle.dumps(model))
    assert vars(loaded).keys() == vars(model).keys()
    assert "_skscratch_version" not in vars(loaded)


@pytest.mark.parametrize("there", ["0.0.9", "99.0.0"])
def test_another_version_warns_and_names_both(model, tmp_path, monkeypatch, there):
    monkeypatch.setattr(_fitted, "__version__", there)
    joblib.dump(model, tmp_path / "model.joblib")
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning) as caught:
        loaded = joblib.load(tmp_path / "model.joblib")
    (warning,) = caught
    message = str(warning.message)
    assert all(word in message for word in ("skscratch.ScratchMLP", there, __version__))
    assert loaded.n_iter_ == model.n_iter_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pickle.loads(pickle.dumps(loaded))


def test_a_file_without_a_version_warns(model):
    with pytest.warns(InconsistentVersionWarning, match="from version unknown"):
        ScratchMLPClassifier().__setstate__(vars(model))


def test_copies_are_quiet_and_share_what_copies_share(model):
    assert copy.copy(model).coefs_ is model.coefs_
    assert copy.deepcopy(model).coefs_[0] is not model.coefs_[0]
    assert clone(model).get_params() == model.get_params()


def test_what_lives_during_a_fit_is_not_saved(model):
    model._callback_fit_ctx = model._parent_callback_ctx = lambda: "cannot be pickled"
    model._skl_callbacks_to_teardown = []
    loaded = pickle.loads(pickle.dumps(model))
    assert not [name for name in vars(loaded) if "callback" in name]
    assert hasattr(model, "_callback_fit_ctx"), "the model itself is left alone"
