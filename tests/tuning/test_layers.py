"""The sizes of hidden layers as two integers."""

import pickle
from importlib.util import find_spec

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import loguniform, randint
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import SKOPS_TRUSTED_TYPES, ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.tuning import Layers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
DEPTH, WIDTH = "hidden_layer_sizes__depth", "hidden_layer_sizes__width"


@pytest.mark.parametrize(
    ("params", "sizes"),
    [
        ({}, (256, 256)),
        ({"depth": 0}, ()),
        ({"depth": 1, "width": 32}, (32,)),
        ({"depth": 3, "width": 100}, (96, 96, 96)),
        ({"depth": 1, "width": 3}, (16,)),
        ({"depth": 1, "width": 103.7}, (96,)),
        ({"depth": 1, "width": 105}, (112,)),
        ({"depth": 2, "width": 97, "multiple": 1}, (97, 97)),
        ({"depth": np.int64(1), "width": np.float32(40), "multiple": 20}, (40,)),
    ],
    ids=str,
)
def test_they_are_a_sequence_of_the_sizes(params, sizes):
    layers = Layers(**params)
    assert tuple(layers) == sizes
    assert len(layers) == len(sizes)
    assert_array_equal(np.asarray(layers), np.asarray(sizes))


def test_a_fit_with_them_is_that_with_the_tuple():
    layers = ScratchMLPClassifier(Layers(2, 32), max_iter=4, random_state=0).fit(X, Y)
    sizes = ScratchMLPClassifier((32, 32), max_iter=4, random_state=0).fit(X, Y)
    for ours, theirs in zip(layers.coefs_, sizes.coefs_, strict=True):
        assert_array_equal(ours, theirs)
    assert layers.n_members_ == 2
    linear = ScratchMLPRegressor(hidden_layer_sizes=Layers(0), max_iter=4).fit(X, X[:, 0])
    assert linear.n_layers_ == 2


def test_the_numbers_are_parameters_of_the_estimator():
    model = ScratchMLPClassifier(Layers())
    assert (model.get_params()[DEPTH], model.get_params()[WIDTH]) == (2, 256)
    other = clone(model).set_params(**{DEPTH: 1, WIDTH: 48})
    assert tuple(other.hidden_layer_sizes) == (48,)
    assert tuple(model.hidden_layer_sizes) == (256, 256), "a clone has its own"
    assert repr(other) == "ScratchMLPClassifier(hidden_layer_sizes=Layers(depth=1, width=48))"
    both = ScratchMLPClassifier().set_params(hidden_layer_sizes=Layers(), **{WIDTH: 16})
    assert tuple(both.hidden_layer_sizes) == (16, 16)


@pytest.mark.parametrize("name", ["Randomized", "Grid"])
def test_searches_of_scikit_learn_sample_them(name):
    model = ScratchMLPClassifier(Layers(), max_iter=3, random_state=0)
    if name == "Grid":
        search = GridSearchCV(model, {DEPTH: [1, 2], WIDTH: [16, 32]}, cv=2)
    else:
        space = {DEPTH: randint(1, 3), WIDTH: loguniform(16, 64)}
        search = RandomizedSearchCV(model, space, n_iter=4, cv=2, random_state=0)
    search.fit(X, Y)
    sizes = tuple(Layers(search.best_params_[DEPTH], search.best_params_[WIDTH]))
    assert [len(b) for b in search.best_estimator_.intercepts_[:-1]] == list(sizes)
    assert len({*search.cv_results_[f"param_{WIDTH}"]}) > 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tuner", ["optuna", "skopt"])
def test_other_tuners_sample_them(tuner):
    """Integers with an order, not categories."""
    module = pytest.importorskip(tuner)
    model = ScratchMLPClassifier(Layers(), max_iter=3, random_state=0)
    if tuner == "skopt":
        space = {
            DEPTH: module.space.Integer(1, 3),
            WIDTH: module.space.Integer(16, 64, prior="log-uniform"),
        }
        found = module.BayesSearchCV(model, space, n_iter=3, cv=2, random_state=0).fit(X, Y)
        assert {*found.best_params_} == {DEPTH, WIDTH}
        return

    def objective(trial):
        params = {DEPTH: trial.suggest_int("depth", 1, 3)}
        params[WIDTH] = trial.suggest_int("width", 16, 64, log=True)
        return clone(model).set_params(**params).fit(X, Y).score(X, Y)

    study = module.create_study(direction="maximize")
    study.optimize(objective, n_trials=3)
    assert {*study.best_params} == {"depth", "width"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"depth": -1}, r"depth must be an integer of at least 0\. Got -1"),
        ({"depth": 1.5}, r"depth must be an integer of at least 0\. Got 1\.5"),
        ({"depth": True}, "depth must be an integer"),
        ({"width": 0}, r"width must be a number of at least 1\. Got 0"),
        ({"width": np.nan}, "width must be a number"),
        ({"width": "wide"}, "width must be a number"),
        ({"multiple": 0}, r"multiple must be an integer of at least 1\. Got 0"),
    ],
    ids=str,
)
def test_other_values_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        ScratchMLPClassifier(Layers(**params)).fit(X, Y)


def test_a_model_with_them_can_be_saved(tmp_path):
    model = make_pipeline(StandardScaler(), ScratchMLPClassifier(Layers(1, 16), max_iter=3))
    model.fit(X, Y)
    loaded = pickle.loads(pickle.dumps(model))
    assert tuple(loaded[-1].hidden_layer_sizes) == (16,)
    assert joblib.hash(loaded[-1].hidden_layer_sizes) == joblib.hash(Layers(1, 16))
    assert "skscratch.tuning._layers.Layers" in SKOPS_TRUSTED_TYPES
    if find_spec("skops") is not None:
        import skops.io

        skops.io.dump(model, tmp_path / "model.skops")
        again = skops.io.load(tmp_path / "model.skops", trusted=SKOPS_TRUSTED_TYPES)
        assert_array_equal(again.predict_proba(X), model.predict_proba(X))
