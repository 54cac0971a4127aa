"""Contributions through a pipeline, back to the columns that it gets."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.inspection import contributions, input_gradient
from skscratch.preprocessing import PiecewiseLinearEncoder, make_tabular_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
N = 80
NUMBERS = rng.normal(size=(N, 5)) * [1, 10, 0.1, 1, 1] + [0, 100, 0, 0, 0]
y = NUMBERS[:, 0] * NUMBERS[:, 3] + NUMBERS[:, 4]
TABLE = pd.DataFrame(
    {
        "age": rng.integers(20, 80, N).astype(float),
        "city": rng.choice(["Bern", "Graz", "Oslo"], N),
        "income": rng.lognormal(10, 1, N),
        "kind": pd.Categorical(rng.choice(["a", "b"], N)),
        "flag": rng.random(N) < 0.3,
    }
)
PRICE = TABLE["age"] / 10 + (TABLE["city"] == "Oslo") * 3 + TABLE["flag"]


def network(**params):
    settings = {"hidden_layer_sizes": (16,), "max_iter": 20, "dtype": "float64", "random_state": 0}
    return ScratchMLPRegressor(**settings | params)


def assert_complete(model, X, background, explained):
    difference = model.predict(X) - model.predict(background).mean()
    assert_allclose(explained.values.sum(axis=1), difference, atol=2e-3 * np.ptp(model.predict(X)))
    assert_allclose(explained.values.sum(axis=1) - difference, explained.gap, atol=1e-9)


def test_a_scaler_changes_no_contribution():
    model = make_pipeline(StandardScaler(), network()).fit(NUMBERS, y)
    inner = contributions(
        model[-1], model[:-1].transform(NUMBERS[:9]), model[:-1].transform(NUMBERS[20:])
    )
    explained = contributions(model, NUMBERS[:9], NUMBERS[20:])
    assert_allclose(explained.values, inner.values)
    assert np.array_equal(explained.data, NUMBERS[:9])
    assert explained.feature_names == ["x0", "x1", "x2", "x3", "x4"]


def encoded():
    return make_column_transformer(
        (OneHotEncoder(), ["city", "kind"]),
        (make_pipeline(SimpleImputer(), PiecewiseLinearEncoder(4, strategy="quantile")), ["age"]),
        (StandardScaler(), ["income"]),
        remainder="passthrough",
    )


def test_codes_are_summed_for_their_column():
    model = make_pipeline(encoded(), network()).fit(TABLE, PRICE)
    explained = contributions(model, TABLE[:9], TABLE[20:])
    Z = [model[:-1].transform(rows) for rows in (TABLE[:9], TABLE[20:])]
    inner = contributions(model[-1], *Z)
    # three cities, two kinds, age and its four bins, income, flag
    assert inner.values.shape == (9, 3 + 2 + 5 + 1 + 1)
    owners = [1] * 3 + [3] * 2 + [0] * 5 + [2] + [4]
    expected = np.stack([inner.values[:, np.array(owners) == j].sum(axis=1) for j in range(5)], 1)
    assert_allclose(explained.values, expected, atol=1e-12)
    assert explained.feature_names == [*TABLE.columns]
    assert explained.data[0].tolist() == TABLE.iloc[0].tolist()
    assert_complete(model, TABLE[:9], TABLE[20:], explained)


@pytest.mark.parametrize("n", [1, 9])
@pytest.mark.parametrize("m", [1, 40])
def test_few_rows_suffice(n, m):
    model = make_pipeline(encoded(), network()).fit(TABLE, PRICE)
    explained = contributions(model, TABLE[:n], TABLE[20 : 20 + m])
    more = contributions(model, TABLE[:19], TABLE[20 : 20 + m], tol=1)
    once = explained.n_nodes == 16
    assert_allclose(explained.values[once], more.values[:n][once], rtol=1e-6)
    alike = [
        (TABLE[name][:n].to_numpy()[:, None] == TABLE[name][20 : 20 + m].to_numpy()).all(axis=1)
        for name in TABLE
    ]
    # a column with the value of the background contributes nothing, and others do
    assert not explained.values[np.transpose(alike)].any()
    if m == 1:
        assert (explained.values[~np.transpose(alike)] != 0).all()


def test_columns_may_be_dropped_in_another_order_or_come_twice():
    twice = make_column_transformer(
        (StandardScaler(), [4, 0]), (MaxAbsScaler(), [0, 3]), remainder="drop"
    )
    model = make_pipeline(twice, SelectKBest(f_regression, k=3), network()).fit(NUMBERS, y)
    explained = contributions(model, NUMBERS[:9], NUMBERS[20:])
    assert_complete(model, NUMBERS[:9], NUMBERS[20:], explained)
    assert not explained.values[:, [1, 2]].any()


def test_the_background_may_have_other_and_more_columns_in_another_order():
    model = make_pipeline(encoded(), network()).fit(TABLE, PRICE)
    background = TABLE[20:].assign(more=1)[["flag", "more", "city", "kind", "income", "age"]]
    explained = contributions(model, TABLE[:9], background)
    assert_allclose(explained.values, contributions(model, TABLE[:9], TABLE[20:]).values)
    with pytest.raises(ValueError, match=r"background lacks columns of X: \['age'\]"):
        contributions(model, TABLE, background.drop(columns="age"))
    with pytest.raises(ValueError, match=r"X is a DataFrame, and background is a ndarray"):
        contributions(model, TABLE, TABLE.to_numpy())


def test_sparse_rows_pass_through_a_pipeline():
    zeros = np.where(NUMBERS > 0.5, NUMBERS, 0)
    model = make_pipeline(MaxAbsScaler(), network()).fit(csr_array(zeros), y)
    explained = contributions(model, csr_array(zeros[:9]), csr_array(zeros[20:]))
    dense = contributions(model, zeros[:9], zeros[20:])
    assert_allclose(explained.values, dense.values, rtol=1e-9)


def test_many_columns_are_told_apart():
    wide = rng.normal(size=(30, 67))
    order = rng.permutation(67)
    shuffle = FunctionTransformer(lambda X: X[:, order])
    model = make_pipeline(shuffle, network(hidden_layer_sizes=())).fit(wide, wide[:, 0])
    explained = contributions(model, wide[:3], wide[10:])
    weights = np.empty(67)
    weights[order] = model[-1].coefs_[0][:, 0]
    assert_allclose(explained.values, weights * (wide[:3] - wide[10:].mean(axis=0)), rtol=1e-6)


@pytest.mark.parametrize("kind", ["search", "nested", "in a search"])
def test_it_may_be_wrapped(kind):
    plain = make_pipeline(StandardScaler(), network()).fit(NUMBERS, y)
    expected = contributions(plain, NUMBERS[:5], NUMBERS[20:])
    grid = {"alpha": [1.0]}
    models = {
        "search": make_pipeline(StandardScaler(), GridSearchCV(network(), grid, cv=2)),
        "nested": make_pipeline("passthrough", plain),
        "in a search": GridSearchCV(plain, {"scratchmlpregressor__alpha": [1.0]}, cv=2),
    }
    explained = contributions(models[kind].fit(NUMBERS, y), NUMBERS[:5], NUMBERS[20:])
    assert_allclose(explained.values, expected.values)


MIXES = {
    "pca": PCA(3),
    "normalizer": Normalizer(),
    "polynomialfeatures": PolynomialFeatures(2),
}


@pytest.mark.parametrize("name", MIXES)
def test_a_step_that_mixes_columns_is_named(name):
    model = make_pipeline(StandardScaler(), MIXES[name], MaxAbsScaler(), network())
    model.fit(NUMBERS, y)
    with pytest.raises(ValueError, match=rf"step '{name}' of the pipeline.*pipeline\[-1\]"):
        contributions(model, NUMBERS[:9], NUMBERS[20:])


def test_a_last_step_that_mixes_columns_and_passes_objects_on_is_named():
    mix = FunctionTransformer(lambda X: (X[:, :2] * X[:, 1:3]).astype(object))
    model = make_pipeline(StandardScaler(), mix, network(max_iter=1)).fit(NUMBERS, y)
    with pytest.raises(ValueError, match="step 'functiontransformer'"):
        contributions(model, NUMBERS[:9], NUMBERS[20:])


@pytest.mark.parametrize("rows", [0, slice(None)])
def test_infinity_is_refused_by_name_and_nothing_warns(rows):
    model = make_pipeline(FunctionTransformer(), network(max_iter=1)).fit(NUMBERS, y)
    infinite = NUMBERS.copy()
    infinite[rows, 0] = np.inf
    with pytest.raises(ValueError, match="X contains infinity"):
        contributions(model, infinite[:9], NUMBERS[20:])
    with pytest.raises(ValueError, match="background contains infinity"):
        contributions(model, NUMBERS[:9], infinite)


def differ(X):
    return np.c_[X[:, :1] != X[:, 1:2], X[:, 2:]].astype(float)


def both(X):
    return np.c_[X[:, :1] * X[:, 1:2], X[:, 2:]]


def larger(X):
    return np.c_[X[:, :2].max(axis=1), X[:, 2:]]


@pytest.mark.parametrize("share", [0.5, 0.03])
@pytest.mark.parametrize("mix", [differ, both, larger])
def test_columns_that_interact_are_mixed(mix, share):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        flags = (rng.random((200, 2)) < [0.5, share]).astype(float)
        flags[:2] = [[1, 1], [0, 0]]
        X = np.c_[flags, rng.normal(size=200)]
        model = make_pipeline(FunctionTransformer(mix), network(hidden_layer_sizes=(), max_iter=1))
        model.fit(X, X[:, 2])
        with pytest.raises(ValueError, match="step 'functiontransformer'"):
            contributions(model, X[:100], X[100:])


def test_an_imputer_that_looks_at_other_columns_is_named_where_it_does():
    holes = np.where(rng.random(NUMBERS.shape) < 0.2, np.nan, NUMBERS)
    model = make_pipeline(KNNImputer(n_neighbors=2), network()).fit(holes, y)
    with pytest.raises(ValueError, match="step 'knnimputer'"):
        contributions(model, holes[:9], holes[20:])
    explained = contributions(model, NUMBERS[:9], NUMBERS[20:])
    assert_complete(model, NUMBERS[:9], NUMBERS[20:], explained)


def test_other_wrappers_and_bad_tables_are_refused():
    model = make_pipeline(StandardScaler(), network()).fit(NUMBERS, y)
    around = TransformedTargetRegressor(model).fit(NUMBERS, y)
    with pytest.raises(
        TypeError, match=r"Got a TransformedTargetRegressor\. Pass the fitted network"
    ):
        contributions(around, NUMBERS, NUMBERS)
    with pytest.raises(ValueError, match=r"background has 4 columns, but X has 5"):
        contributions(model, NUMBERS, NUMBERS[:, :4])
    with pytest.raises(TypeError, match=r"around a PCA"):
        contributions(make_pipeline(StandardScaler(), PCA()).fit(NUMBERS), NUMBERS, NUMBERS)
    with pytest.raises(TypeError, match=r"input_gradient\(pipeline\[-1\]"):
        input_gradient(model, NUMBERS)


@pytest.fixture(scope="module")
def raw():
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, N), unit="D")
    words = np.array([f"street {i} {'north' if i % 2 else 'south'}" for i in range(60)])
    holes = TABLE["age"].where(rng.random(N) > 0.2)
    return TABLE.assign(age=holes, day=days, street=rng.choice(words, N))


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_a_table_as_it_is(raw, kind):
    pytest.importorskip("skrub")
    if kind == "polars":
        columns = {name: raw[name].to_list() for name in raw}
        raw = pytest.importorskip("polars").DataFrame(columns, nan_to_null=True)
    labels = np.greater(PRICE, PRICE.median())
    model = make_tabular_pipeline(ScratchMLPClassifier((16,), max_iter=20, random_state=0))
    model.fit(raw, labels)
    explained = contributions(model, raw[:9], raw[20:])
    assert explained.feature_names == [*raw.columns]
    assert explained.values.shape == (9, 7)
    names = model[:-1].get_feature_names_out()
    inner = contributions(model[-1], *(model[:-1].transform(rows) for rows in (raw[:9], raw[20:])))
    for j, column in enumerate(raw.columns):
        own = [i for i, name in enumerate(names) if name == column or name.startswith(f"{column}_")]
        assert_allclose(explained.values[:, j], inner.values[:, own].sum(axis=1), atol=1e-5)
    difference = model.decision_function(raw[:9]) - model.decision_function(raw[20:]).mean()
    assert_allclose(explained.values.sum(axis=1) - difference, explained.gap, atol=1e-5)


def test_a_transformer_that_checks_the_order_gets_the_order_of_X():
    table = pd.DataFrame(NUMBERS, columns=list("abcde"))
    model = make_pipeline(StandardScaler(), network()).fit(table, y)
    background = table[20:].assign(more=1)[["e", "more", "d", "c", "b", "a"]]
    explained = contributions(model, table[:9], background)
    assert_allclose(explained.values, contributions(model, table[:9], table[20:]).values)
