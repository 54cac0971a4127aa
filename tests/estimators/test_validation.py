"""The door: conversions, copies, and errors that name the argument."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csc_array

from skscratch import ScratchMLPClassifier
from skscratch.estimators._validation import check_training_data, naming

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 0, 1])


def check(X=X, y=Y, w=None, dtype=(np.float64, np.float32)):
    return check_training_data(ScratchMLPClassifier(), X, y, w, list(dtype), first=True)


@pytest.mark.parametrize("make", [np.asfortranarray, pd.DataFrame, lambda X: X.repeat(2, 0)[::2]])
def test_rows_of_X_lie_in_one_piece(make):
    """Otherwise gathering a batch would copy the whole of X."""
    checked = check(make(X))[0]
    assert checked.flags.c_contiguous
    assert_array_equal(checked, X)


def test_what_is_right_already_is_not_copied():
    assert np.shares_memory(check()[0], X)
    read_only = X.astype(np.float32)
    read_only.flags.writeable = False
    assert np.shares_memory(check(read_only)[0], read_only)


def test_other_sparse_formats_become_csr():
    assert check(csc_array(X))[0].format == "csr"


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"X": [["a", "b"]] * 6}, "X"),
        ({"X": X * 1j}, "X"),
        ({"X": X[:, 0]}, "X"),
        ({"X": X[None]}, "X"),
        ({"X": X[:0]}, "X"),
        ({"X": X[:, :0]}, "X"),
        ({"X": np.where(X == 3, np.nan, X)}, "X"),
        ({"y": Y[:3]}, "y"),
        ({"y": [[[1]]] * 6}, "y"),
        ({"y": None}, "y"),
        ({"y": np.where(Y, np.nan, Y)}, "y"),
        ({"w": ["a"] * 6}, "sample_weight"),
        ({"w": [1, 2]}, "sample_weight"),
        ({"w": -np.ones(6)}, "sample_weight"),
    ],
)
def test_errors_name_the_argument(arguments, name):
    with pytest.raises((ValueError, TypeError), match=rf"\b{name}\b"):
        check(**arguments)


@pytest.mark.parametrize("y", [np.linspace(0, 1, 6), np.array([0, "a", 1, "b", 2, 3], object)])
def test_labels_that_are_none_are_laid_to_y(y):
    with pytest.raises((ValueError, TypeError), match=r"\by\b"):
        ScratchMLPClassifier().fit(X, y)


def test_naming_keeps_the_kind_of_error_and_a_name_that_is_there():
    with pytest.raises(TypeError, match=r"^X: no$"), naming("X"):
        raise TypeError("no")
    with pytest.raises(ValueError, match=r"^X is bad$"), naming("X"):
        raise ValueError("X is bad")
