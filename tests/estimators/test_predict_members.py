"""Predictions of single members, and their spread."""

import copy
import json
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.special import expit, softmax
from sklearn.datasets import make_friedman1
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.core.network import split_members
from skscratch.core.regression_losses import SquaredError
from skscratch.training.sgd import StochasticFit

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

QUICK = {"hidden_layer_sizes": (12, 6), "n_members": 3, "max_iter": 15, "random_state": 0}


def normalised(log_p):
    """The geometric mean of the members' probabilities, divided by its sum."""
    return softmax(log_p.mean(axis=0), axis=-1)


def mean_of_labels(p):
    return expit((np.log(p) - np.log1p(-p)).mean(axis=0))


def numbers(n=200):
    return make_friedman1(n, noise=1.0, random_state=0)


@pytest.fixture
def regressor():
    return ScratchMLPRegressor(**QUICK).fit(*numbers())


def by_hand(params, X):
    """The logits of a network of rectifiers."""
    *hidden, (W, b) = zip(*params, strict=True)
    for V, c in hidden:
        X = np.maximum(X @ V + c, 0)
    return X @ W + b


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stretch", [1, 100], ids=["in scale", "out of scale"])
def test_they_are_the_networks_that_were_trained(monkeypatch, stretch, dtype):
    """The state of training has the members with their own biases."""
    states = []
    run = StochasticFit.run
    monkeypatch.setattr(
        StochasticFit, "run", lambda self: (run(self), states.append(self.state))[0]
    )
    X, y = numbers()
    X = stretch * X
    model = ScratchMLPRegressor(**QUICK, dtype=dtype).fit(X, 100 * y)
    state = states[0]
    members = split_members(state.unscaled(state.result), 3)
    expected = [by_hand(member, X)[:, 0] for member in members]
    rtol = 1e-4 if dtype == "float32" else 1e-10
    assert_allclose(model.predict_members(X), expected, rtol=rtol)
    assert np.ptp(model._members["bias"]) > 1, "each has its own output bias"


def test_the_probabilities_of_a_classifier_have_their_geometric_mean_as_prediction(task):
    X, y = task
    model = ScratchMLPClassifier(**QUICK, early_stopping=True, temperature_scaling=True).fit(X, y)
    p = model.predict_members(X)
    assert p.shape == (3, *model.predict_proba(X).shape)
    assert p.std(axis=0).max() > 0.01
    combine = mean_of_labels if y.ndim == 2 else lambda p: normalised(np.log(p))
    assert_allclose(combine(p), model.predict_proba(X), atol=1e-6)
    if y.ndim == 1:
        assert_allclose(p.sum(axis=2), 1, atol=1e-6)


@pytest.mark.parametrize("sizes", [(9,), (12, 6), (6, 9, 3)], ids=len)
def test_the_predictions_of_a_regressor_have_their_mean_as_prediction(sizes):
    X, y = numbers()
    model = ScratchMLPRegressor(**QUICK | {"hidden_layer_sizes": sizes}).fit(X, y)
    p = model.predict_members(X)
    assert p.shape == (3, len(X))
    assert_allclose(p.mean(axis=0), model.predict(X), rtol=1e-5, atol=1e-5)


def test_several_targets_and_rates():
    X, y = numbers()
    both = ScratchMLPRegressor(**QUICK).fit(X, np.c_[y, -y])
    assert_allclose(both.predict_members(X).mean(axis=0), both.predict(X), rtol=1e-4, atol=1e-4)
    rates = ScratchMLPRegressor("gamma", **QUICK).fit(X, np.exp(y / 10))
    p = rates.predict_members(X)
    assert_allclose(np.exp(np.log(p).mean(axis=0)), rates.predict(X), rtol=1e-5)
    assert (p.mean(axis=0) > rates.predict(X) * (1 - 1e-5)).all()


def test_each_member_sorts_its_quantiles():
    X, y = numbers()
    model = ScratchMLPRegressor("quantile", quantile=[0.1, 0.5, 0.9], **QUICK).fit(X, y)
    p = model.predict_members(X)
    assert p.shape == (3, 200, 3)
    assert (np.diff(p, axis=2) >= 0).all()
    _, std = model.predict(X, return_std=True)
    assert_array_equal(std, p.std(axis=0))


def test_where_quantiles_of_a_member_cross_their_mean_is_another_one():
    X, y = numbers()
    model = ScratchMLPRegressor("quantile", quantile=[0.1, 0.3, 0.5, 0.7, 0.9], random_state=0)
    model, X = model.fit(X, y), 3 * X
    found, mean = model.predict(X), model.predict_members(X).mean(axis=0)
    model._fitted_loss = SquaredError()  # it does not sort
    unsorted = model.predict_members(X)
    assert_allclose(found, np.sort(unsorted.mean(axis=0)), rtol=1e-5)
    crosses = (np.diff(unsorted, axis=2) < 0).any(axis=(0, 2))
    assert 0 < crosses.sum() < len(X)
    assert_allclose(found[~crosses], mean[~crosses], rtol=1e-5)
    assert abs(found - mean)[crosses].max() > 1e-3


def test_the_spread_is_the_standard_deviation_of_the_members(regressor):
    X, _ = numbers()
    y, std = regressor.predict(X, return_std=True)
    assert_array_equal(y, regressor.predict(X))
    assert_array_equal(std, regressor.predict_members(X).std(axis=0))
    pipeline = make_pipeline(StandardScaler(), ScratchMLPRegressor(**QUICK)).fit(*numbers())
    through = pipeline.predict(X, return_std=True)[1]
    assert_array_equal(through, pipeline[-1].predict(pipeline[0].transform(X), return_std=True)[1])


@pytest.mark.parametrize("value", ["no", [True], 0.5], ids=repr)
def test_what_asks_for_the_spread_is_a_boolean(value, regressor):
    with pytest.raises(TypeError, match="return_std must be True or False"):
        regressor.predict(numbers()[0], return_std=value)
    assert len(regressor.predict(numbers()[0], return_std=np.True_)) == 2


def test_far_away_the_members_disagree():
    X, y = numbers(600)
    model = ScratchMLPRegressor(random_state=0).fit(X, y)
    near, far = (model.predict(Z, return_std=True)[1].mean() for Z in (X, 3 * X))
    assert far > 3 * near


def test_sparse_rows_and_one_row(regressor):
    X, _ = numbers()
    p = regressor.predict_members(X)
    assert_allclose(regressor.predict_members(csr_array(X)), p, rtol=1e-5)
    assert_allclose(regressor.predict_members(X[:1]), p[:, :1], rtol=1e-5)


class TestOneMember:
    def test_there_is_one_and_its_spread_is_zero_with_a_warning(self):
        X, y = numbers()
        model = ScratchMLPRegressor(**QUICK | {"n_members": 1}).fit(X, y)
        assert_array_equal(model.predict_members(X), model.predict(X)[None])
        with pytest.warns(UserWarning, match="return_std: the model has one member"):
            _, std = model.predict(X, return_std=True)
        assert_array_equal(std, np.zeros(200))

    def test_after_partial_fit_all_weights_are_one_network(self, regressor):
        X, y = numbers()
        regressor.partial_fit(X, y)
        assert_array_equal(regressor.predict_members(X), regressor.predict(X)[None])

    @pytest.mark.parametrize("params", [{"solver": "lbfgs"}, {"warm_start": True}], ids=str)
    def test_fits_that_train_one_network(self, params):
        X, y = numbers()
        model = ScratchMLPClassifier((12,), max_iter=5, random_state=0, **params).fit(X, y > 14)
        assert_array_equal(model.predict_members(X), model.predict_proba(X)[None])


class TestOtherWeights:
    """Loaded, set by hand, and saved by a former version."""

    def test_a_pickle_has_the_members(self, regressor):
        X, _ = numbers()
        loaded = pickle.loads(pickle.dumps(regressor))
        assert_array_equal(loaded.predict_members(X), regressor.predict_members(X))
        regressor.drop_optimizer_state()
        assert_array_equal(loaded.predict_members(X), regressor.predict_members(X))

    def test_the_same_weights_as_lists_are_the_same_members(self, regressor):
        X, _ = numbers()
        p = regressor.predict_members(X)
        for name in ("coefs_", "intercepts_"):
            lists = json.loads(json.dumps([a.tolist() for a in getattr(regressor, name)]))
            setattr(regressor, name, lists)
        assert_allclose(regressor.predict_members(X), p, rtol=1e-4, atol=1e-4)

    def test_a_bias_that_is_moved_moves_all_members(self, regressor):
        X, _ = numbers()
        p = regressor.predict_members(X)
        regressor.intercepts_[-1] = regressor.intercepts_[-1] + 5
        assert_allclose(regressor.predict_members(X), p + 5, rtol=1e-5)

    @pytest.mark.parametrize("layer", [1, 2], ids=["connected", "another last array"])
    def test_other_weights_are_refused_and_still_predict(self, regressor, layer):
        X, _ = numbers()
        W = copy.copy(regressor.coefs_[layer])
        W[0, -1] = 0.5
        regressor.coefs_[layer] = W
        with pytest.raises(ValueError, match="coefs_ was changed after fit"):
            regressor.predict(X, return_std=True)
        assert np.isfinite(regressor.predict(X)).all()

    def test_a_model_without_the_biases_of_its_members_is_refused(self, regressor):
        X, _ = numbers()
        del regressor._members
        with pytest.raises(ValueError, match="saved by a version that did not keep"):
            regressor.predict_members(X)

    def test_before_fit(self):
        with pytest.raises(NotFittedError):
            ScratchMLPClassifier().predict_members([[0.0]])
