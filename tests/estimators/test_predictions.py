"""Predictions: they agree with each other, and leave the estimator alone."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

from skscratch import ScratchMLPClassifier

PREDICTIONS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]


@pytest.fixture(scope="module")
def fitted():
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    return ScratchMLPClassifier((5,), solver="lbfgs", alpha=1, random_state=0).fit(X, y), X


@pytest.mark.parametrize("method", PREDICTIONS)
def test_predictions_write_nothing_and_share_no_memory(fitted, method):
    model, X = fitted
    before, weights = set(vars(model)), copy.deepcopy(model.coefs_)
    first = getattr(model, method)(X)
    expected = first.copy()
    first[...] = first[0]
    assert_array_equal(getattr(model, method)(X), expected)
    assert set(vars(model)) == before
    for now, then in zip(model.coefs_, weights, strict=True):
        assert_array_equal(now, then)


def test_the_four_predictions_agree(fitted):
    model, X = fitted
    p = model.predict_proba(X)
    assert_array_equal(model.classes_[p.argmax(axis=1)], model.predict(X))
    assert_allclose(np.log(p), model.predict_log_proba(X), rtol=1e-9, atol=1e-12)
    z = model.decision_function(X)
    assert_allclose(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), p, rtol=1e-9)


@pytest.mark.parametrize("method", PREDICTIONS)
def test_an_output_that_overflows_is_an_error_and_no_number(fitted, method):
    """In float32 the cast overflows; in float64 the product does."""
    model, X = fitted
    single = ScratchMLPClassifier((5,), solver="lbfgs", alpha=1, random_state=0, dtype="float32")
    single.fit(X, model.predict(X))
    for net, factor in ((single, 1e200), (model, 1e308)):
        with pytest.raises(ValueError, match=r"\bX\b"):
            getattr(net, method)(np.sign(X) * factor)


def test_logits_further_apart_than_floats_reach_are_certain(fitted):
    model, X = copy.deepcopy(fitted)
    model.coefs_[-1][:] = 0
    model.intercepts_[-1][:] = [1.5e308, -1.5e308, 0]
    assert_array_equal(model.predict_proba(X[:1]).round(3), [[1, 0, 0]])
    assert np.isfinite(model.predict_log_proba(X[:1])).all()
