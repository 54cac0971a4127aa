"""What is refused in X and y is named, with its place and the way out, wherever it comes in."""

import datetime

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.preprocessing import PiecewiseLinearEncoder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 60
Z = np.random.default_rng(0).normal(size=(N, 3))
Y = (Z[:, 0] > 0).astype(int)
TABLE = pd.DataFrame(Z, columns=["age", "city", "income"])
DAYS = pd.date_range("2020-01-01", periods=N)
SPANS = DAYS - DAYS[0]


def with_city(values):
    return TABLE.assign(city=values)


ENCODE, FILL = "OneHotEncoder", "SimpleImputer"
DATES, SECONDS = "days since", "total_seconds"
FEATURES = {
    "text": (with_city("Rome"), "Column 'city' holds text: 'Rome' in row 0", ENCODE),
    "string": (
        with_city(pd.Series(["Rome"] * N, dtype="string")),
        "Column 'city' holds text: 'Rome'",
        ENCODE,
    ),
    "categories": (
        with_city(pd.Categorical(["Rome", "Bonn"] * (N // 2))),
        "Column 'city' holds text: 'Rome'",
        ENCODE,
    ),
    "text among numbers": (
        with_city(pd.Series([1.0, "2", "x"] * (N // 3), dtype=object)),
        "Column 'city' holds text: 'x' in row 2",
        ENCODE,
    ),
    "text behind a missing value": (
        TABLE.assign(age=np.nan, city="Rome"),
        "Column 'city' holds text: 'Rome' in row 0",
        ENCODE,
    ),
    "array of text": (np.full((N, 2), "Rome"), "Column 0 holds text: 'Rome' in row 0", ENCODE),
    "list with text": ([[1.0, "Rome"]] * N, "Column 1 holds text: 'Rome' in row 0", ENCODE),
    "NA in Int64": (
        with_city(pd.array([1, None] * (N // 2), dtype="Int64")),
        "Column 'city' holds a missing value: nan in row 1",
        FILL,
    ),
    "NA in boolean": (
        with_city(pd.array([True, None] * (N // 2), dtype="boolean")),
        "Column 'city' holds a missing value: <NA> in row 1",
        FILL,
    ),
    "NA among objects": (
        with_city(pd.Series([pd.NA] * N, dtype=object)),
        "Column 'city' holds a missing value: <NA> in row 0",
        FILL,
    ),
    "None": (
        with_city(pd.Series([1, None] * (N // 2), dtype=object)),
        "Column 'city' holds a missing value: None in row 1",
        FILL,
    ),
    "NaN": (with_city(np.nan), "Column 'city' holds a missing value: nan in row 0", FILL),
    "NaN in an array": (
        np.where(Z[5, 2] == Z, np.nan, Z),
        "Column 2 holds a missing value: nan in row 5",
        FILL,
    ),
    "NaN in a sparse matrix": (
        sparse.csr_array(np.where(Z[5, 2] == Z, np.nan, Z)),
        "Column 2 holds a missing value: nan in row 5",
        FILL,
    ),
    "infinity": (with_city(-np.inf), "Column 'city' holds an infinite number: -inf", "Replace"),
    "dates": (with_city(DAYS), "Column 'city' of .* holds dates", DATES),
    "dates with a zone": (
        with_city(DAYS.tz_localize("UTC")),
        "Column 'city' of .* holds dates",
        DATES,
    ),
    "time spans": (with_city(SPANS), "Column 'city' of .* holds time spans", SECONDS),
    "categories of dates": (
        with_city(pd.Categorical(DAYS)),
        "Column 'city' of .* holds dates",
        DATES,
    ),
    "dates among objects": (
        with_city(pd.Series(DAYS, dtype=object)),
        "Column 'city' holds dates: Timestamp",
        DATES,
    ),
    "days of Python": (
        with_city([datetime.date(2020, 1, 1)] * N),
        r"Column 'city' holds dates: datetime.date\(2020, 1, 1\)",
        DATES,
    ),
    "periods": (with_city(DAYS.to_period("D")), "Column 'city' holds an object of type Period", ""),
    "dates alone": (
        pd.DataFrame({"begin": DAYS, "end": DAYS}),
        "Column 'begin' of .* holds dates",
        DATES,
    ),
    "time spans alone": (pd.DataFrame({"stay": SPANS}), "Column 'stay' of .* time spans", SECONDS),
    "array of dates": (np.c_[DAYS.values, DAYS.values], "X.* holds dates", DATES),
    "array of time spans": (np.c_[SPANS.values], "X.* holds time spans", SECONDS),
    "list of dates": ([[1.0, day] for day in DAYS.values], "Column 1 of .* holds dates", DATES),
    "objects of dates": (
        np.array([[1.0, day] for day in DAYS.values], dtype=object),
        "Column 1 of .* holds dates",
        DATES,
    ),
    "complex": (with_city(2j), "Column 'city' holds complex numbers: 2j", "imaginary part"),
    "complex objects": (
        with_city(pd.Series([2j] * N, dtype=object)),
        "Column 'city' holds complex numbers: 2j",
        "imaginary part",
    ),
    "objects": (np.full((N, 2), {}, dtype=object), "Column 0 holds an object of type dict", ""),
}
features = pytest.mark.parametrize(("X", "message", "way_out"), FEATURES.values(), ids=FEATURES)


def check_refused(call, message, way_out, argument):
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}") as error:
        call()
    text = str(error.value)
    assert way_out in text
    assert argument in text
    assert text.count("\n") == 0


def sound(X):
    """Return numbers in the columns of X."""
    if isinstance(X, pd.DataFrame):
        return pd.DataFrame(np.ones(X.shape), columns=X.columns)
    return np.ones(X.shape if sparse.issparse(X) else np.shape(X))


@features
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_features_to_learn_from(X, message, way_out, method):
    classes = {"classes": [0, 1]} if method == "partial_fit" else {}
    model = ScratchMLPClassifier((4,), max_iter=2)
    check_refused(lambda: getattr(model, method)(X, Y, **classes), message, way_out, "X")


@features
def test_features_to_validate_on(X, message, way_out):
    model = ScratchMLPClassifier((4,), max_iter=2)
    check_refused(lambda: model.fit(sound(X), Y, X_val=X, y_val=Y), message, way_out, "X_val")


@features
@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_features_to_predict_from(X, message, way_out, method):
    model = ScratchMLPClassifier((4,), max_iter=2).fit(sound(X), Y)
    check_refused(lambda: getattr(model, method)(X), message, way_out, "X")


@pytest.mark.parametrize(
    "values",
    [
        pd.Categorical([1, 2] * (N // 2)),
        pd.array([1, 2] * (N // 2), dtype="Int64"),
        pd.array([True, False] * (N // 2), dtype="boolean"),
        pd.Series([1, 2.5] * (N // 2), dtype=object),
        "12",
    ],
    ids=["categories", "Int64", "boolean", "objects", "numerals"],
)
def test_numbers_of_any_kind_are_taken(values):
    model = ScratchMLPClassifier((4,), max_iter=2).fit(with_city(values), Y)
    assert model.n_features_in_ == 3


def test_a_long_text_is_shown_in_part():
    with pytest.raises(ValueError, match=r"Column 'city' holds text: '\w+\.\.\.\w+' in row 0"):
        ScratchMLPClassifier().fit(with_city("x" * 999), Y)


def test_what_is_wrong_otherwise_is_not_laid_to_a_value():
    model = ScratchMLPClassifier((4,), max_iter=2).fit(TABLE, Y)
    with pytest.raises(ValueError, match="feature names should match") as error:
        model.predict(with_city(np.nan).rename(columns=str.upper))
    assert "missing value" not in str(error.value)


def third(*labels):
    return [labels[i % len(labels)] for i in range(N)]


MIXED, MISSING = "Make them one", "Leave out such rows"
LABELS = {
    "int and str": (third(0, "b", 2), r"mixes int and str: 0 in row 0, 'b' in row 1", MIXED),
    "objects": (np.array(third(0, "b"), dtype=object), "mixes int and str", MIXED),
    "bool and str": (third(True, "b"), "mixes bool and str", MIXED),
    "int and float": (np.array(third(0, 1.0), dtype=object), "mixes int and float", MIXED),
    "objects of one kind": (np.array(third(0, 1), dtype=object), "Python objects", "astype"),
    "None": (third("a", None), r"row 1 is missing: None", MISSING),
    "None and int": (third(0, None), r"row 1 is missing: None", MISSING),
    "None objects": (np.array(third(0, None), dtype=object), "row 1 is missing: None", MISSING),
    "NaN": (third(0.0, np.nan), "row 1 is missing: nan", MISSING),
    "NaN among strings": (third("a", np.nan), "row 1 is missing: nan", MISSING),
    "NA in Int64": (pd.Series(third(0, None), dtype="Int64"), "row 1 is missing: <NA>", MISSING),
    "NA in string": (pd.Series(third("a", None), dtype="string"), "row 1 is missing", MISSING),
    "NA in categories": (pd.Series(third("a", None), dtype="category"), "is missing", MISSING),
    "NA objects": (pd.Series(third(0, pd.NA), dtype=object), "row 1 is missing: <NA>", MISSING),
    "infinite": (third(0.0, np.inf), "row 1 is no class: inf", MISSING),
    "complex": (third(1j, 2), "row 0 is no class: 1j", MISSING),
    "continuous": (Z[:, 0], "Unknown label type: continuous", "MLPRegressor"),
    "continuous columns": (Z, "Unknown label type: continuous", "MLPRegressor"),
}
labels = pytest.mark.parametrize(("y", "message", "way_out"), LABELS.values(), ids=LABELS)


@labels
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_labels_to_learn_from(y, message, way_out, method):
    classes = {"classes": [0, 1]} if method == "partial_fit" else {}
    model = ScratchMLPClassifier((4,), max_iter=2)
    check_refused(lambda: getattr(model, method)(Z, y, **classes), message, way_out, "y")


@labels
def test_labels_to_validate_by(y, message, way_out):
    model = ScratchMLPClassifier((4,), max_iter=2)
    check_refused(lambda: model.fit(Z, Y, X_val=Z, y_val=y), message, way_out, "y_val")


@pytest.mark.parametrize(
    "y",
    [third("a", np.str_("b")), third(0, np.int64(1), True), third(0, 1.0), third((0,), (1,))],
    ids=["str", "int", "float", "tuples"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_labels_of_one_kind_in_any_dress_are_taken(y):
    assert len(ScratchMLPClassifier((4,), max_iter=2).fit(Z, y).classes_) == 2


@pytest.mark.parametrize("y", [None, {}], ids=repr)
def test_an_object_without_rows_is_laid_to_y(y):
    with pytest.raises((ValueError, TypeError), match=r"\by\b"):
        ScratchMLPClassifier().fit(Z, np.array(y, dtype=object))


@pytest.mark.parametrize("weights", [DAYS.values, pd.Series(SPANS)], ids=["dates", "spans"])
def test_weights_are_no_dates(weights):
    with pytest.raises(ValueError, match=r"sample_weight holds (dates|time spans)"):
        ScratchMLPClassifier().fit(Z, Y, sample_weight=weights)


@pytest.mark.parametrize(
    "weights", [["1"] * N, np.full(N, "a"), np.array([1, "b"] * (N // 2), object), "balanced"]
)
@pytest.mark.parametrize("argument", ["sample_weight", "sample_weight_val"])
def test_weights_are_no_text(weights, argument):
    of_val = {"X_val": Z, "y_val": Y} if argument == "sample_weight_val" else {}
    for model in (ScratchMLPClassifier(), ScratchMLPRegressor()):
        with pytest.raises(ValueError, match=rf"{argument}\b.*holds text: .*astype\(float\)"):
            model.fit(Z, Y, **of_val, **{argument: weights})
    if argument == "sample_weight":
        with pytest.raises(ValueError, match=r"^sample_weight holds text"):
            PiecewiseLinearEncoder().fit(Z, Y, sample_weight=weights)


class TestParameters:
    """Numbers that somebody has written into a fitted network."""

    @pytest.fixture
    def model(self):
        return ScratchMLPClassifier((4,), max_iter=2, warm_start=True).fit(Z, Y)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    @pytest.mark.parametrize(("name", "layer"), [("coefs_", 0), ("intercepts_", 1)])
    @pytest.mark.parametrize("method", ["predict", "fit", "partial_fit"])
    def test_what_is_not_finite_is_named(self, model, value, name, layer, method):
        getattr(model, name)[layer][...] = value
        what = "NaN" if value != value else "infinity"
        with pytest.raises(ValueError, match=rf"^{name}\[{layer}\] holds {what}.*fit again"):
            getattr(model, method)(*((Z,) if method == "predict" else (Z, Y)))

    def test_what_is_too_large_is_not(self, model):
        model.coefs_[0][...] = np.finfo(model.coefs_[0].dtype).max / 2
        with pytest.raises(ValueError, match="too large"):
            model.predict(1000 * Z)


@pytest.mark.parametrize(
    ("params", "cause"),
    [
        ({"alpha": 1e300, "solver": "sgd"}, r"alpha=1e\+300: lower it"),
        ({"alpha": 1e300, "solver": "lbfgs"}, r"alpha=1e\+300: lower it"),
        ({"weight_decay": 1e6}, r"weight_decay=1e\+06: lower it"),
        ({"weight_decay": 1e6, "solver": "sgd"}, r"weight_decay=1e\+06: lower it"),
        ({"learning_rate": lambda step: 1e200}, r"a learning rate of 1e\+200: lower it"),
        ({"weight_init": lambda rng, i, o: np.full((i, o), 1e200)}, "weight_init"),
    ],
)
def test_a_divergence_is_laid_to_what_was_set(params, cause):
    model = ScratchMLPClassifier((4,), max_iter=200, random_state=0, **params)
    with pytest.raises(ValueError, match=rf"non-finite in epoch \d+.*likely cause is {cause}"):
        model.fit(Z, Y)
