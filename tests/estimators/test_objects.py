"""An object of the core is accepted wherever its name is."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import clone
from sklearn.model_selection import GridSearchCV

from skscratch.core.activations import ReLU, Tanh
from skscratch.core.initializers import Glorot, He
from skscratch.core.optimizers import Adam, Nesterov
from skscratch.core.schedules import Adaptive, Constant, InvScaling

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    # the same parameters for every solver
    "ignore:Parameters that this fit does not use",
)

PAIRS = {
    "activation": ({"activation": "tanh"}, {"activation": Tanh()}),
    "activations": (
        {"activation": ["tanh", "relu"], "hidden_layer_sizes": (4, 3)},
        {"activation": [Tanh(), ReLU()], "hidden_layer_sizes": (4, 3)},
    ),
    "adam": ({"solver": "adam"}, {"solver": Adam(0.9, 0.999, 1e-8)}),
    "sgd": ({"solver": "sgd"}, {"solver": Nesterov(0.9)}),
    "constant": ({"learning_rate_init": 0.02}, {"learning_rate": Constant(0.02)}),
    "invscaling": (
        {"learning_rate": "invscaling", "learning_rate_init": 0.1},
        {"learning_rate": InvScaling(0.1, 0.5)},
    ),
    "adaptive": ({"learning_rate": "adaptive"}, {"learning_rate": Adaptive(0.001)}),
    "he": ({"weight_init": "he_normal"}, {"weight_init": He("normal")}),
    "glorot": ({"weight_init": "glorot_uniform"}, {"weight_init": Glorot()}),
}


@pytest.mark.parametrize(("name", "instance"), PAIRS.values(), ids=PAIRS)
def test_an_object_does_what_its_name_does(name, instance, multiclass, small):
    X, y = multiclass
    named, given = small(**name).fit(X, y), small(**instance).fit(X, y)
    assert_array_equal(given.predict_proba(X), named.predict_proba(X))
    assert given.loss_curve_ == named.loss_curve_
    for copied in (clone(given).fit(X, y), pickle.loads(pickle.dumps(given))):
        assert_array_equal(copied.predict_proba(X), given.predict_proba(X))
    named.partial_fit(X, y)
    assert_array_equal(given.partial_fit(X, y).coefs_[0], named.coefs_[0])


def test_names_and_objects_in_one_grid(clusters, small):
    grid = {"activation": ["identity", Tanh()], "weight_init": ["auto", Glorot("normal")]}
    search = GridSearchCV(small(max_iter=60, learning_rate_init=0.02), grid, cv=2)
    assert search.fit(*clusters).best_score_ > 0.95
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    "params", [{"hidden_layer_sizes": (3, 3)}, {"activation": "identity"}, {"dtype": "float32"}]
)
def test_parameters_set_after_fit_wait_for_the_next_fit(params, multiclass, small):
    X, y = multiclass
    model = small(activation="tanh").fit(X, y)
    before = model.predict_proba(X)
    assert_array_equal(model.set_params(**params).predict_proba(X), before)
    assert not np.array_equal(model.fit(X, y).predict_proba(X), before)
