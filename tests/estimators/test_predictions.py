"""Predictions: they agree with each other, and leave the estimator alone."""

import copy
import warnings
from contextlib import nullcontext

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.special import softmax
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from skscratch import ScratchMLPClassifier
from skscratch.estimators import _prediction

PREDICTIONS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]


@pytest.fixture(scope="module")
def fitted():
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    return ScratchMLPClassifier((5,), solver="lbfgs", alpha=1, random_state=0).fit(X, y), X


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
    assert_allclose(np.log(p), model.predict_log_proba(X), rtol=1e-9, atol=1e-12)
    z = model.decision_function(X)
    assert_allclose(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), p, rtol=1e-9)


@pytest.mark.parametrize("method", PREDICTIONS)
def test_an_output_that_overflows_is_an_error_and_no_number(fitted, method):
    """In float32 the cast overflows; in float64 the product does."""
    model, X = fitted
    single = ScratchMLPClassifier((5,), solver="lbfgs", alpha=1, random_state=0, dtype="float32")
    single.fit(X, model.predict(X))
    for net, factor in ((single, 1e200), (model, 1e308)):
        with pytest.raises(ValueError, match=r"\bX\b"):
            getattr(net, method)(np.sign(X) * factor)


def test_logits_further_apart_than_floats_reach_are_certain(fitted):
    model, X = copy.deepcopy(fitted)
    model.coefs_[-1][:] = 0
    model.intercepts_[-1][:] = [1.5e308, -1.5e308, 0]
    assert_array_equal(model.predict_proba(X[:1]).round(3), [[1, 0, 0]])
    assert np.isfinite(model.predict_log_proba(X[:1])).all()


class Subclass(np.ndarray):
    """An array that is not just an array."""


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X.astype(np.float16).astype(float).astype(np.float16),
        lambda X: X.astype(">f8"),
        lambda X: X.astype(object),
        lambda X: X.view(Subclass),
        lambda X: np.asfortranarray(X),
        lambda X: X.repeat(2, axis=1)[:, ::2],
        lambda X: X.tolist(),
    ],
    ids=["float16", "other byte order", "object", "subclass", "columns", "strided", "list"],
)
@pytest.mark.parametrize("method", PREDICTIONS)
def test_any_container_of_the_same_numbers_gives_the_same(fitted, change, method):
    model, X = fitted
    X = X.astype(np.float16).astype(float)
    changed = getattr(model, method)(change(X))
    assert_allclose(changed, getattr(model, method)(X), rtol=1e-12)
    assert type(changed) is np.ndarray


@pytest.mark.parametrize("kind", [">f8", ">f4", "<f4"])
def test_parameters_of_another_machine_or_of_mixed_precision(fitted, kind):
    """A pickle keeps the byte order of where it was made, and coefs_ are the user's to edit."""
    model, X = copy.deepcopy(fitted[0]), fitted[1]
    expected = model.predict_proba(X)
    model.coefs_[0] = model.coefs_[0].astype(kind)
    assert_allclose(model.predict_proba(X), expected, rtol=1e-4)
    model.coefs_ = [W.astype(kind) for W in model.coefs_]
    model.intercepts_ = [b.astype(kind) for b in model.intercepts_]
    assert_allclose(model.predict_proba(X), expected, rtol=1e-4)
    model.set_params(solver="adam")
    model.partial_fit(X, model.predict(X))
    assert model.coefs_[0].dtype == np.dtype(kind).newbyteorder("=")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # X says nothing
def test_one_row_does_not_take_the_limit_of_threads(monkeypatch):
    works = []
    monkeypatch.setattr(
        _prediction, "blas_threads", lambda work: works.append(work) or nullcontext()
    )
    X = np.zeros((5000, 20))
    model = ScratchMLPClassifier((50,), solver="lbfgs", alpha=0).fit(X, np.arange(5000) % 2)
    model.predict(X[:1])
    model.predict(csr_array(X))
    assert works == [20 * 50, 5000 * 50]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_is_refused_as_in_training(fitted):
    model, X = fitted
    for call in (model.predict, lambda X: model.fit(X, model.predict(np.asarray(X)))):
        with pytest.raises(TypeError, match=r"np\.matrix is not supported"):
            call(np.matrix(X))


@pytest.fixture(scope="module")
def ensemble():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(700, 4))
    sizes = (12, 6, 9)
    model = ScratchMLPClassifier(sizes, n_members=3, max_iter=3, random_state=0, dtype="float64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, rng.integers(0, 3, 700))
    return model, X


class TestMembersApart:
    """The zeros between members are not multiplied; the published network stays what it is."""

    @staticmethod
    def by_hand(model, X):
        h = X
        for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
            h = np.maximum(h @ W + b, 0)
        return softmax(h @ model.coefs_[-1] + model.intercepts_[-1], axis=1)

    @pytest.mark.parametrize("n", [1, _prediction.FEW, _prediction.FEW + 1, 700])
    def test_predictions_are_those_of_the_published_network(self, ensemble, n):
        model, X = ensemble
        assert [W.shape for W in model.coefs_] == [(4, 12), (12, 6), (6, 9), (9, 3)]
        assert_allclose(model.predict_proba(X[:n]), self.by_hand(model, X[:n]), rtol=1e-12)
        assert_allclose(model.predict_proba(csr_array(X[:n])), model.predict_proba(X[:n]))

    @pytest.mark.parametrize("value", [0.5, -2.0])
    def test_a_weight_that_a_user_sets_between_members_counts(self, ensemble, value):
        model, X = copy.deepcopy(ensemble)
        before = model.predict_proba(X)
        assert model.coefs_[1][0, -1] == 0
        model.coefs_[1][0, -1] = value
        assert_allclose(model.predict_proba(X), self.by_hand(model, X), rtol=1e-12)
        assert np.abs(model.predict_proba(X) - before).max() > 1e-6

    def test_other_sizes_of_a_user_count(self, ensemble):
        model, X = copy.deepcopy(ensemble)
        model.coefs_[1], model.intercepts_[1] = np.ones((12, 5)), np.ones(5)
        model.coefs_[2] = np.eye(5, 9)
        assert_allclose(model.predict_proba(X), self.by_hand(model, X), rtol=1e-12)
