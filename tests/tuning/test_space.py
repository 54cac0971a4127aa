"""Spaces of parameters: every name is a parameter, and every value is accepted."""

import inspect
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.search import compared
from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.tuning import Layers, _space, search_space

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("estimator", [ScratchMLPClassifier, ScratchMLPRegressor])
def test_every_value_is_accepted(estimator, size):
    space = search_space(estimator(), size)
    for params in ParameterSampler(space, 15, random_state=0):
        model = estimator(max_iter=1, random_state=0).set_params(**params)
        assert model.fit(X, Y).n_iter_ == 1


def test_the_large_space_contains_the_small_one():
    small, large = (search_space(ScratchMLPClassifier(), size) for size in ("small", "large"))
    assert {*small} < {*large}
    assert {"alpha", "hidden_layer_sizes__depth", "hidden_layer_sizes__width"} <= {*small}
    assert {"dropout", "weight_decay", "batch_size"} <= {*large} - {*small}


def test_the_defaults_are_in_the_space():
    """A search can end where it began, but for the second layer's width."""
    space, default = search_space(ScratchMLPClassifier(), "large"), ScratchMLPClassifier()
    for name in ("activation", "ema_decay", "n_members"):
        assert getattr(default, name) in space[name]
    assert space["alpha"].cdf(1) == pytest.approx(0.5, abs=0.01)
    assert space["learning_rate_init"].cdf(0.01) == pytest.approx(0.52, abs=0.01)
    assert 256 in space["hidden_layer_sizes__width"]


def test_every_line_has_its_reason():
    lines = inspect.getsource(_space.search_space).splitlines()
    entries = [i for i, line in enumerate(lines) if re.match(r'\s+(space\[)?"\w+"(\])?[:=] ', line)]
    assert len(entries) >= 10
    for i in entries:
        assert lines[i - 1].strip().startswith("#"), lines[i]


def test_names_have_the_prefix_of_the_step():
    pipeline = make_pipeline(StandardScaler(), ScratchMLPClassifier(max_iter=3, random_state=0))
    space = search_space(pipeline)
    assert all(name.startswith("scratchmlpclassifier__") for name in space)
    search = RandomizedSearchCV(pipeline, space, n_iter=2, cv=2, random_state=0).fit(X, Y)
    assert {*search.best_params_} == {*space}
    assert isinstance(search.best_estimator_[-1].hidden_layer_sizes, Layers)


def test_an_estimator_with_layers_keeps_its_own():
    assert "hidden_layer_sizes" in search_space(ScratchMLPClassifier())
    model = ScratchMLPClassifier(Layers(multiple=10))
    space = search_space(model)
    assert "hidden_layer_sizes" not in space
    sampled = clone(model).set_params(**next(iter(ParameterSampler(space, 1, random_state=0))))
    assert sampled.hidden_layer_sizes.multiple == 10


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"size must be one of \['small', 'large'\]\. Got 'huge'"):
        search_space(ScratchMLPClassifier(), "huge")
    for estimator in (StandardScaler(), "network", make_pipeline(StandardScaler())):
        with pytest.raises(ValueError, match="contain exactly one"):
            search_space(estimator)


def test_the_benchmark_returns_losses_of_both():
    import pandas as pd

    losses = compared(pd.DataFrame(X), Y, 1, "small")
    assert losses.shape == (3, 2)
    assert (losses < np.log(3)).all()
