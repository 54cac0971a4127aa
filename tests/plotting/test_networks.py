"""Which network is found in what."""

import pytest
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch.plotting._networks import find_network

GRID = {"scratchmlpclassifier__alpha": [0, 1]}


def test_a_network_is_itself(fitted):
    assert find_network(fitted, "history_") is fitted


def test_scikit_learns_has_weights_too(data):
    model = MLPClassifier((3,), solver="lbfgs", tol=1, random_state=0).fit(*data)
    assert find_network(model, "coefs_") is model
    with pytest.raises(TypeError, match="Got a MLPClassifier"):
        find_network(model, "history_")


def test_the_last_step_of_a_pipeline(data, small):
    pipe = make_pipeline(StandardScaler(), make_pipeline(PCA(3), small())).fit(*data)
    assert find_network(pipe, "coefs_") is pipe[-1][-1]


def test_the_best_of_a_search(data, small):
    search = GridSearchCV(make_pipeline(StandardScaler(), small()), GRID, cv=2).fit(*data)
    assert find_network(search, "history_") is search.best_estimator_[-1]


def test_a_search_without_refit_has_none(data, small):
    search = GridSearchCV(small(), {"alpha": [0, 1]}, cv=2, refit=False).fit(*data)
    with pytest.raises(TypeError, match=r"best_estimator_\. Got a GridSearchCV\."):
        find_network(search, "history_")


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(StandardScaler(), m)])
def test_what_is_not_fitted_is_refused(small, wrap):
    with pytest.raises(NotFittedError):
        find_network(wrap(small()), "coefs_")


def test_what_is_no_network_is_refused_by_name(data):
    pipe = make_pipeline(StandardScaler(), DummyClassifier()).fit(*data)
    with pytest.raises(TypeError, match="Got a Pipeline around a DummyClassifier"):
        find_network(pipe, "coefs_")


def test_a_class_is_no_estimator(fitted):
    with pytest.raises(TypeError, match="class"):
        find_network(type(fitted), "coefs_")
