"""The derivative of every response over X, against difference quotients and closed forms."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.core.activations import ACTIVATIONS
from skscratch.core.losses import REGRESSION_LOSSES
from skscratch.core.network import in_blocks, merge_members, views
from skscratch.core.regression_losses import SquaredError
from skscratch.inspection import input_gradient

# The networks need not have learned anything.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4))
Y = {
    "binary": (X[:, 0] > 0).astype(int),
    "multiclass": (X[:, :3] @ rng.normal(size=(3, 3))).argmax(axis=1),
    "multilabel": (X[:, :2] > 0).astype(int),
}
QUICK = {"max_iter": 5, "dtype": "float64", "random_state": 0}


def quotients(function, X, step=1e-6):
    """Return the central difference quotients of a function of X, (n, p) or (n, p, q)."""
    slopes = []
    for j in range(X.shape[1]):
        h = step * np.eye(X.shape[1])[j]
        slopes.append((function(X + h) - function(X - h)) / (2 * step))
    return np.stack(slopes, axis=1)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name, members):
    model = ScratchMLPClassifier((12, 6), name, n_members=members, **QUICK).fit(X, Y["multiclass"])
    assert model.n_members_ == members
    expected = quotients(model.decision_function, X)
    assert_allclose(input_gradient(model, X), expected, atol=1e-7)


@pytest.mark.parametrize("what", [np.nan, np.inf])
def test_a_weight_that_is_not_finite_is_named(what):
    model = ScratchMLPClassifier((12, 6), "tanh", **QUICK).fit(X, Y["multiclass"])
    model.coefs_[1][2, 3] = what
    word = "NaN" if np.isnan(what) else "infinity"
    with pytest.raises(ValueError, match=rf"coefs_\[1\] holds {word}\. Assign finite"):
        input_gradient(model, X)


@pytest.mark.parametrize("method", ["decision_function", "predict_proba"])
@pytest.mark.parametrize("kind", Y)
def test_every_kind_of_classes(kind, method):
    model = ScratchMLPClassifier((12, 6), "tanh", **QUICK).fit(X, Y[kind])

    def response(X):
        found = getattr(model, method)(X)
        return found[:, 1] if kind == "binary" and found.ndim == 2 else found

    gradient = input_gradient(model, X, response_method=method)
    assert_allclose(gradient, quotients(response, X), atol=1e-7)
    if method == "decision_function":
        assert np.array_equal(gradient, input_gradient(model, X))


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
@pytest.mark.parametrize("q", [1, 2])
def test_every_loss_of_a_regressor(loss, q):
    options = {"quantile": [0.2, 0.8]} if loss == "quantile" and q == 2 else {}
    y = np.exp(X[:, :q]) if not options else X[:, 0]
    model = ScratchMLPRegressor(loss, (12,), "tanh", **QUICK, **options)
    model.fit(X, y[:, 0] if y.ndim == 2 and q == 1 else y)
    gradient = input_gradient(model, X)
    assert gradient.shape == ((40, 4, 2) if q == 2 else (40, 4))
    expected = quotients(model.predict, X)
    assert_allclose(gradient, expected, atol=1e-6 * abs(expected).max())


def test_quantiles_that_cross_are_sorted_first():
    model = ScratchMLPRegressor("quantile", (12,), "tanh", quantile=[0.2, 0.8], **QUICK)
    model.fit(X, X[:, 0])
    model.intercepts_[-1][:] = 0
    model.coefs_[-1][:, 1] = -model.coefs_[-1][:, 0]  # the one is minus the other
    assert_allclose(input_gradient(model, X), quotients(model.predict, X), atol=1e-6)


class Doubled(SquaredError):
    def predict(self, z):
        return 2 * z


def test_a_loss_with_predictions_of_its_own_is_refused():
    model = ScratchMLPRegressor(SquaredError(), (4,), **QUICK).fit(X, X[:, 0])
    assert input_gradient(model, X).shape == X.shape
    model._fitted_loss = Doubled()
    with pytest.raises(ValueError, match=r"Doubled.*derivative is not known"):
        input_gradient(model, X)


def test_a_linear_network_has_its_weights_as_gradient():
    model = ScratchMLPClassifier((), solver="lbfgs", dtype="float64").fit(X, Y["multiclass"])
    assert np.array_equal(input_gradient(model, X), np.tile(model.coefs_[0], (40, 1, 1)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_is_that_of_the_network_and_X_may_be_sparse(dtype):
    model = ScratchMLPClassifier((8,), solver="lbfgs", dtype=dtype, max_iter=3, tol=1)
    zeros = X * (X > 0)
    model.fit(zeros, Y["binary"])
    gradient = input_gradient(model, zeros)
    assert gradient.dtype == dtype
    assert_allclose(input_gradient(model, csr_array(zeros)), gradient, rtol=1e-5)


def test_many_rows_are_computed_in_batches():
    model = ScratchMLPClassifier((4,), solver="lbfgs", tol=1).fit(X, Y["binary"])
    many = np.tile(X, (2000, 1))
    gradient = input_gradient(model, many)
    assert_allclose(gradient, np.tile(input_gradient(model, X), (2000, 1)), rtol=1e-9)


def test_the_blocks_of_members_are_multiplied_backward_too():
    """``linear_backward_input`` of blocks is that of the whole matrix with its zeros."""
    from skscratch.core.layers import linear_backward_input

    merged = merge_members(views(rng.normal(size=90), (2, 3, 4, 1), 3))
    W, blocks = merged.weights[1], in_blocks(merged, 3).weights[1]
    assert blocks.ndim == 3
    delta = rng.normal(size=(5, W.shape[1]))
    whole, found = (np.empty((W.shape[0], 5)).mT for _ in range(2))
    linear_backward_input(delta, W, whole)
    linear_backward_input(delta, blocks, found)
    assert_allclose(found, whole)


def test_a_search_is_explained_by_its_best_network():
    network = ScratchMLPClassifier((4,), solver="lbfgs", tol=1, random_state=0)
    search = GridSearchCV(network, {"alpha": [1.0]}, cv=2).fit(X, Y["binary"])
    expected = input_gradient(search.best_estimator_, X)
    assert np.array_equal(input_gradient(search, X), expected)


def test_errors_name_what_fits():
    model = ScratchMLPClassifier((), solver="lbfgs").fit(X, Y["binary"])
    regressor = ScratchMLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, X[:, 0])
    with pytest.raises(NotFittedError):
        input_gradient(ScratchMLPClassifier(), X)
    for other in (LogisticRegression(), MLPClassifier(tol=1, random_state=0)):
        with pytest.raises(TypeError, match=f"ScratchMLPClassifier.*Got a {type(other).__name__}"):
            input_gradient(other.fit(X, Y["binary"]), X)
    with pytest.raises(TypeError, match=r"pipeline\[:-1\].transform"):
        input_gradient(make_pipeline(StandardScaler(), model).fit(X, Y["binary"]), X)
    with pytest.raises(ValueError, match=r"'decision_function' or 'predict_proba'.*'predict'"):
        input_gradient(model, X, response_method="predict")
    with pytest.raises(ValueError, match="'auto' or 'predict' for a ScratchMLPRegressor"):
        input_gradient(regressor, X, response_method="predict_proba")
    with pytest.raises(ValueError, match="X has 3 features"):
        input_gradient(model, X[:, :3])
    deep = ScratchMLPClassifier((4,), "identity", solver="lbfgs", max_iter=2).fit(X, Y["binary"])
    deep.coefs_ = [np.full_like(W, 1e200) for W in deep.coefs_]
    with pytest.raises(ValueError, match="a derivative overflows"):
        input_gradient(deep, X)
