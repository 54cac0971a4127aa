"""Weights and validation sets on their way through pipelines and searches, judged by value."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import clone, config_context
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier
from tests import models

# Searches fit many short models on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

VALIDATION = {"X_val": True, "y_val": True, "sample_weight_val": True}
FOLDS = StratifiedKFold(3)


quick = partial(models.quick, temperature_scaling=False)


@pytest.fixture(autouse=True)
def routing():
    with config_context(enable_metadata_routing=True):
        yield


@pytest.fixture
def halves():
    """The same rows twice with opposite labels; the weights choose which of them hold."""
    X = np.random.default_rng(0).normal(size=(120, 2))
    y = (X[:, 0] > 0).astype(int)
    order = np.random.default_rng(1).permutation(240)
    weight = np.r_[np.ones(120), np.zeros(120)]
    return np.r_[X, X][order], np.r_[y, 1 - y][order], weight[order]


class TestWeights:
    """sample_weight reaches the estimator only when it asks for it."""

    def test_through_a_pipeline(self, halves):
        X, y, weight = halves
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = make_pipeline(scaler, quick().set_fit_request(sample_weight=True))
        predicted = model.fit(X, y, sample_weight=weight).predict(X)
        assert (predicted == y)[weight == 1].mean() > 0.95

    def test_through_a_grid_search_in_fit_and_score(self, halves):
        X, y, weight = halves
        net = quick().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(net, {"learning_rate_init": [1e-6, 0.02]}, cv=3)
        search.fit(X, y, sample_weight=weight)
        assert search.best_params_ == {"learning_rate_init": 0.02}
        assert search.best_score_ > 0.95

    def test_through_cross_validate(self, halves):
        X, y, weight = halves
        net = quick().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        result = cross_validate(
            net, X, y, cv=FOLDS, params={"sample_weight": weight}, return_estimator=True
        )
        for model, (train, _) in zip(result["estimator"], FOLDS.split(X, y), strict=True):
            by_hand = clone(net).fit(X[train], y[train], sample_weight=weight[train])
            assert_allclose(model.loss_curve_, by_hand.loss_curve_)

    def test_they_are_scored_only_on_request(self, halves):
        X, y, weight = halves
        net = quick().set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        search = GridSearchCV(net, {"alpha": [1e-4]}, cv=3).fit(X, y, sample_weight=weight)
        assert_allclose(search.best_score_, 0.5, atol=0.03)

    def test_unrequested_they_are_refused(self, halves):
        X, y, weight = halves
        with pytest.raises(ValueError, match="sample_weight"):
            make_pipeline(quick()).fit(X, y, sample_weight=weight)


@pytest.fixture(scope="module")
def parts():
    """Training data, and a validation set with weights, of features on unlike scales."""
    X, y = load_iris(return_X_y=True)
    X = X * [1, 10, 100, 1000] + [0, 50, 0, 0]
    X, X_val, y, y_val = train_test_split(X, y, test_size=40, stratify=y, random_state=0)
    return X, y, {"X_val": X_val, "y_val": y_val, "sample_weight_val": np.linspace(0.1, 2, 40)}


def by_hand(net, parts, train=slice(None)):
    """Fit on training data and a validation set that are scaled as the training data say."""
    X, y, validation = parts
    scaler = StandardScaler().fit(X[train])
    scaled = validation | {"X_val": scaler.transform(validation["X_val"])}
    return clone(net).fit(scaler.transform(X[train]), y[train], **scaled)


def piped(net):
    """Return a pipeline that scales the validation set as it scales X."""
    return make_pipeline(
        StandardScaler(), net.set_fit_request(**VALIDATION), transform_input=["X_val"]
    )


def last_validation_loss(pipeline, X, y):
    return pipeline[-1].history_["validation_loss"][-1]


@pytest.mark.parametrize("stops", [False, True])
class TestValidationSets:
    """A pipeline scales the validation set with the scaler of the fold that it belongs to."""

    @pytest.fixture
    def net(self, stops):
        patience = {"early_stopping": True, "n_iter_no_change": 2, "n_updates_no_change": 0}
        return quick(max_iter=15, **patience if stops else {})

    def test_through_a_pipeline(self, net, parts):
        X, y, validation = parts
        pipeline = piped(net).fit(X, y, **validation)
        model, expected = pipeline[-1], by_hand(net, parts)
        assert_allclose(model.history_["validation_loss"], expected.history_["validation_loss"])
        assert_allclose(model.coefs_[0], expected.coefs_[0])
        X_val, y_val, weight = validation.values()
        loss = log_loss(y_val, pipeline.predict_proba(X_val), sample_weight=weight)
        losses = model.history_["validation_loss"]
        assert_allclose(losses.min() if net.early_stopping else losses[-1], loss)

    def test_through_cross_validate(self, net, parts):
        X, y, validation = parts
        result = cross_validate(
            piped(net), X, y, cv=FOLDS, params=validation, return_estimator=True
        )
        losses = [pipeline[-1].history_["validation_loss"] for pipeline in result["estimator"]]
        for loss, (train, _) in zip(losses, FOLDS.split(X, y), strict=True):
            assert_allclose(loss, by_hand(net, parts, train).history_["validation_loss"])
        assert len({loss[0] for loss in losses}) == len(losses)

    def test_through_a_grid_search(self, net, parts):
        X, y, validation = parts
        grid = {"scratchmlpclassifier__alpha": [1e-4, 1.0]}
        search = GridSearchCV(piped(net), grid, cv=FOLDS, scoring=last_validation_loss)
        search.fit(X, y, **validation)
        for k, (train, _) in enumerate(FOLDS.split(X, y)):
            nets = [clone(net).set_params(alpha=alpha) for alpha in (1e-4, 1.0)]
            losses = [by_hand(each, parts, train).history_["validation_loss"][-1] for each in nets]
            assert_allclose(search.cv_results_[f"split{k}_test_score"], losses)
        best = clone(net).set_params(alpha=search.best_estimator_[-1].alpha)
        expected = by_hand(best, parts).history_["validation_loss"]
        assert_allclose(search.best_estimator_[-1].history_["validation_loss"], expected)


def test_without_transform_input_the_validation_set_is_not_scaled(parts):
    X, y, validation = parts
    net = quick().set_fit_request(**VALIDATION)
    with pytest.warns(UserWarning, match=r"X_val is on another scale.*transform_input=\['X_val'"):
        seen = make_pipeline(StandardScaler(), net).fit(X, y, **validation)[-1].history_
    scaled = by_hand(net, parts).history_
    assert not np.isclose(seen["validation_loss"][0], scaled["validation_loss"][0], rtol=0.1)


def test_without_routing_a_scaled_validation_set_is_passed_to_the_step(parts):
    X, y, validation = parts
    given = {f"scratchmlpclassifier__{name}": value for name, value in validation.items()}
    X_val = StandardScaler().fit(X).transform(validation["X_val"])
    given["scratchmlpclassifier__X_val"] = X_val
    with config_context(enable_metadata_routing=False):
        model = make_pipeline(StandardScaler(), quick()).fit(X, y, **given)[-1]
    expected = by_hand(quick(), parts).history_["validation_loss"]
    assert_allclose(model.history_["validation_loss"], expected)


@pytest.mark.parametrize("name", VALIDATION)
def test_an_unrequested_validation_set_is_refused(parts, name):
    X, y, validation = parts
    with pytest.raises(ValueError, match=rf"\[{name}\] are passed but are not explicitly set"):
        make_pipeline(quick()).fit(X, y, **{name: validation[name]})


def test_the_requests_are_those_of_gradient_boosting():
    """What is written for the one early-stopping classifier is right for the other.

    Only ours knows groups.
    """
    ours, theirs = (
        model.get_metadata_routing().fit.requests
        for model in (quick(), HistGradientBoostingClassifier())
    )
    assert ours.pop("groups", "missing") is None
    assert ours == theirs == dict.fromkeys(("sample_weight", *VALIDATION))


@pytest.mark.parametrize(("n_rows", "expected"), [(110, {73, 74}), (109, {109}), (111, {111})])
def test_a_search_cuts_a_validation_set_as_long_as_the_data(parts, n_rows, expected):
    """The trap that the docstring of fit names, and the way out of it."""
    X, y, _ = parts
    seen = set()

    class Watching(ScratchMLPClassifier):
        def fit(self, X, y, *, X_val=None, y_val=None):
            seen.update((len(X_val), len(y_val)))
            return super().fit(X, y, X_val=X_val, y_val=y_val)

    net = Watching(max_iter=1).set_fit_request(X_val=True, y_val=True)
    X_val, y_val = np.resize(X, (n_rows, 4)), np.resize(y, n_rows)
    GridSearchCV(net, {"alpha": [0.1]}, cv=3, refit=False).fit(X, y, X_val=X_val, y_val=y_val)
    assert seen == expected
