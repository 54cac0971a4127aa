"""What differs between the supported versions of scikit-learn."""

import importlib.util

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch import ScratchMLPClassifier
from skscratch._compat import check_sample_weight, new_scoring_monitor

HAS_CALLBACKS = importlib.util.find_spec("sklearn.callback") is not None

X = np.zeros((3, 1), np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_take_the_dtype_asked_for(dtype):
    w = check_sample_weight([1, 2, 0], X, dtype)
    assert w.dtype == dtype
    assert_array_equal(w, [1, 2, 0])


@pytest.mark.parametrize(
    "weights", [[1, 2], [1, -1, 1], [0, 0, 0], [1, np.nan, 1], np.ones((3, 1))]
)
def test_what_cannot_be_weights_is_refused_by_name(weights):
    with pytest.raises(ValueError, match=r"(?i)sample.?weight"):
        check_sample_weight(weights, X, np.float32)


def test_callbacks_are_absent_or_work():
    assert hasattr(ScratchMLPClassifier, "set_callbacks") == HAS_CALLBACKS


@pytest.mark.skipif(HAS_CALLBACKS, reason="for scikit-learn before 1.9")
def test_without_callbacks_the_message_says_why():
    with pytest.raises(ImportError, match=r"scikit-learn 1\.9"):
        new_scoring_monitor("accuracy")
