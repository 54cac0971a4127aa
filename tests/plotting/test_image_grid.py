"""Images with labels, and where images and captions go."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.svm import LinearSVC

from skscratch.plotting import ImageGridDisplay
from skscratch.plotting._image_grid import columns_of, draw_images, figure_size, image_shape_of

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


@pytest.mark.parametrize(
    ("n", "shape", "n_cols"),
    [(1, (8, 8), 1), (3, (8, 8), 3), (24, (8, 8), 6), (100, (8, 8), 13), (6, (2, 18), 1)],
)
def test_a_grid_is_wider_than_high(n, shape, n_cols):
    assert columns_of(np.zeros((n, *shape)), None) == n_cols


def test_columns_asked_for_are_no_more_than_images():
    assert columns_of(np.zeros((3, 8, 8)), 2) == 2
    assert columns_of(np.zeros((3, 8, 8)), 12) == 3
    assert columns_of(np.zeros((0, 8, 8)), 12) == 1


@pytest.mark.parametrize("n", [1, 3, 100])
def test_a_figure_is_no_larger_than_a_page(n):
    images = np.zeros((n, 8, 8))
    width, height = figure_size(images, columns_of(images, None), 2)
    assert 3 <= width <= 9
    assert 1.5 <= height <= 9


@pytest.mark.parametrize(
    ("n", "shape", "expected"),
    [(64, None, (8, 8)), (12, (3, 4), (3, 4)), (12, [4, 3], (4, 3)), (12, (2, 2, 3), (2, 2, 3))],
)
def test_shapes(n, shape, expected):
    assert image_shape_of(n, shape, n_channels=(3, 4)) == expected


@pytest.mark.parametrize("shape", [(4, 4), (12,), (-3, -4), (3, 2, 2), (1, 2, 2, 3)])
def test_a_shape_of_another_size_is_refused(shape):
    with pytest.raises(ValueError, match=r"image_shape must be .*, 12, as product. Got "):
        image_shape_of(12, shape, n_channels=(3,))


def test_a_shape_that_cannot_be_guessed_is_asked_for():
    with pytest.raises(ValueError, match="image_shape is needed: 12 features"):
        image_shape_of(12, None)


def test_colours_are_for_those_who_allow_them():
    with pytest.raises(ValueError, match=r"must be \(height, width\), with"):
        image_shape_of(12, (2, 2, 3))


def boxes(pictures, ax):
    corners = [ax.transData.transform(np.reshape(p.get_extent(), (2, 2)).T) for p in pictures]
    return [np.r_[np.min(c, axis=0), np.max(c, axis=0)] for c in corners]


def overlap(a, b):
    return (a[:2] < b[2:] - 1e-6).all() and (b[:2] < a[2:] - 1e-6).all()


@pytest.mark.parametrize("n", [1, 3, 10])
@pytest.mark.parametrize("shape", [(8, 8), (3, 9), (9, 3)])
@pytest.mark.parametrize("size", [(3, 2.5), (7, 7)])
def test_nothing_overlaps_and_pixels_are_square(n, shape, size):
    figure, ax = plt.subplots(figsize=size, layout="compressed")
    images = np.random.default_rng(0).random((n, *shape))
    pictures, texts = draw_images(ax, images, [f"image {i}\nof {n}" for i in range(n)], 4)
    figure.canvas.draw()
    drawn = boxes(pictures, ax)
    drawn += [text.get_window_extent().extents for text in texts]
    assert len(drawn) in {n, 2 * n}
    assert not any(overlap(a, b) for i, a in enumerate(drawn) for b in drawn[:i])
    for box in drawn[:n]:
        width, height = box[2:] - box[:2]
        assert height / width == pytest.approx(shape[0] / shape[1], rel=1e-6) or size == (3, 2.5)


def test_images_are_row_by_row_and_the_right_way_up():
    _, ax = plt.subplots()
    images = np.arange(12).reshape(3, 2, 2)
    pictures, _ = draw_images(ax, images, [], 2)
    for picture, image in zip(pictures, images, strict=True):
        assert_array_equal(picture.get_array(), image)
    first, second, third = boxes(pictures, ax)
    assert first[0] < second[0]
    assert first[1] == second[1] > third[1]
    left, right, bottom, top = pictures[0].get_extent()
    (_, y_bottom), (_, y_top) = ax.transData.transform([(left, bottom), (right, top)])
    assert y_bottom < y_top
    assert pictures[0].origin == "upper"


def test_where_there_is_no_room_captions_are_left_out():
    images, captions = np.zeros((24, 8, 8)), ["true 1\npredicted 2"] * 24
    assert draw_images(plt.figure(figsize=(2, 1.5)).add_subplot(), images, captions, 6)[1] == []
    assert len(draw_images(plt.figure(figsize=(8, 7)).add_subplot(), images, captions, 6)[1]) == 24


def test_no_images_are_said_to_be_none():
    _, ax = plt.subplots()
    assert draw_images(ax, np.zeros((0, 8, 8)), [], 1) == ([], [])
    assert [text.get_text() for text in ax.texts] == ["no images"]
