"""Contributions against closed forms, exact Shapley values and their own completeness."""

import pickle
import tracemalloc
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import RFE, RFECV, SelectFromModel

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.core.activations import ACTIVATIONS
from skscratch.inspection import ContributionImportance, contributions
from skscratch.inspection._paths import BUFFER

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
B = X[30:]
Y = {
    "binary": (X[:, 0] * X[:, 1] > 0).astype(int),
    "multiclass": (X[:, :3] ** 2).argmax(axis=1),
    "multilabel": (X[:, :2] > 0).astype(int),
}
QUICK = {"max_iter": 20, "dtype": "float64", "random_state": 0}


def linear(q=1):
    """Return a linear regressor with known weights."""
    y = X @ np.random.default_rng(0).normal(size=(4, q))
    model = ScratchMLPRegressor(hidden_layer_sizes=(), solver="lbfgs", dtype="float64")
    return model.fit(X, y[:, 0] if q == 1 else y)


def additive():
    """Return a network whose hidden units see one feature each: a sum of functions of a feature."""
    model = ScratchMLPRegressor(hidden_layer_sizes=(12,), n_members=1, **QUICK).fit(X, X[:, 0])
    model.coefs_[0][:] = 0
    rng = np.random.default_rng(0)
    for unit in range(12):
        model.coefs_[0][unit % 4, unit] = rng.normal()
    model.intercepts_[0][:] = rng.normal(size=12)
    model.coefs_[1][:] = rng.normal(size=(12, 1))
    return model


def shapley(predict, x, B):
    """Return the exact Shapley values of a row; features that are absent come from B."""
    p = len(x)

    def value(present):
        rows = B.copy()
        rows[:, list(present)] = x[list(present)]
        return predict(rows).mean()

    values = np.zeros(p)
    for j in range(p):
        others = [k for k in range(p) if k != j]
        for size in range(p):
            for present in combinations(others, size):
                weight = 1 / (p * comb(p - 1, size))
                values[j] += weight * (value((*present, j)) - value(present))
    return values


def test_of_a_linear_network_the_weight_times_the_distance_from_the_mean():
    model = linear(q=2)
    explained = contributions(model, X[:7], B)
    distance = X[:7] - B.mean(axis=0)
    assert_allclose(explained.values, distance[..., None] * model.coefs_[0], rtol=1e-9)
    assert_allclose(explained.base_values, np.tile(model.predict(B).mean(axis=0), (7, 1)))
    assert explained.output_names == [0, 1]
    assert_allclose(explained.output(1).values, distance * model.coefs_[0][:, 1], rtol=1e-9)


@pytest.mark.parametrize("make", [linear, additive])
def test_where_features_do_not_interact_they_are_shapley_values(make):
    model = make()
    explained = contributions(model, X[:4], B, tol=1e-4, max_nodes=2048)
    expected = [shapley(model.predict, x, B) for x in X[:4]]
    assert_allclose(explained.values, expected, atol=1e-3 * abs(np.array(expected)).max())


@pytest.mark.parametrize("make", [linear, additive])
def test_shap_finds_the_same(make):
    shap = pytest.importorskip("shap")
    model = make()
    found = shap.KernelExplainer(model.predict, B).shap_values(X[:4], silent=True)
    explained = contributions(model, X[:4], B, tol=1e-4, max_nodes=2048)
    assert_allclose(explained.values, found, atol=1e-3 * abs(found).max())


def integrated(model, predict, x, b, n=4000):
    """Return integrated gradients of a row and a background row by difference quotients."""
    t = (np.arange(n) + 0.5) / n
    line = b + t[:, None] * (x - b)
    h = 1e-6 * np.eye(len(x))
    slopes = [(predict(line + e) - predict(line - e)).mean(axis=0) / 2e-6 for e in h]
    return (x - b) * np.array(slopes)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_of_a_deep_network_the_mean_derivative_on_the_lines(name, members):
    model = ScratchMLPClassifier((12, 6), name, n_members=members, **QUICK).fit(X, Y["binary"])
    explained = contributions(model, X[:1], B[:3], tol=3e-4, max_nodes=4096)
    expected = np.mean([integrated(model, model.decision_function, X[0], b) for b in B[:3]], axis=0)
    assert_allclose(explained.values[0], expected, atol=1e-3 * abs(expected).max())


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("method", ["decision_function", "predict_proba"])
@pytest.mark.parametrize("kind", Y)
def test_contributions_are_complete(name, kind, method):
    model = ScratchMLPClassifier((16, 8), name, **QUICK).fit(X, Y[kind])
    explained = contributions(model, X[:9], B, response_method=method)

    def response(X):
        found = getattr(model, method)(X)
        return found[:, 1] if kind == "binary" and found.ndim == 2 else found

    difference = response(X[:9]) - response(B).mean(axis=0)
    gap = explained.values.sum(axis=1) - difference
    spread = np.ptp(np.concatenate([response(X[:9]), response(B)]), axis=0)
    assert (abs(gap) <= 1e-3 * spread).all()
    assert_allclose(explained.gap, gap, atol=1e-12)
    assert abs(explained.values).max() > 0


def test_rows_that_miss_the_tolerance_get_twice_as_many_nodes():
    model = ScratchMLPClassifier((64, 32), n_members=1, **QUICK).fit(X, Y["binary"])
    rough = contributions(model, X, B, tol=1)
    fine = contributions(model, X, B, tol=1e-3, max_nodes=2048)
    assert {*rough.n_nodes} == {16}
    assert {16, 32} < {*fine.n_nodes}
    assert {*fine.n_nodes} <= {16 * 2**k for k in range(8)}
    assert abs(fine.gap).max() < abs(rough.gap).max()
    once = rough.n_nodes == fine.n_nodes
    assert_allclose(fine.values[once], rough.values[once], rtol=1e-9)


def test_a_gap_that_stays_is_a_warning_with_a_way_out():
    model = ScratchMLPClassifier((64, 32), n_members=1, **QUICK).fit(X, Y["binary"])
    with pytest.warns(
        UserWarning, match=r"of 60 rows.*Increase max_nodes \(now 20\) or tol"
    ) as found:
        explained = contributions(model, X, B, tol=1e-6, max_nodes=20)
    assert found[0].filename == __file__
    assert {*explained.n_nodes} == {20}


def test_probabilities_of_all_classes_have_contributions_that_cancel():
    model = ScratchMLPClassifier((16,), "tanh", **QUICK).fit(X, Y["multiclass"])
    explained = contributions(model, X[:9], B, response_method="predict_proba", tol=1e-9)
    assert_allclose(explained.values.sum(axis=2), 0, atol=1e-9)
    assert_allclose(explained.base_values[0], model.predict_proba(B).mean(axis=0))


def test_the_background_itself_has_no_contributions():
    model = ScratchMLPClassifier((16,), **QUICK).fit(X, Y["binary"])
    explained = contributions(model, X[:1], X[:1])
    assert not explained.values.any()
    assert not explained.gap.any()


def test_names_are_those_of_the_table():
    names = ["a", "b", "c", "d"]
    table, y = pd.DataFrame(X, columns=names), np.array(["x", "y", "z"])[Y["multiclass"]]
    model = ScratchMLPClassifier((16,), **QUICK).fit(table, y)
    explained = contributions(model, table[:5], table[30:])
    assert explained.feature_names == names
    assert explained.output_names == ["x", "y", "z"]
    assert np.array_equal(explained.data, X[:5])
    same = ScratchMLPClassifier((16,), **QUICK).fit(X, y)
    other = contributions(same, X[:5], B)
    assert other.feature_names == ["x0", "x1", "x2", "x3"]
    assert_allclose(explained.values, other.values)


def test_rows_and_outputs_are_taken():
    model = ScratchMLPClassifier((16,), **QUICK).fit(X, Y["multiclass"])
    explained = contributions(model, X, B)
    assert len(explained) == 60
    assert_allclose(explained[3].values, explained.values[3:4])
    assert_allclose(explained[-2:].output(1).values, explained.values[-2:, :, 1])
    assert_allclose(explained[[5, 7]].n_nodes, explained.n_nodes[[5, 7]])
    with pytest.raises(ValueError, match=r"one of \[0, 1, 2\]. Got 3"):
        explained.output(3)
    with pytest.raises(ValueError, match=r"one of \[0, 1, 2\]. Got None"):
        explained.output()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_float32_and_sparse_rows_give_the_same(dtype):
    zeros = X * (X > 0)
    model = ScratchMLPClassifier((16,), "tanh", **QUICK).fit(zeros, Y["binary"])
    expected = contributions(model, zeros[:9], zeros[30:])
    model.coefs_ = [W.astype(dtype) for W in model.coefs_]
    model.intercepts_ = [b.astype(dtype) for b in model.intercepts_]
    dense = contributions(model, zeros[:9].astype(dtype), zeros[30:].astype(dtype))
    sparse = contributions(model, csr_array(zeros[:9]), csr_array(zeros[30:]))
    scale = abs(expected.values).max()
    for explained in (dense, sparse):
        assert_allclose(explained.values, expected.values, atol=1e-5 * scale)
        assert explained.values.dtype == np.float64


def test_memory_does_not_grow_with_the_pairs():
    wide = rng.normal(size=(200, 300))
    model = ScratchMLPClassifier((64, 32), n_members=1, max_iter=2, random_state=0)
    model.fit(wide, wide[:, 0] > 0)
    contributions(model, wide[:1], wide[:1], tol=1)
    tracemalloc.start()
    explained = contributions(model, wide, wide, tol=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    points = 200 * 200 * 16
    assert peak < explained.values.nbytes * 3 + 16 * BUFFER * 8 < points * 64 * 4 / 3


@pytest.mark.parametrize("shape", [(1, 60), (60, 1), (60, 60), (7, 13)])
def test_blocks_of_every_shape_give_the_same(shape, monkeypatch):
    model = ScratchMLPClassifier((16, 8), "tanh", **QUICK).fit(X, Y["binary"])
    n, m = shape
    whole = contributions(model, X[:n], X[:m])
    for buffer in (1, 16 * 16 * 5, 16 * 16 * 50):
        monkeypatch.setattr("skscratch.inspection._paths.BUFFER", buffer)
        assert_allclose(contributions(model, X[:n], X[:m]).values, whole.values, atol=1e-9)


def test_nothing_is_changed():
    table = pd.DataFrame(X, columns=list("abcd"))
    model = ScratchMLPClassifier((16, 8), **QUICK).fit(table, Y["multiclass"])
    before = pickle.dumps([model, table])
    contributions(model, table[:5], table[5:])
    assert pickle.dumps([model, table]) == before


def test_rows_without_names_warn_once_each():
    model = ScratchMLPClassifier((4,), **QUICK).fit(pd.DataFrame(X, columns=[*"abcd"]), Y["binary"])
    with pytest.warns(UserWarning, match="X does not have valid feature names") as caught:
        contributions(model, X[:5], B, tol=1)
    assert len(caught) == 2


def test_errors_name_the_argument():
    model = ScratchMLPClassifier((4,), **QUICK).fit(X, Y["binary"])
    with pytest.raises(NotFittedError):
        contributions(ScratchMLPClassifier(), X, B)
    with pytest.raises(ValueError, match=r"background must have rows.*\(0, 4\)"):
        contributions(model, X, B[:0])
    with pytest.raises(ValueError, match=r"^X must have rows.*\(4,\)"):
        contributions(model, X[0], B)
    with pytest.raises(ValueError, match="background: X has 3 features"):
        contributions(model, X, B[:, :3])
    with pytest.raises(ValueError, match=r"background.*NaN"):
        contributions(model, X, np.where(B > 1, np.nan, B))
    for tol in (-1, "small", None, True, np.nan):
        with pytest.raises(ValueError, match=r"tol must be a number of at least 0. Got"):
            contributions(model, X, B, tol=tol)
    for n in (0, 2.5, "many", True):
        with pytest.raises(ValueError, match=r"max_nodes must be a whole number of at least 1\."):
            contributions(model, X, B, max_nodes=n)


def test_shap_gets_an_explanation():
    shap = pytest.importorskip("shap")
    model = ScratchMLPClassifier((16,), **QUICK).fit(X, Y["multiclass"])
    explained = contributions(model, X, B).to_shap()
    assert isinstance(explained, shap.Explanation)
    assert explained.shape == (60, 4, 3)
    assert explained.feature_names == ["x0", "x1", "x2", "x3"]
    before = np.random.get_state()  # noqa: NPY002
    shap.plots.waterfall(explained[0, :, 1], show=False)
    shap.plots.beeswarm(explained[:, :, 1], show=False)
    np.random.set_state(before)  # noqa: NPY002


def test_without_shap_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "shap", None)
    with pytest.raises(ImportError, match="pip install shap"):
        contributions(linear(), X, B).to_shap()


def test_importance_is_the_share_of_the_mean_size():
    model = linear(q=2)
    explained = contributions(model, X, B)
    size = abs(explained.values).mean(axis=0)
    assert_allclose(explained.importance(), (size / size.sum(axis=0)).mean(axis=1))
    assert_allclose(explained.importance().sum(), 1)
    assert not contributions(model, X[:1], X[:1]).importance().any()


def test_importance_does_not_depend_on_the_unit_of_a_column_or_of_y():
    factor = np.array([1000.0, 1, 1e-3, 1])
    model = ScratchMLPRegressor(hidden_layer_sizes=(16, 8), **QUICK).fit(X, X[:, :2] ** 2)
    expected = ContributionImportance(X)(model)
    model.coefs_[0] = model.coefs_[0] / factor[:, None]  # the same predictions for X · factor
    assert_allclose(ContributionImportance(X * factor)(model), expected, rtol=1e-6)
    model.coefs_[-1] = model.coefs_[-1] * [1e6, 1]
    model.intercepts_[-1] = model.intercepts_[-1] * [1e6, 1]
    assert_allclose(ContributionImportance(X * factor)(model), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", [RFE, RFECV])
def test_recursive_elimination_does_not_say_which_columns_are_left(kind):
    network = ScratchMLPRegressor(hidden_layer_sizes=(), **QUICK)
    select = kind(network, importance_getter=ContributionImportance(X))
    with pytest.raises(ValueError, match=r"^rows has 4 columns, .*SelectFromModel\(max_features"):
        select.fit(X, X[:, 0])
    select = SelectFromModel(
        network, importance_getter=ContributionImportance(X), threshold=-np.inf, max_features=1
    )
    assert select.fit(X, X[:, 2]).get_support().tolist() == [False, False, True, False]


def test_features_are_selected_by_it():
    noisy = np.column_stack([X[:, 2:], 1000 * X[:, :2]])
    getter = ContributionImportance(noisy[:30], noisy[30:])
    network = ScratchMLPRegressor(hidden_layer_sizes=(16,), random_state=0)
    select = SelectFromModel(network, importance_getter=getter, threshold="mean")
    select = clone(select).fit(noisy, 3 * X[:, 0] - 2 * X[:, 1])
    assert select.get_support().tolist() == [False, False, True, True]
    again = pickle.loads(pickle.dumps(select))
    assert np.array_equal(again.transform(noisy), noisy[:, 2:])
