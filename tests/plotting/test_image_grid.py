"""Images with labels."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.svm import LinearSVC

from skscratch.plotting import ImageGridDisplay

IMAGES = np.arange(4 * 6).reshape(4, 2, 3)
TRUE, PREDICTED = ["a", "b", "a", "b"], ["a", "a", "b", "b"]


def captions(display):
    return [text.get_text() for text in display.texts_]


def predictions(**options):
    return ImageGridDisplay.from_predictions(TRUE, PREDICTED, images=IMAGES, **options)


def test_captions_have_what_is_known():
    both = predictions()
    assert captions(both)[1] == "true b\npredicted a"
    assert captions(ImageGridDisplay(images=IMAGES, y_true=TRUE).plot()) == TRUE
    only = ImageGridDisplay(images=IMAGES, y_pred=PREDICTED).plot()
    assert captions(only)[1] == "predicted a"
    assert captions(ImageGridDisplay(images=IMAGES).plot()) == []


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_what_is_wrong_is_red(style):
    """What is right has the colour of all text: black would not show on black."""
    with plt.style.context(style):
        usual = plt.rcParams["text.color"]
        colors = [text.get_color() for text in predictions().texts_]
    assert colors == [usual, "tab:red", "tab:red", usual]


def test_dollars_are_no_formula():
    labels = {"y_true": ["$1 to $2"], "y_pred": ["$1 to $2"]}
    (text,) = ImageGridDisplay(images=IMAGES[:1], **labels).plot().texts_
    assert not text.get_parse_math()


def test_errors_alone_the_most_confident_first():
    display = predictions(only_errors=True, confidence=[0.9, 0.6, 0.7, 0.8])
    assert_array_equal(display.images, IMAGES[[2, 1]])
    assert captions(display) == ["true a\npredicted b", "true b\npredicted a"]
    assert_array_equal(predictions(only_errors=True).images, IMAGES[[1, 2]])


def test_no_more_than_asked_for():
    assert_array_equal(predictions(max_images=2).images, IMAGES[:2])


def test_no_errors_are_no_images():
    display = ImageGridDisplay.from_predictions(TRUE, TRUE, images=IMAGES, only_errors=True)
    assert display.images_ == []
    assert [text.get_text() for text in display.ax_.texts] == ["no images"]


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ImageGridDisplay.from_predictions(TRUE, PREDICTED[:3], images=IMAGES)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        predictions(confidence=[1])


@pytest.mark.parametrize("n", [89, 91])
@pytest.mark.parametrize("only_errors", [False, True])
def test_labels_must_be_as_many_as_samples(fitted, data, n, only_errors):
    X, y = data
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ImageGridDisplay.from_estimator(fitted, X, np.resize(y, n), only_errors=only_errors)


def test_labels_in_a_column_are_labels(fitted, data):
    X, y = data[0], np.roll(data[1], 1)
    column = ImageGridDisplay.from_estimator(fitted, X, y[:, np.newaxis], only_errors=True)
    row = ImageGridDisplay.from_estimator(fitted, X, y, only_errors=True)
    assert_array_equal(column.images, row.images)


@pytest.mark.parametrize("only_errors", [False, True])
def test_several_labels_of_a_sample_are_refused(data, small, only_errors):
    X, Y = data[0], np.eye(3, dtype=int)[data[1]]
    model = small().fit(X, Y)
    with pytest.raises(ValueError, match=r"should be a 1d array, got an array of shape \(90, 3\)"):
        ImageGridDisplay.from_estimator(model, X, Y, only_errors=only_errors)


@pytest.mark.parametrize("n", [0, -1])
def test_less_than_an_image_is_refused(n):
    with pytest.raises(ValueError, match=f"max_images must be at least 1. Got {n}"):
        predictions(max_images=n)


@pytest.mark.parametrize("make", [np.asarray, pd.DataFrame, sp.csr_matrix, sp.coo_array])
def test_the_estimators_mistakes(fitted, data, make):
    X, y = data[0], np.roll(data[1], 1)
    if make is pd.DataFrame:
        fitted = type(fitted)(**fitted.get_params()).fit(pd.DataFrame(X), data[1])
    display = ImageGridDisplay.from_estimator(fitted, make(X), y, only_errors=True)
    predicted, certainty = fitted.predict(X), fitted.predict_proba(X).max(axis=1)
    wrong = np.flatnonzero(predicted != y)
    wrong = wrong[np.argsort(-certainty[wrong])][:24]
    assert_array_equal(display.images, X[wrong].reshape(-1, 4, 4))
    assert_array_equal(display.y_pred, predicted[wrong])
    assert_array_equal(display.y_true, y[wrong])


def test_any_classifier_will_do(data):
    model = LinearSVC(random_state=0).fit(*data)
    display = ImageGridDisplay.from_estimator(model, *data, max_images=3, image_shape=(8, 2))
    assert_array_equal(display.images, data[0][:3].reshape(3, 8, 2))


def test_colours(data):
    X = np.random.default_rng(0).random((4, 48))
    model = LinearSVC(random_state=0).fit(X, TRUE)
    display = ImageGridDisplay.from_estimator(model, X, TRUE, image_shape=(4, 4, 3))
    assert display.images_[0].get_array().shape == (4, 4, 3)


def test_grey_values_have_one_scale():
    assert {image.get_clim() for image in predictions().images_} == {(0, 23)}
    assert predictions(im_kw={"vmax": 99}).images_[0].get_clim() == (0, 99)
