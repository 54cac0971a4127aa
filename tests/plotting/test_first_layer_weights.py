"""Weights of the first layer as images."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch.plotting import FirstLayerWeightsDisplay

draw = FirstLayerWeightsDisplay.from_estimator


def test_an_image_is_a_column_of_the_weights(fitted):
    display = draw(fitted)
    assert len(display.images_) == 5
    for unit, image in enumerate(display.images_):
        assert_array_equal(np.ravel(image.get_array()), fitted.coefs_[0][:, unit])
        assert image.get_array().shape == (4, 4)
    assert [text.get_text() for text in display.texts_] == ["0", "1", "2", "3", "4"]


def test_another_shape(fitted):
    assert draw(fitted, image_shape=(2, 8)).weights.shape == (5, 2, 8)


def test_of_a_pipeline(data, small):
    pipe = make_pipeline(StandardScaler(), small()).fit(*data)
    assert_array_equal(draw(pipe).weights[2].ravel(), pipe[-1].coefs_[0][:, 2])


def test_of_a_linear_model(data, small):
    assert draw(small(hidden_layer_sizes=()).fit(*data)).weights.shape == (3, 4, 4)


def test_colours_are_symmetric_and_the_same_for_all(fitted):
    largest = abs(fitted.coefs_[0][:, :3]).max()
    images = draw(fitted, units=3).images_
    assert {image.get_clim() for image in images} == {(-largest, largest)}
    assert {image.get_clim() for image in draw(fitted, vmax=1).images_} == {(-1, 1)}


def test_units_are_a_number_or_chosen(fitted):
    assert_array_equal(draw(fitted, units=2).units, [0, 1])
    assert_array_equal(draw(fitted, units=9).units, range(5))
    chosen = draw(fitted, units=[4, 1])
    assert_array_equal(chosen.weights[0].ravel(), fitted.coefs_[0][:, 4])
    assert [text.get_text() for text in chosen.texts_] == ["4", "1"]


@pytest.mark.parametrize("units", [0, -1, [5], [-1], [], [0.5], 2.5, ["a"], "all", None, [[0]]])
def test_units_that_are_not_there_are_refused(fitted, units):
    with pytest.raises(ValueError, match=r"units must be .* from 0 to 4"):
        draw(fitted, units=units)


def test_features_that_make_no_square_need_a_shape(data, small):
    model = small().fit(data[0][:, :12], data[1])
    with pytest.raises(ValueError, match="image_shape is needed: 12 features"):
        draw(model)
    assert draw(model, image_shape=(3, 4)).weights.shape == (5, 3, 4)


def test_the_colour_bar_is_as_high_as_the_images(fitted):
    display = draw(fitted)
    display.figure_.canvas.draw()
    bar, images = display.colorbar_.ax.get_window_extent(), display.ax_.get_window_extent()
    assert (bar.y0, bar.y1) == pytest.approx((images.y0, images.y1))
    assert draw(fitted, colorbar=False).colorbar_ is None


def test_im_kw_has_the_last_word(fitted):
    image = draw(fitted, cmap="gray", im_kw={"cmap": "viridis", "vmax": 9}).images_[0]
    assert image.get_cmap().name == "viridis"
    assert image.get_clim()[1] == 9


def test_lists_in_coefs_are_drawn_too(data, small):
    model = small().fit(*data)
    expected = FirstLayerWeightsDisplay.from_estimator(model).weights
    model.coefs_ = [W.tolist() for W in model.coefs_]
    assert_array_equal(FirstLayerWeightsDisplay.from_estimator(model).weights, expected)
