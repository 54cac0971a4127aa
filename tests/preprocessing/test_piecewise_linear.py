"""Codes of numbers, against np.interp and values by hand."""

import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.preprocessing import PiecewiseLinearEncoder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
NEW = RNG.normal(size=(50, 3)) * 2
STRATEGIES = pytest.mark.parametrize("strategy", ["tree", "quantile", "uniform"])
NAN = np.nan


def encoder_of(n_bins=16, *, scale=1.0, **params):
    """Return an encoder that makes bins of few rows, too."""
    return PiecewiseLinearEncoder(n_bins, scale=scale, **params)


def by_interpolation(x, edges, scale=1.0):
    """Column k rises from 0 to 1 between its two edges: an oracle that knows no formula of ours."""
    return scale * np.column_stack([np.interp(x, pair, [0, 1]) for pair in pairwise(edges)])


def expected(encoder, X):
    parts = []
    for x, edges in zip(X.T, encoder.bin_edges_, strict=True):
        parts += [x[:, None]] * encoder.keep_input
        parts += [by_interpolation(x, edges, encoder.scale)]
    return np.hstack(parts)


class TestCode:
    @STRATEGIES
    @pytest.mark.parametrize("params", [{}, {"keep_input": False}, {"scale": 0.25, "n_bins": 5}])
    def test_columns_are_interpolations(self, strategy, params):
        encoder = encoder_of(strategy=strategy, **params).fit(X, Y)
        assert_allclose(encoder.transform(NEW), expected(encoder, NEW), rtol=1e-12, atol=1e-15)
        assert_allclose(encoder.transform(X), expected(encoder, X), rtol=1e-12, atol=1e-15)

    def test_an_encoder_that_is_sabotaged_is_found(self):
        encoder = encoder_of().fit(X, Y)
        for name in ("lower", "width", "scale", "high"):
            broken = pickle.loads(pickle.dumps(encoder))
            broken._columns[name][-1] *= 1.1
            assert not np.allclose(broken.transform(NEW), expected(broken, NEW), rtol=1e-6)

    def test_edges_have_the_codes_0_and_1_exactly(self):
        encoder = encoder_of(keep_input=False, scale=0.7, n_bins=7).fit(X[:, :1], Y)
        (edges,) = encoder.bin_edges_
        n = len(edges) - 1
        assert_array_equal(encoder.transform(edges[:, None]), 0.7 * np.tri(n + 1, n, -1))

    def test_the_sum_of_the_code_of_equal_bins_is_the_number_again(self):
        encoder = encoder_of(n_bins=4, strategy="uniform", keep_input=False)
        total = encoder.fit(X).transform(X)[:, :4].sum(axis=1)
        x = X[:, 0]
        assert_allclose(total, 4 * (x - x.min()) / (x.max() - x.min()), atol=1e-12)

    def test_it_spans_what_hats_span(self):
        """SplineTransformer's hats with the same knots: each basis is linear in the other."""
        encoder = encoder_of(n_bins=6, strategy="quantile", keep_input=False)
        ours = encoder.fit(X[:, :1]).transform(X[:, :1])
        knots = encoder.bin_edges_[0][:, None]
        hats = SplineTransformer(degree=1, knots=knots).fit_transform(X[:, :1])
        assert_allclose(ours, hats @ np.tri(7, 6, -1), atol=1e-12)

    def test_many_rows_are_encoded_in_pieces(self):
        encoder = encoder_of().fit(X, Y)
        many = np.tile(NEW, (100, 1))
        assert_array_equal(encoder.transform(many), np.tile(encoder.transform(NEW), (100, 1)))


class TestAutomaticBins:
    @pytest.mark.parametrize(("n", "n_bins"), [(999, 1), (1000, 16)])
    def test_few_rows_get_none(self, n, n_bins):
        data = RNG.normal(size=(n, 2))
        data[0, 1] = NAN
        encoder = PiecewiseLinearEncoder().fit(data, data[:, 0] > 0)
        assert encoder.n_bins_ == n_bins
        names = encoder.get_feature_names_out()
        assert ("x0_bin0" in names) is (n_bins > 1)
        assert "x1_missing" in names

    @pytest.mark.parametrize(("n_numeric", "n_bins"), [(100, 16), (101, 1)])
    def test_many_numeric_features_get_none(self, n_numeric, n_bins):
        data = RNG.integers(0, 2, (1000, 150)).astype(float)
        data[:, :n_numeric] += RNG.integers(0, 2, (1000, n_numeric))
        assert PiecewiseLinearEncoder(strategy="uniform").fit(data).n_bins_ == n_bins

    @pytest.mark.parametrize(
        ("shape", "n_bins"), [((500_000, 16), 16), ((500_000, 50), 5), ((1_000_000, 40), 1)]
    )
    def test_the_bins_of_many_rows_take_a_gibibyte_at_most(self, shape, n_bins):
        many = np.broadcast_to(RNG.random((shape[0], 1)), shape)
        assert PiecewiseLinearEncoder()._most_bins(many) == n_bins

    def test_1_makes_none(self):
        data = np.where(RNG.random(X.shape) < 0.1, NAN, X)
        encoder = PiecewiseLinearEncoder(n_bins=1).fit(data, Y)
        assert encoder.n_bins_ == 1
        assert encoder.transform(data).shape == (400, 6)

    def test_rows_of_weight_0_do_not_count(self):
        data = RNG.normal(size=(1200, 2))
        w = (np.arange(1200) < 999) * 1.0
        assert PiecewiseLinearEncoder(strategy="uniform").fit(data, None, w).n_bins_ == 1


class TestFeaturesThatAreLeftAlone:
    @STRATEGIES
    @pytest.mark.parametrize("keep_input", [True, False])
    def test_one_or_two_values(self, strategy, keep_input):
        data = np.column_stack([np.ones(400), X[:, 0] > 0, 7 - 9.0 * (X[:, 1] > 1)])
        encoder = encoder_of(strategy=strategy, keep_input=keep_input).fit(data, Y)
        assert_array_equal(encoder.transform(NEW), NEW)
        assert encoder.get_feature_names_out().tolist() == ["x0", "x1", "x2"]
        assert [len(edges) for edges in encoder.bin_edges_] == [0, 0, 0]

    def test_a_single_bin_is_the_feature_itself(self):
        few = X[:15]
        encoder = encoder_of().fit(few, Y[:15])
        assert_array_equal(encoder.transform(NEW), NEW)
        encoder = encoder_of(keep_input=False, scale=0.5).fit(few, Y[:15])
        assert encoder.get_feature_names_out().tolist() == ["x0_bin0", "x1_bin0", "x2_bin0"]
        assert_allclose(encoder.transform(NEW), expected(encoder, NEW), rtol=1e-12)


class TestMissingValues:
    TRAIN = np.array([[0.0, 0.0], [NAN, 1.0], [2.0, 2.0], [4.0, 4.0], [10.0, 10.0], [3.0, 3.0]])
    ROWS = np.array([[NAN, NAN], [2.0, 2.0]])

    def fitted(self, **params):
        settings = {"n_bins": 2, "strategy": "uniform", "scale": 0.5}
        return encoder_of(**settings | params).fit(self.TRAIN)

    def test_an_indicator_where_fit_has_seen_some(self):
        encoder = self.fitted()
        assert encoder.get_feature_names_out(["a", "b"]).tolist() == [
            "a", "a_bin0", "a_bin1", "a_missing", "b", "b_bin0", "b_bin1",
        ]  # fmt: skip
        assert_array_equal(encoder.medians_, [3, 2.5])
        assert_array_equal(encoder.missing_features_, [0])
        assert_allclose(
            encoder.transform(self.ROWS),
            [[3, 0, 0, 1, 2.5, 0.25, 0], [2, 0.2, 0, 0, 2, 0.2, 0]],
        )

    def test_missing_values_pass_through(self):
        encoder = self.fitted(handle_missing="passthrough")
        assert_allclose(encoder.transform(self.ROWS), [[NAN] * 6, [2, 0.2, 0] * 2])

    @pytest.mark.parametrize(
        ("how", "coded"),
        [("indicator", [[1, 1], [1, 0], [5, 0]]), ("passthrough", [[NAN], [1], [5]])],
    )
    def test_in_a_feature_of_two_values(self, how, coded):
        encoder = encoder_of(strategy="quantile", handle_missing=how)
        encoder.fit([[0.0], [1.0], [1.0], [NAN]])
        assert_array_equal(encoder.transform([[NAN], [1.0], [5.0]]), coded)

    @STRATEGIES
    @pytest.mark.parametrize(
        ("how", "coded"),
        [("indicator", [[0, 1, 1], [0, 0, 1]]), ("passthrough", [[NAN, 1], [5, 1]])],
    )
    def test_a_feature_of_nothing_else(self, strategy, how, coded):
        encoder = encoder_of(strategy=strategy, handle_missing=how)
        encoder.fit([[NAN, 1.0], [NAN, 1.0]], [0, 1])
        assert_array_equal(encoder.transform([[NAN, 1.0], [5.0, 1.0]]), coded)

    @STRATEGIES
    def test_they_have_no_part_in_the_edges(self, strategy):
        holes = RNG.random(400) < 0.3
        data = X.copy()
        data[holes, 0] = NAN
        with_holes = encoder_of(strategy=strategy).fit(data, Y)
        without = encoder_of(strategy=strategy).fit(X[~holes, :1], Y[~holes])
        assert_array_equal(with_holes.bin_edges_[0], without.bin_edges_[0])


class TestTypes:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.float16])
    def test_float32_stays_and_all_else_is_float64(self, dtype):
        data = (4 * X).astype(dtype)
        coded = encoder_of().fit(data, Y).transform(data)
        assert coded.dtype == (np.float32 if dtype == np.float32 else np.float64)

    def test_float32_is_computed_in_float64(self):
        data = (X + 1000).astype(np.float32)
        encoder = encoder_of(n_bins=64, strategy="quantile").fit(X + 1000)
        wide = encoder.transform(data.astype(np.float64))
        assert_array_equal(encoder.transform(data), wide.astype(np.float32))

    def test_the_input_is_not_changed(self):
        data = np.where(RNG.random(X.shape) < 0.2, NAN, X)
        data.setflags(write=False)
        copy = data.copy()
        coded = encoder_of().fit(data, Y).transform(data)
        assert not np.shares_memory(coded, data)
        assert_array_equal(data, copy)

    def test_a_table_has_names(self):
        table = pd.DataFrame(X[:, :2], columns=["age", "income"])
        encoder = encoder_of(n_bins=2, strategy="quantile").set_output(transform="pandas")
        coded = encoder.fit_transform(table)
        assert coded.columns.tolist() == [
            "age", "age_bin0", "age_bin1", "income", "income_bin0", "income_bin1",
        ]  # fmt: skip
        assert_allclose(coded, expected(encoder, table.to_numpy()), rtol=1e-12, atol=1e-15)

    def test_polars(self):
        polars = pytest.importorskip("polars")
        encoder = encoder_of(n_bins=2, strategy="quantile").set_output(transform="polars")
        coded = encoder.fit_transform(polars.DataFrame({"age": X[:, 0]}))
        assert coded.columns == ["age", "age_bin0", "age_bin1"]


class TestWithinScikitLearn:
    def test_pipeline_search_and_pickle(self):
        table = pd.DataFrame(X, columns=["a", "b", "c"]).assign(kind=np.where(Y, "u", "v"))
        pipe = make_pipeline(
            make_column_transformer((encoder_of(), ["a", "b", "c"]), (OneHotEncoder(), ["kind"])),
            ScratchMLPClassifier((8,), solver="lbfgs", max_iter=30, tol=0.01, random_state=0),
        )
        grid = {"columntransformer__piecewiselinearencoder__n_bins": [2, 8]}
        search = GridSearchCV(pipe, grid, cv=2).fit(table, Y)
        assert search.best_score_ > 0.95
        loaded = pickle.loads(pickle.dumps(search))
        assert_array_equal(loaded.predict_proba(table), search.predict_proba(table))

    def test_weights_are_routed(self):
        w = RNG.integers(0, 3, 400)
        with config_context(enable_metadata_routing=True):
            encoder = encoder_of().set_fit_request(sample_weight=True)
            model = ScratchMLPClassifier((), solver="lbfgs", alpha=1).set_fit_request(
                sample_weight=False
            )
            pipe = make_pipeline(encoder, model).fit(X, Y, sample_weight=w)
        alone = encoder_of().fit(X, Y, w)
        for ours, theirs in zip(pipe[0].bin_edges_, alone.bin_edges_, strict=True):
            assert_array_equal(ours, theirs)

    def test_a_clone_has_the_parameters(self):
        params = {"n_bins": 5, "scale": 2.0, "strategy": "uniform", "random_state": 1}
        assert clone(encoder_of(**params)).get_params().items() >= params.items()

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"n_bins": 0}, r"'n_bins' parameter .* must be an int in the range \[1, inf\)"),
            ({"n_bins": True}, "'n_bins' parameter"),
            ({"strategy": "kmeans"}, "'strategy' parameter .*'quantile', 'tree', 'uniform'"),
            ({"scale": 0}, r"'scale' parameter .* in the range \(0.0, inf\)"),
            ({"handle_missing": "error"}, "'handle_missing' parameter"),
            ({"target_type": "binary"}, "'target_type' parameter"),
            ({"subsample": 0}, "'subsample' parameter"),
        ],
    )
    def test_bad_parameters(self, params, message):
        with pytest.raises(ValueError, match=message):
            encoder_of(**params).fit(X, Y)

    @pytest.mark.parametrize("method", ["transform", "get_feature_names_out"])
    def test_before_fit(self, method):
        with pytest.raises(NotFittedError):
            getattr(encoder_of(), method)(X[:0])


@STRATEGIES
@pytest.mark.parametrize("scale", [1.0, 0.5, 0.25, 0.05])
def test_the_estimators_leave_codes_as_they_are(strategy, scale):
    """Each column is 0 somewhere and 1, 1/2 or 1/4 elsewhere; so it counts as scaled."""
    data = np.where(RNG.random(X.shape) < 0.1, NAN, X)
    steps = StandardScaler(), encoder_of(strategy=strategy, scale=scale)
    coded = make_pipeline(*steps).fit(data, Y).transform(data)
    with_scaling, without = (
        ScratchMLPClassifier((8,), max_iter=3, standardize=standardize, random_state=0)
        .fit(coded, Y)
        .predict_proba(coded)
        for standardize in (True, False)
    )
    assert np.array_equal(with_scaling, without) is (scale != 0.05)


def test_user_settings_for_floating_point_errors():
    data = X.copy()
    data[0, 0] = 5e-324
    with np.errstate(all="raise"):
        coded = encoder_of(strategy="quantile").fit(data).transform(1e300 * NEW)
    assert np.isfinite(coded).all()


def test_names_that_collide_are_refused():
    data = pd.DataFrame(X[:, :2], columns=["a", "a_bin0"])
    encoder = encoder_of().fit(data, Y)
    message = "'a' and 'a_bin0' both have a column 'a_bin0'. Rename one"
    with pytest.raises(ValueError, match=message):
        encoder.get_feature_names_out()


class TestTargetsThatAreNotNumbers:
    """The encoder does not know what predicts y, so its advice fits classes and numbers."""

    @staticmethod
    def message(y, model=None):
        with pytest.raises(ValueError, match=r"^y: ") as error:
            make_pipeline(encoder_of(), model or ScratchMLPRegressor()).fit(X, y)
        return str(error.value)

    @pytest.mark.parametrize("value", [np.nan, np.inf, None])
    @pytest.mark.parametrize("columns", [1, 2])
    def test_the_rows_are_named_and_to_be_left_out(self, value, columns):
        y = np.tile(X[:, :1], columns).astype(object if value is None else float)
        y[[7, 30], -1] = value
        message = self.message(y[:, 0] if columns == 1 else y)
        what = "an infinite number" if value == np.inf else "a missing value"
        assert f"Row 7 holds {what}: {value}. Other such rows: 30. Leave out such" in message
        assert "class" not in message

    def test_of_many_rows_some_are_named(self):
        message = self.message(np.where(np.arange(400) % 2, np.nan, X[:, 0]))
        assert "Row 1 holds a missing value: nan. Other such rows: 3, 5, 7 and 196 more." in message

    def test_labels_that_are_text_may_have_a_class_of_their_own(self):
        y = np.array(["a", None] * 200, dtype=object)
        message = self.message(y, ScratchMLPClassifier())
        assert "row 1 is missing: None" in message
        assert "a class of their own" in message
