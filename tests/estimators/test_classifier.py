"""The class itself: its signature, its documentation, what predictions leave alone."""

import inspect
import re

import pytest
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from skscratch import ScratchMLPClassifier


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


def test_every_parameter_is_documented_and_all_but_the_first_two_are_keywords():
    parameters = inspect.signature(ScratchMLPClassifier).parameters
    assert section("Parameters") == {*parameters}
    kinds = [parameter.kind for parameter in parameters.values()]
    assert {*kinds[:2]} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert {*kinds[2:]} == {inspect.Parameter.KEYWORD_ONLY}


def test_every_fitted_attribute_is_documented(fitted):
    model, _ = fitted
    public = {
        name for name in {*vars(model), *dir(type(model))} if re.fullmatch(r"[a-z]\w*_", name)
    }
    assert section("Attributes") == public | {"feature_names_in_"}


def test_parameters_come_in_the_order_of_scikit_learns():
    theirs = inspect.signature(MLPClassifier).parameters
    ours = [name for name in inspect.signature(ScratchMLPClassifier).parameters if name in theirs]
    assert ours == [*theirs]
