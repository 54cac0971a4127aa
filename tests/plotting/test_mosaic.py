"""Where images and captions go."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.plotting._mosaic import columns_of, draw, figure_size, image_shape


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
    assert image_shape(n, shape, n_channels=(3, 4)) == expected


@pytest.mark.parametrize("shape", [(4, 4), (12,), (-3, -4), (3, 2, 2), (1, 2, 2, 3)])
def test_a_shape_of_another_size_is_refused(shape):
    with pytest.raises(ValueError, match=r"image_shape must be .*, 12, as product. Got "):
        image_shape(12, shape, n_channels=(3,))


def test_a_shape_that_cannot_be_guessed_is_asked_for():
    with pytest.raises(ValueError, match="image_shape is needed: 12 features"):
        image_shape(12, None)


def test_colours_are_for_those_who_allow_them():
    with pytest.raises(ValueError, match=r"must be \(height, width\), with"):
        image_shape(12, (2, 2, 3))


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
    pictures, texts = draw(ax, images, [f"image {i}\nof {n}" for i in range(n)], 4)
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
    pictures, _ = draw(ax, images, [], 2)
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
    assert draw(plt.figure(figsize=(2, 1.5)).add_subplot(), images, captions, 6)[1] == []
    assert len(draw(plt.figure(figsize=(8, 7)).add_subplot(), images, captions, 6)[1]) == 24


def test_no_images_are_said_to_be_none():
    _, ax = plt.subplots()
    assert draw(ax, np.zeros((0, 8, 8)), [], 1) == ([], [])
    assert [text.get_text() for text in ax.texts] == ["no images"]
