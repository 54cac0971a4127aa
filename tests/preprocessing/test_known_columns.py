"""Columns that hold another kind of values in ``predict`` than in ``fit``."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.preprocessing import FunctionTransformer

from skscratch import ScratchMLPClassifier
from skscratch.preprocessing import make_tabular_pipeline

pytest.importorskip("skrub", reason='needs "skscratch[tables]"')
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 60
Y = np.arange(N) % 2
DAYS = [datetime.datetime(2020, 1, 1) + datetime.timedelta(days=9 * i) for i in range(N)]
UTC = datetime.UTC
IN_FIT = {
    "number": [i % 7 + 0.5 for i in range(N)],
    "date": DAYS,
    "zoned": [day.replace(tzinfo=UTC) for day in DAYS],
    "day": [day.date() for day in DAYS],
    "date as text": [f"{day:%Y-%m-%d}" for day in DAYS],
    "day first": [f"{day:%d/%m/%Y}" for day in DAYS],
    "number as text": [f"{i % 50}.5" for i in range(N)],
    "town": ["Bern", "Graz", "Oslo"] * (N // 3),
    "name": [f"client {i}" for i in range(N)],
}
DATES = ("date", "zoned", "day", "date as text", "day first")
DAY = datetime.datetime(2020, 3, 5)
LIBRARIES = ("pandas", "polars")


def table(library, values, **series):
    """Return a table with a number and the column "c"."""
    kind = pytest.importorskip(library)
    column = kind.Series(values, **series)
    return kind.DataFrame({"a": [float(i % 5) for i in range(len(values))], "c": column})


@pytest.fixture(scope="module")
def fitted():
    """A function that returns the pipeline that has seen a column, fitted once."""
    models = {}

    def model_of(library, name):
        key = library, name
        if key not in models:
            network = ScratchMLPClassifier((4,), solver="lbfgs", max_iter=5, random_state=0)
            models[key] = make_tabular_pipeline(network).fit(table(library, IN_FIT[name]), Y)
        return models[key]

    return model_of


@pytest.fixture(params=LIBRARIES)
def library(request):
    return request.param


class TestWhatIsMissing:
    @pytest.mark.parametrize("name", IN_FIT)
    @pytest.mark.parametrize(
        "values", ["nothing", "objects", "categories", "NaN", "dates", "zoned dates", "time spans"]
    )
    def test_a_column_without_values(self, fitted, library, name, values):
        if values == "NaN" and library == "polars" and name in ("town", "name"):
            pytest.skip("NaN is a number of polars, and a level")
        polars = pytest.importorskip("polars")
        dtypes = {
            "nothing": {"pandas": None, "polars": polars.Null},
            "objects": {"pandas": object, "polars": polars.Object},
            "categories": {"pandas": "category", "polars": polars.Categorical},
            "NaN": {"pandas": float, "polars": polars.Float64},
            "dates": {"pandas": "datetime64[ns]", "polars": polars.Date},
            "zoned dates": {
                "pandas": "datetime64[ns, UTC]",
                "polars": polars.Datetime("us", "UTC"),
            },
            "time spans": {"pandas": "timedelta64[ns]", "polars": polars.Duration("us")},
        }
        empty = [np.nan if values == "NaN" else None] * 2
        if (library, values) == ("pandas", "objects"):
            empty = [None, pd.NA]
        found = fitted(library, name).predict_proba(
            table(library, empty, dtype=dtypes[values][library])
        )
        missing = table(library, [IN_FIT[name][0], None])
        expected = fitted(library, name).predict_proba(missing)
        assert_array_equal(found[1], expected[1])

    @pytest.mark.filterwarnings("ignore:Could not infer format")
    @pytest.mark.parametrize("name", DATES)
    @pytest.mark.parametrize("values", ["text", "blanks", "categories", "times", "bytes"])
    def test_dates_that_cannot_be_read(self, fitted, library, name, values):
        found = {
            "text": ["never", "never"],
            "blanks": ["", " "],
            "categories": ["never", "never"],
            "times": [datetime.time(1)] * 2,
            "bytes": [b"x"] * 2,
        }[values]
        polars = pytest.importorskip("polars")
        of_categories = {"pandas": "category", "polars": polars.Categorical}[library]
        series = {"dtype": of_categories} if values == "categories" else {}
        model = fitted(library, name)
        with_missing = table(library, [IN_FIT[name][0], None])
        expected = model.predict_proba(with_missing)[1]
        assert_array_equal(model.predict_proba(table(library, found, **series))[1][0], expected[0])


class TestDatesThatCanBeRead:
    @pytest.mark.parametrize("name", ["date", "day"])
    @pytest.mark.parametrize("values", ["text", "categories", "objects"])
    def test_as_text_and_as_objects(self, fitted, library, name, values):
        polars = pytest.importorskip("polars")
        dtype = {
            ("pandas", "categories"): "category",
            ("polars", "categories"): polars.Categorical,
            ("pandas", "objects"): object,
            ("polars", "objects"): polars.Object,
        }.get((library, values))
        given = [DAY, None] if values == "objects" else ["2020-03-05", None]
        found = fitted(library, name).predict_proba(table(library, given, dtype=dtype))
        expected = fitted(library, name).predict_proba(table(library, [DAY, None]))
        assert_array_equal(found, expected)

    def test_text_with_a_time_zone(self, fitted, library):
        model = fitted(library, "zoned")
        given = ["2020-03-05T00:00:00Z", "2020-03-05T02:00:00+02:00"]
        expected = model.predict_proba(table(library, [DAY.replace(tzinfo=UTC)] * 2))
        for text in given:
            assert_array_equal(model.predict_proba(table(library, [text, text])), expected)

    def test_the_format_of_fit_is_kept(self, fitted, library):
        model = fitted(library, "day first")
        expected = model.predict_proba(table(library, [DAY, DAY]))
        found = model.predict_proba(table(library, ["05/03/2020", "05/03/2020"]))
        assert_array_equal(found, expected)

    def test_without_a_format_the_month_comes_first(self, fitted, library):
        model = fitted(library, "date")
        expected = model.predict_proba(table(library, [datetime.datetime(2020, 5, 3)] * 2))
        found = model.predict_proba(table(library, ["05/03/2020", "05/03/2020"]))
        assert_array_equal(found, expected)

    def test_the_table_and_its_index_stay_as_they_are(self, fitted):
        X = table("pandas", ["2020-03-05", None]).set_axis([7, 7])
        copy = X.copy()
        fitted("pandas", "date").predict(X)
        pd.testing.assert_frame_equal(X, copy)


class TestWhatIsRefused:
    @pytest.mark.parametrize("name", DATES)
    @pytest.mark.parametrize(
        "values",
        [[20200105, 20200106], [1.5, None], [True, None], [None, Decimal("1.5")]],
        ids=["whole", "fractions", "booleans", "decimals"],
    )
    def test_numbers_where_dates_were(self, fitted, library, name, values):
        message = r"Column 'c' of X holds a number: .*held dates in fit\. Convert it"
        with pytest.raises(ValueError, match=message):
            fitted(library, name).predict(table(library, values))

    def test_numbers_among_dates(self, fitted):
        with pytest.raises(ValueError, match="Column 'c' of X holds a number: 20200105"):
            fitted("pandas", "date").predict(table("pandas", [DAY, 20200105], dtype=object))

    @pytest.mark.parametrize("name", ["number", "number as text"])
    @pytest.mark.parametrize(
        ("value", "what"),
        [
            (DAY, "dates"),
            (DAY.replace(tzinfo=UTC), "dates"),
            (DAY.date(), "dates"),
            (datetime.timedelta(days=1), "time spans"),
            (datetime.time(1), "times of day"),
        ],
        ids=["dates", "zoned", "days", "spans", "times"],
    )
    def test_dates_where_numbers_were(self, fitted, library, name, value, what):
        message = rf"[Cc]olumn 'c' .*holds {what}.* The column held numbers in fit\."
        with pytest.raises(ValueError, match=message):
            fitted(library, name).predict(table(library, [value, None]))

    @pytest.mark.parametrize("name", [*DATES, "town", "name"])
    @pytest.mark.parametrize(
        ("value", "what"),
        [
            ([1], r"nested values: \[1\]"),
            ({"x": 1}, "nested values"),
            (datetime.timedelta(days=1), "time spans"),
        ],
        ids=["list", "dict", "span"],
    )
    def test_what_fit_refuses(self, fitted, library, name, value, what):
        with pytest.raises(ValueError, match=f"Column 'c' of X holds {what}"):
            fitted(library, name).predict(table(library, [value, value]))

    @pytest.mark.parametrize("name", ["date", "day"])
    @pytest.mark.parametrize(
        "values",
        [
            ["2020-01-05T00:00:00Z", None],
            ["2020-01-05T00:00:00+02:00", "2020-01-05T00:00:00+03:00"],
            [DAY.replace(tzinfo=UTC), None],
        ],
        ids=["Z", "two offsets", "dates"],
    )
    def test_a_time_zone_where_none_was(self, fitted, library, name, values):
        message = "'c' of X holds dates with a time zone, and with none in fit"
        with pytest.raises(ValueError, match=message):
            fitted(library, name).predict(table(library, values))

    def test_objects_with_two_time_zones(self, fitted):
        east = datetime.timezone(datetime.timedelta(hours=3))
        values = [DAY.replace(tzinfo=UTC), DAY.replace(tzinfo=east)]
        with pytest.raises(ValueError, match="holds dates with a time zone"):
            fitted("pandas", "date").predict(table("pandas", values, dtype=object))
        assert len(fitted("pandas", "zoned").predict(table("pandas", values, dtype=object))) == 2

    def test_a_time_zone_where_text_had_none(self, fitted, library):
        with pytest.raises(ValueError, match="holds dates with a time zone, and with none in fit"):
            fitted(library, "date as text").predict(table(library, [DAY.replace(tzinfo=UTC)] * 2))

    @pytest.mark.parametrize("value", [DAY, DAY.date(), "2020-01-05"], ids=["date", "day", "text"])
    def test_no_time_zone_where_one_was(self, fitted, library, value):
        message = "'c' of X holds dates with no time zone, and with one in fit"
        with pytest.raises(ValueError, match=message):
            fitted(library, "zoned").predict(table(library, [value, None]))


class TestOtherColumns:
    def test_additional_columns_may_hold_anything(self, fitted, library):
        X = table(library, ["Bern", "Graz"])
        more = table(library, [[1], [2]])["c"]
        wide = X.assign(more=more) if library == "pandas" else X.with_columns(more=more)
        model = fitted(library, "town")
        assert_array_equal(model.predict_proba(wide), model.predict_proba(X))

    def test_another_encoder_in_place_of_that_of_skrub(self):
        X = table("pandas", DAYS)
        network = ScratchMLPClassifier((4,), solver="lbfgs", max_iter=5)
        model = make_tabular_pipeline(network)
        model.set_params(table__others=FunctionTransformer(lambda X: X.astype("int64")))
        assert len(model.fit(X, Y).predict(X)) == N

    @pytest.mark.parametrize("blank", ["", "  ", "N/A"])
    @pytest.mark.parametrize("beside", [(), ("town",), ("date",)])
    def test_a_column_of_blanks_is_dropped(self, library, blank, beside):
        kind = pytest.importorskip(library)
        columns = {name: IN_FIT[name] for name in ("number", *beside)}
        network = ScratchMLPClassifier((4,), solver="lbfgs", max_iter=5, random_state=0)
        model = make_tabular_pipeline(network).fit(kind.DataFrame(columns | {"c": [blank] * N}), Y)
        names = model[:-1].get_feature_names_out()
        assert not any(name.startswith("c") for name in names)
        few = {name: values[:2] for name, values in columns.items()}
        expected = model.predict_proba(kind.DataFrame(few | {"c": [blank] * 2}))
        for values in (["x", "y"], [1, 2], [None, None], DAYS[:2]):
            found = model.predict_proba(kind.DataFrame(few | {"c": values}))
            assert_array_equal(found, expected)

    def test_blanks_before_the_values(self, library):
        kind = pytest.importorskip(library)
        towns = [""] * 150 + ["Bern", "Graz"] * 25
        X = kind.DataFrame({"a": [float(i % 5) for i in range(200)], "c": towns})
        model = make_tabular_pipeline(ScratchMLPClassifier((4,), solver="lbfgs", max_iter=5))
        names = model.fit(X, np.arange(200) % 2)[:-1].get_feature_names_out()
        assert "c_Bern" in names
