"""Errors of floats: those of ours harm nobody, and the user's settings are the user's."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from skscratch._warnings import for_users, quiet

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RAISE = dict.fromkeys(("divide", "over", "under", "invalid"), "raise")
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


@pytest.fixture(autouse=True)
def _all_raise():
    with np.errstate(**RAISE):
        yield
        assert np.geterr() == RAISE


def extreme(X):
    """X with features of all sizes: their products underflow."""
    X = X.copy()
    X[::3, 0], X[1::3, 1] = 1e-300, 5e-324
    return X


@pytest.fixture
def sure(task, small):
    """A model so sure of itself that the probabilities of the other classes underflow."""
    X, y = task
    model = small(solver="lbfgs").fit(X, y)
    model.coefs_ = [1e4 * W for W in model.coefs_]
    with pytest.raises(FloatingPointError), np.errstate(**RAISE):
        np.exp(-np.abs(model.decision_function(X)).max())
    return model


@pytest.mark.parametrize(
    "kind", [np.asarray, csr_array, np.longdouble], ids=["dense", "csr", "long"]
)
@pytest.mark.parametrize("method", METHODS)
def test_predictions(sure, task, method, kind):
    X = extreme(task[0])
    found = getattr(sure, method)(kind(X))
    with np.errstate(all="ignore"):
        assert_array_equal(found, getattr(sure, method)(kind(X)))


def test_the_score(sure, task):
    assert 0 <= sure.score(*task) <= 1


def test_a_denormal_of_another_precision(sure, task):
    sure.coefs_ = [np.full_like(W, 1e-320) for W in sure.coefs_]
    sure.coefs_[0] = np.float32(sure.intercepts_[0][None].repeat(5, 0))
    assert sure.predict(task[0]).shape == task[1].shape


FITS = {
    "default": {},
    "early stopping": {"early_stopping": True, "temperature_scaling": True, "n_members": 2},
    "refit": {"early_stopping": True, "refit": True, "standardize": True},
    "sgd": {"solver": "sgd", "learning_rate": "exponential", "momentum": 0.999, "ema_decay": 0.5},
    "float32": {"dtype": "float32", "standardize": True},
    "lbfgs": {"solver": "lbfgs"},
    "warm": {"warm_start": True},
    "balanced": {"class_weight": "balanced", "early_stopping": True, "scoring": None},
}


@pytest.mark.filterwarnings("ignore:Parameters that this fit does not use")
@pytest.mark.parametrize("params", FITS.values(), ids=FITS)
def test_fits(params, task, small, tmp_path):
    X, y = extreme(task[0]), task[1]
    if params.get("solver") != "lbfgs":
        params = {**params, "checkpoint": tmp_path / "run"}
    model = small(**params).fit(X, y, X_val=None, y_val=None)
    with np.errstate(all="ignore"):
        again = small(**params | {"checkpoint": None}).fit(X, y)
    assert_array_equal(model.coefs_[0], again.coefs_[0])
    if params.get("solver") != "lbfgs":
        model.partial_fit(X, y)


def test_what_the_user_has_written_meets_the_users_settings(multiclass, small):
    seen = []

    def scorer(estimator, X, y):
        seen.append(np.geterr())
        return estimator.score(X, y)

    small(early_stopping=True, scoring=scorer).fit(*multiclass)
    assert seen == [RAISE] * 15


def test_hooks_meet_them_too(multiclass, small):
    pytest.importorskip("sklearn.callback")

    class Watch:
        def __init__(self):
            self.seen = []

        def setup(self, estimator, context):
            self.seen.append(np.geterr())

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            fitted_estimator.predict_proba(extreme(multiclass[0]))
            self.seen.append(np.geterr())

    watch = Watch()
    small(max_iter=3, standardize=True).set_callbacks(watch).fit(
        extreme(multiclass[0]), multiclass[1]
    )
    assert len(watch.seen) > 6
    assert all(seen == RAISE for seen in watch.seen)


def test_our_callbacks(multiclass, small, tmp_path):
    pytest.importorskip("sklearn.callback")
    from skscratch.callbacks import EarlyStopping, ModelCheckpoint, ValidationMonitor

    X, y = extreme(multiclass[0]), multiclass[1]
    callbacks = [
        EarlyStopping("loss", patience=2),
        ModelCheckpoint(tmp_path / "model", monitor="loss"),
        ValidationMonitor(X, y, scoring=["accuracy", "neg_log_loss"]),
    ]
    model = small(standardize=True).set_callbacks(*callbacks).fit(X, y)
    assert model.n_iter_ == 15


def test_settings_are_those_of_before_after_an_error(multiclass, small):
    with pytest.raises(ValueError, match="alpha"):
        small(alpha=-1).fit(*multiclass)
    with pytest.raises(ValueError, match="features"):
        small().fit(*multiclass).predict([[0.0]])
    assert np.geterr() == RAISE


def test_quiet_may_be_nested():
    with quiet():
        with for_users():
            assert np.geterr() == RAISE
            with quiet(), for_users():
                assert np.geterr() == RAISE
        assert set(np.geterr().values()) == {"ignore"}
    with for_users():
        assert np.geterr() == RAISE


def test_saved_and_loaded(sure):
    assert_array_equal(pickle.loads(pickle.dumps(sure)).coefs_[0], sure.coefs_[0])
