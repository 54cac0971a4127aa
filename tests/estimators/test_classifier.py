"""The class itself: its signature, its documentation, what predictions leave alone."""

import copy
import inspect
import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from skscratch import ScratchMLPClassifier

PREDICTIONS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]


@pytest.fixture(scope="module")
def fitted():
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    return ScratchMLPClassifier((5,), solver="lbfgs", alpha=1, random_state=0).fit(X, y), X


def section(name):
    """Return the names that a section of the class's docstring describes."""
    doc = inspect.getdoc(ScratchMLPClassifier)
    text = re.search(rf"{name}\n-+\n(.*?)(\n\n[A-Z]|\Z)", doc, re.DOTALL).group(1)
    heads = re.findall(r"^(\w[\w, ]*) :", text, re.MULTILINE)
    return {name.strip() for head in heads for name in head.split(",")}


def test_every_parameter_is_documented_and_all_but_the_first_are_keywords():
    parameters = inspect.signature(ScratchMLPClassifier).parameters
    assert section("Parameters") == {*parameters}
    kinds = [parameter.kind for parameter in parameters.values()]
    assert kinds[0] is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert {*kinds[1:]} == {inspect.Parameter.KEYWORD_ONLY}


def test_every_fitted_attribute_is_documented(fitted):
    model, _ = fitted
    public = {name for name in vars(model) if name.endswith("_")}
    assert section("Attributes") == public | {"feature_names_in_"}


def test_parameters_come_in_the_order_of_scikit_learns():
    theirs = inspect.signature(MLPClassifier).parameters
    ours = [name for name in inspect.signature(ScratchMLPClassifier).parameters if name in theirs]
    assert ours == [*theirs]


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
    np.testing.assert_allclose(np.log(p), model.predict_log_proba(X), rtol=1e-9, atol=1e-12)
    z = model.decision_function(X)
    np.testing.assert_allclose(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), p, rtol=1e-9)
