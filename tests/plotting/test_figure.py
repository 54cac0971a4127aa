"""Axes, and text that fits."""

import matplotlib.pyplot as plt
import pytest

from skscratch.plotting._figure import CHARACTER, fit_text, new_axes, pyplot, size_in_points


def test_pyplot_is_matplotlibs():
    assert pyplot(object) is plt


def test_new_axes_have_a_figure_of_that_size():
    assert new_axes(None, None, (3, 2)).figure.get_size_inches().tolist() == [3, 2]
    given = plt.figure().add_subplot()
    assert new_axes(None, given, (3, 2)) is given


@pytest.mark.parametrize("dpi", [72, 200])
def test_size_is_in_points_whatever_the_resolution(dpi):
    ax = plt.figure(figsize=(2, 1), dpi=dpi).add_axes((0, 0, 1, 0.5))
    assert size_in_points(ax) == pytest.approx((144, 36))


def test_short_text_has_the_usual_size():
    assert fit_text(["a", "b\nc"], 100) == (9, ["a", "b\nc"])


def test_longer_text_is_smaller():
    size, texts = fit_text(["x" * 20, "y"], 20 * CHARACTER * 7)
    assert size == pytest.approx(7)
    assert texts == ["x" * 20, "y"]


def test_text_too_long_for_that_is_cut():
    size, texts = fit_text(["abc\n" + "x" * 30], 10 * CHARACTER * 6)
    assert size == 6
    assert texts == ["abc\n" + "x" * 9 + "…"]


def test_text_really_fits():
    """The assumed width of a character holds for words."""
    figure = plt.figure()
    size, (text,) = fit_text(["predicted Ankle boot"], 80)
    drawn = figure.text(0, 0, text, fontsize=size)
    width = drawn.get_window_extent(figure.canvas.get_renderer()).width
    assert width * 72 / figure.dpi <= 80


def test_no_text_is_no_error():
    assert fit_text([], 10) == (9, [])
