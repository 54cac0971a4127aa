"""Our models as scikit-learn's own, and what takes them then."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skscratch.core.activations import ACTIVATIONS
from skscratch.export import to_sklearn
from tests.export.models import CLASSIFIERS, DIGITS, REGRESSORS, fitted

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
THEIRS = ("identity", "logistic", "tanh", "relu")
DOUBLE = DIGITS.astype(float)


@pytest.mark.parametrize("kind", [kind for kind in CLASSIFIERS if kind != "one class"])
def test_classifiers(kind):
    model = fitted(kind, dtype="float64")
    theirs = to_sklearn(model)
    assert type(theirs) is MLPClassifier
    assert_allclose(theirs.predict_proba(DOUBLE), model.predict_proba(DOUBLE), atol=1e-12)
    assert_array_equal(theirs.predict(DOUBLE), model.predict(DOUBLE))
    assert_array_equal(theirs.classes_, model.classes_)


@pytest.mark.parametrize("kind", [kind for kind in REGRESSORS if kind != "quantiles"])
def test_regressors(kind):
    model = fitted(kind, dtype="float64")
    theirs = to_sklearn(model)
    assert type(theirs) is MLPRegressor
    assert_allclose(theirs.predict(DOUBLE), model.predict(DOUBLE), rtol=1e-10)
    assert theirs.out_activation_ == model.out_activation_


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_that_scikit_learn_has_and_others(activation):
    model = fitted("multiclass", activation=activation)
    if activation not in THEIRS:
        with pytest.raises(ValueError, match=f"The model has \\['{activation}'\\]"):
            to_sklearn(model)
        return
    assert_allclose(to_sklearn(model).predict_proba(DIGITS), model.predict_proba(DIGITS), atol=1e-5)


def test_what_scikit_learn_has_not_is_refused():
    with pytest.raises(ValueError, match="one activation for all hidden layers"):
        to_sklearn(fitted("multiclass", activation=["tanh", "relu"]))
    with pytest.raises(ValueError, match="several levels of quantile"):
        to_sklearn(fitted("quantiles"))
    with pytest.raises(ValueError, match="no network for a single class"):
        to_sklearn(fitted("one class"))


def test_it_shares_no_memory_and_can_be_cloned():
    model = fitted("multiclass")
    before = model.coefs_[0].copy()
    theirs = to_sklearn(model)
    theirs.coefs_[0][:] = 0
    assert_array_equal(model.coefs_[0], before)
    assert clone(theirs).hidden_layer_sizes == (16, 8)
    assert theirs.n_iter_ == model.n_iter_


@pytest.mark.parametrize("name", ["multiclass", "binary", "huber"])
@pytest.mark.parametrize("params", [{}, {"early_stopping": True, "max_iter": 5}], ids=str)
def test_it_can_be_trained_further_with_a_new_optimizer(name, params):
    model = fitted(name, **params)
    y = CLASSIFIERS[name] if name in CLASSIFIERS else REGRESSORS[name][1]
    theirs, other = to_sklearn(model), to_sklearn(model).set_params(warm_start=True, max_iter=1)
    before = [W.copy() for W in theirs.coefs_]
    theirs.partial_fit(DOUBLE, y)
    other.fit(DOUBLE, y)  # a warm start is one with a new optimizer
    for W, expected, start in zip(theirs.coefs_, other.coefs_, before, strict=True):
        assert abs(W - start).max() > 1e-4
        assert_array_equal(W, expected)
    assert (theirs.n_iter_, len(theirs.loss_curve_)) == (other.n_iter_, model.n_iter_ + 1)


@pytest.mark.parametrize("convert", [lambda model: model, to_sklearn], ids=["ours", "to_sklearn"])
def test_emlearn_takes_them(convert, tmp_path, monkeypatch):
    emlearn = pytest.importorskip("emlearn")
    monkeypatch.chdir(tmp_path)  # it writes and compiles files there
    model = fitted("multiclass")
    converted = emlearn.convert(convert(model), kind="MLPClassifier", dtype="float")
    assert np.mean(converted.predict(DIGITS[:100]) == model.predict(DIGITS[:100])) == 1
