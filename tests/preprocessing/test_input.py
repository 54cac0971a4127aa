"""X and y of the encoder: decimals are numbers, and what is refused is named."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from skscratch.preprocessing import PiecewiseLinearEncoder

N = 400
X = np.random.default_rng(0).normal(size=(N, 2))
Y = np.round(3 * X[:, 0] + X[:, 1], 3)


def encoder_of():
    return PiecewiseLinearEncoder(8)


def message_of(X, y):
    with pytest.raises(ValueError, match=r"\S") as error:
        encoder_of().fit(X, y)
    assert "\n" not in str(error.value)
    return str(error.value)


class TestTargets:
    @pytest.mark.parametrize("kind", [Decimal, Fraction, float])
    @pytest.mark.parametrize("container", [list, pd.Series, np.array, "columns", "polars"])
    def test_objects_that_are_numbers(self, kind, container):
        y = [kind(str(value)) for value in Y]
        if container == "polars":
            polars = pytest.importorskip("polars")
            y = polars.Series(y, dtype=polars.Object if kind is Fraction else None)
        elif container == "columns":
            y = [[value] for value in y]
        elif container is np.array:
            y = np.array(y, dtype=object)
        else:
            y = container(y)
        edges = encoder_of().fit(X, y).bin_edges_
        for found, expected in zip(edges, encoder_of().fit(X, Y).bin_edges_, strict=True):
            assert_array_equal(found, expected)

    @pytest.mark.parametrize(
        ("value", "what"),
        [
            (None, "a missing value: None"),
            (Decimal("NaN"), "a missing value"),
            (Decimal("Infinity"), "an infinite number"),
            (10**400, "an infinite number"),
        ],
        ids=["None", "NaN", "infinity", "too large"],
    )
    def test_objects_that_are_no_finite_numbers(self, value, what):
        y = [Decimal(str(value)) for value in Y]
        y[7] = y[30] = value
        message = message_of(X, y)
        assert message.startswith("y: ")
        assert f"Row 7 holds {what}" in message
        assert "Other such rows: 30." in message

    @pytest.mark.parametrize("dtype", ["string", object, "polars"])
    def test_a_missing_label(self, dtype):
        labels = ["p", None, "q", "p"] * (N // 4)
        if dtype == "polars":
            y = pytest.importorskip("polars").Series(labels)
        else:
            y = pd.Series([pd.NA if label is None else label for label in labels], dtype=dtype)
        message = message_of(X, y)
        assert message.startswith("y: ")
        assert "The label in row 1 is missing" in message
        assert "a class of their own" in message

    def test_complex_numbers_are_not_all_shown(self):
        message = message_of(X, Y * 1j)
        assert message.startswith("y: Complex data not supported. The label in row 0 is no class")
        assert len(message) < 200

    def test_another_number_of_rows(self):
        assert message_of(X, Y[:-1]).startswith("y: Found input variables with inconsistent")


class TestFeatures:
    @pytest.mark.parametrize("container", [np.array, np.ndarray.tolist, pd.DataFrame])
    def test_an_infinite_number_has_a_place(self, container):
        wrong = X.copy()
        wrong[3, 1] = -np.inf
        assert "Column 1 holds an infinite number: -inf in row 3. Replace" in message_of(
            container(wrong), Y
        )
        fitted = encoder_of().fit(container(X), Y)
        with pytest.raises(ValueError, match="Column 1 holds an infinite number: -inf in row 3"):
            fitted.transform(container(wrong))

    def test_text_in_a_list_has_a_place(self):
        assert "Column 1 holds text: 'Rome' in row 0. Encode it" in message_of([[1, "Rome"]] * N, Y)

    def test_complex_numbers_are_not_all_shown(self):
        message = message_of(X * 1j, Y)
        assert "Complex data not supported. Column 0 holds complex numbers: " in message

    def test_a_sparse_matrix_is_refused_as_such(self):
        with pytest.raises(TypeError, match=r"Sparse data was passed(?!.*Column)"):
            encoder_of().fit(csr_array(np.where(X > 2, np.inf, 0)), Y)
