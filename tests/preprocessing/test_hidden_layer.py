"""Hidden activations as features: which they are, and that they do not leak when cross-fitted."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, ShuffleSplit, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.core import layers
from skscratch.core.activations import ACTIVATIONS
from skscratch.preprocessing import HiddenLayerFeatures
from tests.checks import check_name, run

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = make_classification(300, 8, n_informative=5, n_classes=3, random_state=0)
NET = ScratchMLPClassifier((12, 6), n_members=2, max_iter=30, random_state=0)
CHECKED = [
    HiddenLayerFeatures(
        ScratchMLPRegressor(hidden_layer_sizes=(5, 3), solver="lbfgs", tol=0.01, random_state=0)
    ),
    HiddenLayerFeatures(
        ScratchMLPRegressor(hidden_layer_sizes=(5, 3), solver="lbfgs", tol=0.01, random_state=0),
        layer=0,
    ),
]


# What parametrize_with_checks does; but pytest deprecates the generator it makes in 1.7.
@pytest.mark.parametrize(
    ("features", "check"),
    [case for kind in CHECKED for case in estimator_checks.estimator_checks_generator(kind)],
    ids=lambda part: check_name(part) if callable(part) else f"layer {part.layer}",
)
def test_scikit_learn_checks(features, check):
    run(check, features)


def by_hand(net, X, layer):
    """The activations of rectifiers."""
    for W, b in list(zip(net.coefs_, net.intercepts_, strict=True))[: layer + 1]:
        X = np.maximum(X @ W + b, 0)
    return X


@pytest.mark.parametrize(("layer", "index"), [(0, 0), (1, 1), (-1, 1), (-2, 0)])
def test_they_are_the_activations_of_the_layer(layer, index):
    features = HiddenLayerFeatures(NET, layer=layer).fit(X, Y)
    a = features.transform(X)
    assert_allclose(a, by_hand(features.estimator_, X, index), rtol=1e-4, atol=1e-5)
    assert_array_equal(a, features.estimator_.hidden_activations(X, layer))
    assert_array_equal(clone(features).fit_transform(X, Y), a)
    assert_allclose(features.transform(csr_array(X)), a, rtol=1e-4, atol=1e-5)


def test_zeros_between_members_are_not_multiplied(monkeypatch):
    net, shapes = clone(NET).set_params(hidden_layer_sizes=(12, 6, 4)).fit(X, Y), []

    def product(A, W, out):
        shapes.append(W.shape)
        np.matmul(A, W, out=out)

    monkeypatch.setattr(layers, "_product", product)
    a = net.hidden_activations(X, 1)
    assert shapes == [(8, 12), (2, 6, 3)]
    assert_allclose(a, by_hand(net, X, 1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_last_layer_of_every_activation_gives_the_logits(activation):
    net = clone(NET).set_params(activation=activation, dtype="float64").fit(X, Y)
    z = net.hidden_activations(X) @ net.coefs_[-1] + net.intercepts_[-1]
    assert_allclose(z, net.decision_function(X), rtol=1e-8, atol=1e-8)


def test_names_and_tables():
    import pandas as pd

    table = pd.DataFrame(X, columns=[f"c{j}" for j in range(8)])
    features = HiddenLayerFeatures(NET).set_output(transform="pandas")
    out = features.fit_transform(table, Y)
    assert out.columns.tolist() == [f"hiddenlayerfeatures{i}" for i in range(6)]
    assert_array_equal(features.get_feature_names_out(), out.columns)
    assert_array_equal(features.feature_names_in_, table.columns)
    first = HiddenLayerFeatures(NET, layer=0, cv=3).set_output(transform="pandas")
    assert first.fit_transform(table, Y).shape == (300, 12)


def test_a_frozen_network_is_not_fitted_and_needs_no_y():
    net = clone(NET).fit(X, Y)
    features = HiddenLayerFeatures(FrozenEstimator(net))
    assert_array_equal(features.fit_transform(X[:10]), net.hidden_activations(X[:10]))
    assert_array_equal(clone(features).fit(X[:5]).transform(X), net.hidden_activations(X))


def test_an_unfitted_network_is_left_alone():
    net = clone(NET)
    HiddenLayerFeatures(net, cv=3).fit_transform(X, Y)
    assert not net.__sklearn_is_fitted__()


class TestCrossFitted:
    def test_transform_is_that_of_the_network_of_all_rows(self):
        features = HiddenLayerFeatures(NET, cv=3)
        out_of_fold = features.fit_transform(X, Y)
        plain = HiddenLayerFeatures(NET).fit(X, Y).transform(X)
        assert_array_equal(features.transform(X), plain)
        assert abs(out_of_fold - plain).max() > 0.1

    def test_the_features_are_aligned_with_those_of_transform(self):
        features = HiddenLayerFeatures(NET, cv=3)
        out_of_fold, plain = features.fit_transform(X, Y), features.transform(X)
        used = plain.std(axis=0) > 0.01
        pairs = zip(out_of_fold.T[used], plain.T[used], strict=True)
        assert np.median([np.corrcoef(a, b)[0, 1] for a, b in pairs]) > 0.9

    def test_labels_that_are_noise_do_not_leak(self):
        """In-sample features separate random labels; cross-fitted ones hardly do."""
        rng = np.random.default_rng(0)
        noise, y = rng.normal(size=(200, 20)), rng.integers(0, 2, 200)
        net = ScratchMLPClassifier(
            (32,), n_members=1, alpha=0, early_stopping=False, max_iter=100, random_state=0
        )
        scores = [
            LogisticRegression(max_iter=1000).fit(a, y).score(a, y)
            for a in (HiddenLayerFeatures(net, cv=cv).fit_transform(noise, y) for cv in (None, 5))
        ]
        assert scores[0] > 0.95
        assert scores[1] < 0.75

    def test_a_model_behind_it_predicts_new_rows(self):
        train, test = slice(0, 200), slice(200, None)
        model = make_pipeline(HiddenLayerFeatures(NET, cv=3), LogisticRegression())
        score = model.fit(X[train], Y[train]).score(X[test], Y[test])
        assert score > clone(NET).fit(X[train], Y[train]).score(X[test], Y[test]) - 0.1

    def test_weights_go_to_every_network(self):
        """Rows of weight 0 do not count, so their labels do not."""
        w, other = np.where(Y == 0, 0.0, 1.0), np.where(Y == 0, 1 + np.arange(300) % 2, Y)
        net = ScratchMLPClassifier((6,), solver="lbfgs", random_state=0)
        features = HiddenLayerFeatures(net, cv=KFold(3))
        weighted = features.fit_transform(X, 1 * (Y == 1), sample_weight=w)
        others = clone(features).fit_transform(X, 1 * (other == 1), sample_weight=w)
        assert_allclose(weighted, others, rtol=1e-6, atol=1e-6)
        assert abs(weighted - clone(features).fit_transform(X, 1 * (Y == 1))).max() > 0.1

    def test_folds_that_are_no_partition_are_refused(self):
        for cv in (ShuffleSplit(2, random_state=0), TimeSeriesSplit(3)):
            with pytest.raises(ValueError, match=r"cv=.* does not test each row once.*KFold"):
                HiddenLayerFeatures(NET, cv=cv).fit_transform(X, Y)

    def test_a_class_is_no_splitter(self):
        with pytest.raises(TypeError, match=r"not the class KFold\. Pass KFold\(\.\.\.\)"):
            HiddenLayerFeatures(NET, cv=KFold).fit_transform(X, Y)


@pytest.mark.parametrize("layer", [2, -3, 5])
def test_a_layer_that_does_not_exist_is_refused(layer):
    with pytest.raises(ValueError, match=f"layer={layer}: the network has 2 hidden layer"):
        HiddenLayerFeatures(NET, layer=layer).fit(X, Y)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="the network has 0 hidden layer"):
        HiddenLayerFeatures(ScratchMLPClassifier((), max_iter=3)).fit(X, Y)
    with pytest.raises(TypeError, match="Got LogisticRegression"):
        HiddenLayerFeatures(LogisticRegression()).fit(X, Y)
    with pytest.raises(TypeError, match="The other steps of a pipeline stand before"):
        HiddenLayerFeatures(make_pipeline(StandardScaler(), NET)).fit(X, Y)
    with pytest.raises(ValueError, match="a FrozenEstimator is not fitted again"):
        HiddenLayerFeatures(FrozenEstimator(clone(NET).fit(X, Y)), cv=3).fit(X, Y)
    with pytest.raises(NotFittedError):
        HiddenLayerFeatures(NET).transform(X)
