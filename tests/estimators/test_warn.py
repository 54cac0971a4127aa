"""Every warning points at the user's line."""

import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch._warnings import warn

STAYS_AT_ZERO = {"learning_rate": "cosine", "warm_start": True, "decay_steps": 2}
CALLS = {
    "out of epochs": ({"max_iter": 2}, ConvergenceWarning),
    "L-BFGS": ({"max_iter": 2, "solver": "lbfgs"}, ConvergenceWarning),
    "unused": ({"max_fun": 2, "learning_rate": "cosine"}, UserWarning),
    "no rate left": (STAYS_AT_ZERO, UserWarning),
}


def files(caught, category):
    return {w.filename for w in caught if w.category is category}


@pytest.mark.parametrize(("params", "category"), CALLS.values(), ids=CALLS)
def test_of_a_fit(params, category, binary, small):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        small(**params).fit(*binary).fit(*binary)
    assert files(caught, category) == {__file__}


def test_of_a_fit_inside_scikit_learn(binary, small):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make_pipeline(StandardScaler(), small(max_iter=2)).fit(*binary)
    assert files(caught, ConvergenceWarning) == {__file__}


def test_of_a_search_it_does_not_come_from_this_package(binary, small):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cross_validate(small(max_iter=2), *binary, cv=2)
    (file,) = files(caught, ConvergenceWarning)
    assert "skscratch" not in file.replace(__file__, "")


def test_called_from_outside_it_is_where_it_was_called():
    with pytest.warns(UserWarning, match="careful") as caught:
        warn("careful")
    assert files(caught, UserWarning) == {__file__}
