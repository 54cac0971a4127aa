"""Dates, time spans and tables that are not computed: no network takes them for numbers."""

import datetime

import numpy as np
import pandas as pd
import pytest

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch._kinds import kind_of
from skscratch.preprocessing import PiecewiseLinearEncoder

N = 60
X = np.random.default_rng(0).normal(size=(N, 2))
Y = (X[:, 0] > 0).astype(int)
DAYS = pd.date_range("2020-01-01", periods=N)
COLUMNS = {
    "dates": (DAYS, "holds dates, which are not numbers", "days since"),
    "zoned": (DAYS.tz_localize("UTC"), "holds dates, which are not numbers", "days since"),
    "days": (DAYS.date, "holds dates", "days since"),
    "spans": (DAYS - DAYS[0], "holds time spans, which are not numbers", "total_seconds"),
    "times": ([datetime.time(1)] * N, "holds times of day", "the hour"),
}
columns = pytest.mark.parametrize(("values", "what", "way_out"), COLUMNS.values(), ids=COLUMNS)
libraries = pytest.mark.parametrize("library", ["pandas", "polars"])
models = pytest.mark.parametrize(
    "model",
    [
        ScratchMLPClassifier((4,), max_iter=2),
        ScratchMLPRegressor(hidden_layer_sizes=(4,), max_iter=2),
        PiecewiseLinearEncoder(2),
    ],
    ids=["classifier", "regressor", "encoder"],
)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def table(library, values):
    values = values.tolist() if hasattr(values, "tolist") else values
    return pytest.importorskip(library).DataFrame({"age": X[:, 0], "when": values})


@columns
@libraries
@models
def test_columns_to_learn_from(model, library, values, what, way_out):
    with pytest.raises((ValueError, TypeError), match=f"[Cc]olumn 'when' .*{what}") as error:
        model.fit(table(library, values), Y)
    assert way_out in str(error.value)


@columns
@libraries
@models
def test_columns_that_held_numbers_in_fit(model, library, values, what, way_out):
    model.fit(table(library, X[:, 1]), Y)
    method = getattr(model, "predict", getattr(model, "transform", None))
    with pytest.raises((ValueError, TypeError), match=f"[Cc]olumn 'when' .*{what}") as error:
        method(table(library, values))
    if isinstance(model, PiecewiseLinearEncoder):
        way_out = "The column held numbers in fit"
    assert way_out in str(error.value)


@columns
@libraries
def test_columns_to_validate_on(library, values, what, way_out):
    with pytest.raises((ValueError, TypeError), match=f"[Cc]olumn 'when' .*{what}") as error:
        ScratchMLPClassifier((4,)).fit(
            table(library, X[:, 1]), Y, X_val=table(library, values), y_val=Y
        )
    assert way_out in str(error.value)


@models
def test_a_lazy_table_of_polars(model):
    lazy = table("polars", X[:, 1]).lazy()
    with pytest.raises(TypeError, match=r"^X is a LazyFrame.*Pass X\.collect\(\)\.$"):
        model.fit(lazy, Y)
    model.fit(lazy.collect(), Y)
    method = getattr(model, "predict", getattr(model, "transform", None))
    with pytest.raises(TypeError, match=r"^X is a LazyFrame.*Pass X\.collect\(\)\.$"):
        method(lazy)


def test_arrays_of_dates_in_the_encoder():
    with pytest.raises(ValueError, match=r"^X holds dates, which are not numbers"):
        PiecewiseLinearEncoder().fit(np.c_[DAYS.values], Y)


def test_kinds_of_types():
    assert [kind_of(np.dtype(name)) for name in ("f4", "i8", "?", "O")] == [*"fibO"]
    assert kind_of(pd.Series(DAYS).astype("category").dtype) == "M"
    assert kind_of(pd.array([1, None], dtype="Int64").dtype) == "i"
    assert kind_of(None) == "O"


def test_kinds_of_types_of_polars():
    polars = pytest.importorskip("polars")
    kinds = {
        polars.Int8: "f", polars.Decimal(10, 2): "f", polars.Boolean: "b", polars.String: "O",
        polars.Categorical(): "O", polars.Enum(["a"]): "O", polars.Null: "O", polars.Date: "M",
        polars.Datetime("ms", "UTC"): "M", polars.Duration("us"): "m", polars.Time: "t",
    }  # fmt: skip
    assert {dtype: kind_of(dtype) for dtype in kinds} == kinds
