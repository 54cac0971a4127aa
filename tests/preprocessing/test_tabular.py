"""A table as it is, in one line: pandas and polars, every kind of column, and bad ones."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.preprocessing import make_tabular_pipeline
from tests.conftest import data_folder

pytest.importorskip("skrub", reason='needs "skscratch[tables]"')
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
N = 300
Y = np.where(np.arange(N) % 3 == 0, "yes", "no")


def table(n=N):
    """Return a table with a column of every kind; the answer is in the category."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame({
        "age": rng.normal(40, 10, n),
        "flag": rng.random(n) < 0.5,
        "whole": pd.array(rng.permutation([1, None, 5] * (n // 3)), dtype="Int64"),
        "town": np.where(np.arange(n) % 3 == 0, "Graz", rng.choice(["Bern", "Oslo"], n)),
        "kind": pd.Categorical(rng.choice(["u", "v"], n)),
        "name": [f"client {i}" for i in range(n)],
        "since": pd.date_range("2020-01-01", periods=n, tz="Europe/Berlin"),
        "digits": [str(i % 40) for i in range(n)],
        "empty": [None] * n,
    })  # fmt: skip
    for column in ("age", "town", "name", "since"):
        data.loc[rng.choice(n, 9, replace=False), column] = None
    return data


def quick(kind=ScratchMLPClassifier, **params):
    settings = {"solver": "lbfgs", "max_iter": 50, "random_state": 0}
    return kind(hidden_layer_sizes=(8,), **settings | params)


@pytest.fixture(scope="module")
def model():
    return make_tabular_pipeline(quick()).fit(table(), Y)


class TestTables:
    def test_every_kind_of_column(self, model):
        assert model.score(table(), Y) > 0.95
        names = {*model[:-1].get_feature_names_out()}
        assert names >= {
            "age", "age_missing", "flag", "whole", "whole_missing", "town_Graz", "town_Bern",
            "kind_u", "name_00", "since_year", "since_month_circular_0", "digits",
        }  # fmt: skip
        assert not any(name.startswith("empty") for name in names)
        assert np.isfinite(model[:-1].transform(table())).all()

    def test_the_network_is_better_than_without_the_category(self):
        score = cross_val_score(make_tabular_pipeline(quick()), table(), Y, cv=3).mean()
        without = table().drop(columns="town")
        assert score > 0.9 > cross_val_score(make_tabular_pipeline(quick()), without, Y).mean()

    def test_bins_from_a_thousand_rows_on(self):
        for n, has_bins in ((999, False), (1002, True)):
            y = np.arange(n) % 3 == 0
            encoder = make_tabular_pipeline(quick())[0].fit(table(n), y)
            assert ("age_bin0" in encoder.get_feature_names_out()) is has_bins

    def test_the_scale_of_the_bins(self):
        for kind, scale in ((ScratchMLPClassifier, 0.5), (ScratchMLPRegressor, 0.25)):
            encoder = make_tabular_pipeline(kind())[0].transformers[0][1]
            assert encoder.scale == scale

    def test_a_seed_of_the_estimator_makes_it_reproducible(self, model):
        again = make_tabular_pipeline(quick()).fit(table(), Y)
        assert_array_equal(again.predict_proba(table()), model.predict_proba(table()))

    def test_the_input_is_not_changed(self, model):
        data, copy = table(), table()
        make_tabular_pipeline(quick()).fit(data, Y).predict(data)
        pd.testing.assert_frame_equal(data, copy)

    def test_polars_gives_what_pandas_gives(self, model):
        polars = pytest.importorskip("polars")
        columns = {name: values.to_list() for name, values in table().items() if name != "since"}
        frame = polars.DataFrame({k: [None if v is pd.NA or v != v else v for v in values]
                                  for k, values in columns.items()}, strict=False)  # fmt: skip
        pandas = make_tabular_pipeline(quick()).fit(table().drop(columns="since"), Y)
        found = make_tabular_pipeline(quick()).fit(frame, Y).predict_proba(frame)
        assert_allclose(found, pandas.predict_proba(table()), atol=1e-3)

    def test_regression(self):
        y = np.where(Y == "yes", 1000.0, 0.0)
        model = make_tabular_pipeline(quick(ScratchMLPRegressor)).fit(table(), y)
        assert model.score(table(), y) > 0.8

    def test_another_estimator(self):
        boosting = HistGradientBoostingClassifier(random_state=0)
        model = make_tabular_pipeline(boosting).fit(table(), Y)
        assert model.score(table(), Y) > 0.9


class TestPrediction:
    def test_columns_in_another_order_and_more_of_them(self, model):
        other = table()[table().columns[::-1]].assign(more="text")
        assert_array_equal(model.predict_proba(other), model.predict_proba(table()))

    def test_levels_that_are_new(self, model):
        new = table().assign(town="Lima", kind="w", name="a new client")
        assert np.isfinite(model.predict_proba(new)).all()

    def test_a_missing_column_is_named(self, model):
        with pytest.raises(ValueError, match=r"columns are missing: \{'town'\}"):
            model.predict(table().drop(columns="town"))

    def test_text_where_there_were_numbers(self, model):
        with pytest.raises(
            ValueError,
            match=r"Column 'age' holds text: 'x' in row 0\. The column held numbers in fit",
        ):
            model.predict(table().assign(age="x"))

    def test_a_pickle(self, model):
        loaded = pickle.loads(pickle.dumps(model))
        assert_array_equal(loaded.predict_proba(table()), model.predict_proba(table()))


class TestBadColumns:
    @pytest.mark.parametrize(
        ("values", "what"),
        [
            ([[1, 2]] * N, "nested values"),
            ([{}] * N, "nested values"),
            ([None, *[(1, 2)] * (N - 1)], "nested values"),
            ([1j] * N, "complex numbers"),
            (pd.to_timedelta(range(N), unit="s"), "time spans"),
            ([np.inf] * N, "an infinite number"),
        ],
        ids=["lists", "dicts", "tuples", "complex", "spans", "infinite"],
    )
    def test_the_error_names_the_column(self, values, what):
        with pytest.raises(ValueError, match=f"Column 'bad'( of X)? holds {what}"):
            make_tabular_pipeline(quick()).fit(table().assign(bad=values), Y)

    @pytest.mark.parametrize("labels", [["a", None], ["a", 1]], ids=["missing", "mixed"])
    def test_labels_that_cannot_be_compared(self, labels):
        y = np.array(labels * 501, dtype=object)
        with pytest.raises(ValueError, match=r"y: .*(row 1 is missing|It mixes str and int)"):
            make_tabular_pipeline(quick()).fit(table(1002), y)

    @pytest.mark.parametrize(
        "values", [pd.date_range("2020", periods=N), [pd.NA, "x"] * (N // 2)], ids=["dates", "NA"]
    )
    def test_another_type_where_there_were_numbers(self, model, values):
        with pytest.raises(ValueError, match=r"Column 'age'( of X)? holds .* held numbers in fit"):
            model.predict(table().assign(age=values))

    def test_polars_has_names_too(self):
        polars = pytest.importorskip("polars")
        X = polars.DataFrame({"age": [np.inf] * N})
        with pytest.raises(ValueError, match="Column 'age' holds an infinite number"):
            make_tabular_pipeline(quick()).fit(X, Y)

    def test_names_must_be_strings(self):
        with pytest.raises(TypeError, match="must be strings"):
            make_tabular_pipeline(quick()).fit(table().set_axis(range(9), axis=1), Y)

    @pytest.mark.parametrize("dtype", [object, "str", "datetime64[ns]"])
    def test_an_empty_column_alone(self, dtype):
        X = table()[["age"]].assign(empty=pd.Series([None] * N, dtype=dtype))
        model = make_tabular_pipeline(quick()).fit(X, Y)
        assert model[:-1].get_feature_names_out().tolist() == ["age", "age_missing"]

    @pytest.mark.filterwarnings("error::RuntimeWarning")
    def test_float32(self):
        X = table()[["age"]].astype(np.float32)
        assert make_tabular_pipeline(quick()).fit(X, Y).predict_proba(X).shape == (N, 2)

    @pytest.mark.parametrize("estimator", ["classifier", ScratchMLPClassifier, None])
    def test_no_estimator(self, estimator):
        with pytest.raises(TypeError, match="must be an estimator such as Scratch"):
            make_tabular_pipeline(estimator)

    def test_a_missing_label_is_named(self):
        y = np.where(np.arange(N) == 7, np.nan, np.arange(N) % 2)
        with pytest.raises(ValueError, match=r"y: Input.*NaN.*Row 7 holds a missing value"):
            make_tabular_pipeline(quick()).fit(table(), y)

    def test_a_missing_number_is_no_label(self):
        y = np.where(np.arange(N) == 7, np.nan, np.arange(N) / 7)
        with pytest.raises(ValueError, match=r"Row 7 holds .*: nan\. Leave out such rows of X"):
            make_tabular_pipeline(quick(ScratchMLPRegressor)).fit(table(), y)

    @pytest.mark.parametrize("X", [np.zeros((9, 2)), [[1], [2]], pd.Series([1, 2]), {"a": Y}])
    def test_no_table(self, model, X):
        for call in (lambda: make_tabular_pipeline(quick()).fit(X, Y), lambda: model.predict(X)):
            with pytest.raises(TypeError, match="make_tabular_pipeline takes a DataFrame"):
                call()

    def test_a_lazy_table_of_polars(self, model):
        X = pytest.importorskip("polars").DataFrame({"age": np.arange(N)}).lazy()
        for call in (lambda: make_tabular_pipeline(quick()).fit(X, Y), lambda: model.predict(X)):
            with pytest.raises(TypeError, match=r"X is a LazyFrame.*X\.collect\(\)"):
                call()

    def test_names_that_are_there_twice(self, model):
        X = table().set_axis(["age", *table().columns[1:-1], "age"], axis=1)
        for call in (lambda: make_tabular_pipeline(quick()).fit(X, Y), lambda: model.predict(X)):
            with pytest.raises(ValueError, match="'age' is there more than once"):
                call()

    @pytest.mark.parametrize("kind", ["pandas", "polars"])
    def test_dates_with_and_without_a_time_zone(self, kind):
        days = pd.Series(pd.date_range("2020-01-01", periods=N))
        naive, aware, other = (
            pd.DataFrame({"since": d, "age": np.arange(N) % 7})
            for d in (days, days.dt.tz_localize("UTC"), days.dt.tz_localize("Europe/Berlin"))
        )
        if kind == "polars":
            polars = pytest.importorskip("polars")
            naive, aware, other = (
                polars.DataFrame({name: X[name].tolist() for name in X})
                for X in (naive, aware, other)
            )
        model = make_tabular_pipeline(quick()).fit(naive, Y)
        with pytest.raises(ValueError, match=r"'since' of X holds dates with a time zone.*none"):
            model.predict(aware)
        assert len(model.predict(naive)) == N
        model = make_tabular_pipeline(quick()).fit(aware, Y)
        with pytest.raises(ValueError, match=r"with no time zone, and with one in fit.*localize"):
            model.predict(naive)
        assert len(model.predict(other)) == N

    @pytest.mark.parametrize("column", [["x", "y"], [1.0, None], pd.date_range("2020", periods=2)])
    def test_the_estimator_alone_shows_the_line(self, column):
        with pytest.raises(ValueError, match=r"make_tabular_pipeline\(model\)\.fit\(X, y\)"):
            ScratchMLPClassifier().fit(pd.DataFrame({"a": column}), [0, 1])


class TestWithinScikitLearn:
    def test_search_over_all_parts(self):
        grid = {
            "table__numbers__n_bins": [2, 4],
            "table__others__tablevectorizer__low_cardinality__min_frequency": [5, 150],
        }
        search = GridSearchCV(make_tabular_pipeline(quick()), grid, cv=2).fit(table(), Y)
        assert search.best_params_[[*grid][1]] == 5
        assert search.best_score_ > 0.8

    def test_a_clone(self):
        model = make_tabular_pipeline(quick(alpha=3))
        assert clone(model).get_params()["estimator__alpha"] == 3

    def test_explanations_by_original_column(self, model):
        importance = permutation_importance(model, table(), Y, n_repeats=2, random_state=0)
        assert table().columns[np.argmax(importance.importances_mean)] == "town"
        data = table().dropna(subset=["age"])
        curve = partial_dependence(model, data, ["age"], kind="average", grid_resolution=5)
        assert np.isfinite(curve["average"]).all()


@pytest.mark.filterwarnings("error")
def test_nothing_prepared_and_no_warning():
    folder = data_folder("tabular")
    for name in ("adult", "credit_g"):
        data = pd.read_csv(folder / f"{name}.csv.gz").sample(1000, random_state=0)
        y = data.pop("target")
        model = make_tabular_pipeline(ScratchMLPClassifier(random_state=0))
        model.fit(data[:800], y[:800])
        assert model.score(data[800:], y[800:]) > 0.65
