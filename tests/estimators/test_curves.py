"""scikit-learn's names for the history."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from skscratch import ScratchMLPClassifier

NAMES = ["loss_curve_", "loss_", "validation_scores_"]


def Fitted(**columns):
    """Return a model with a history."""
    model = ScratchMLPClassifier()
    model.history_ = {name: np.array(column) for name, column in columns.items()}
    return model


def test_the_loss_is_that_with_the_penalty():
    model = Fitted(loss=[1.0, 0.5], penalty=[0.25, 0.125])
    assert model.loss_curve_ == [1.25, 0.625]
    assert model.loss_ == 0.625


def test_curves_are_lists_of_pythons_numbers():
    """As scikit-learn's are: they can be compared, and written as JSON."""
    model = Fitted(loss=[1.0, 0.5], penalty=[0.25, 0.125], validation_score=[0.5, 0.75])
    for curve in (model.loss_curve_, model.validation_scores_):
        assert type(curve) is list
        assert {type(value) for value in curve} == {float}
    assert type(model.loss_) is float


def test_there_are_no_scores_where_nothing_was_validated():
    assert Fitted(loss=[1.0], penalty=[0.0]).validation_scores_ is None


def test_scores_are_those_of_the_epochs_that_were_validated():
    """A second fit may have been validated and the first not."""
    columns = {"loss": [1.0, 0.5, 0.25], "penalty": [0.0] * 3}
    model = Fitted(validation_score=[np.nan, 0.5, 0.75], **columns)
    assert model.validation_scores_ == [0.5, 0.75]


def test_what_a_user_does_to_a_curve_does_not_last():
    model = Fitted(loss=[1.0], penalty=[0.0])
    model.loss_curve_.append(9)
    assert model.loss_curve_ == [1.0]


@pytest.mark.parametrize("name", NAMES)
def test_before_fit_there_is_no_such_attribute(name):
    """scikit-learn asks with hasattr."""
    model = ScratchMLPClassifier()
    assert not hasattr(model, name)
    with pytest.raises(AttributeError, match="ScratchMLPClassifier is not fitted yet"):
        getattr(model, name)


def test_the_history_is_a_frame_too(binary, small):
    model = small()
    for _ in range(3):
        model.partial_fit(*binary, classes=[0, 1])
    frame = model.history_as_frame()
    assert frame.index.tolist() == [1, 2, 3]
    assert frame.index.name == "epoch"
    assert list(frame) == list(model.history_)
    assert_array_equal(frame["loss"], model.history_["loss"])


def test_a_frame_of_a_bounded_history_ends_with_the_last_epoch(binary, small):
    model = small()
    for _ in range(203):
        model.partial_fit(*binary, classes=[0, 1])
    assert model.history_as_frame().index.tolist() == list(range(4, 204))


def test_there_is_no_frame_before_fit():
    with pytest.raises(NotFittedError, match="ScratchMLPClassifier"):
        ScratchMLPClassifier().history_as_frame()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # short on purpose
def test_a_fitted_model_has_all_of_them(binary, small):
    model = small(early_stopping=True, validation_fraction=0.4).fit(*binary)
    assert all(hasattr(model, name) for name in NAMES)
    assert len(model.loss_curve_) == len(model.validation_scores_) == model.n_iter_
    assert model.loss_ == model.loss_curve_[-1]
