"""The helpers of all displays: which network is found, axes, text that fits, colours of lines."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch.plotting._common import (
    CHARACTER,
    find_network,
    fit_text,
    line_colors,
    new_axes,
    pyplot,
    size_in_points,
)

GRID = {"scratchmlpclassifier__alpha": [0, 1]}

# Linear RGB as seen without one kind of cones: Machado, Oliveira and Fernandes, A physiologically-
# based model for simulation of color vision deficiency, 2009.
EYES = {
    "all": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = [[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0178, 0.1095, 0.8727]]  # white is 1
LAB = np.array([[0, 116, 0], [500, -500, 0], [0, 200, -200]])


def test_a_network_is_itself(fitted):
    assert find_network(fitted, "history_") is fitted


def test_scikit_learns_has_weights_too(data):
    model = MLPClassifier((3,), solver="lbfgs", tol=1, random_state=0).fit(*data)
    assert find_network(model, "coefs_") is model
    with pytest.raises(TypeError, match="Got a MLPClassifier"):
        find_network(model, "history_")


def test_the_last_step_of_a_pipeline(data, small):
    pipe = make_pipeline(StandardScaler(), make_pipeline(PCA(3), small())).fit(*data)
    assert find_network(pipe, "coefs_") is pipe[-1][-1]


def test_the_best_of_a_search(data, small):
    search = GridSearchCV(make_pipeline(StandardScaler(), small()), GRID, cv=2).fit(*data)
    assert find_network(search, "history_") is search.best_estimator_[-1]


def test_a_search_without_refit_has_none(data, small):
    search = GridSearchCV(small(), {"alpha": [0, 1]}, cv=2, refit=False).fit(*data)
    with pytest.raises(TypeError, match=r"best_estimator_\. Got a GridSearchCV\."):
        find_network(search, "history_")


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(StandardScaler(), m)])
def test_what_is_not_fitted_is_refused(small, wrap):
    with pytest.raises(NotFittedError):
        find_network(wrap(small()), "coefs_")


def test_what_is_no_network_is_refused_by_name(data):
    pipe = make_pipeline(StandardScaler(), DummyClassifier()).fit(*data)
    with pytest.raises(TypeError, match="Got a Pipeline around a DummyClassifier"):
        find_network(pipe, "coefs_")


def test_a_class_is_no_estimator(fitted):
    with pytest.raises(TypeError, match="class"):
        find_network(type(fitted), "coefs_")


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


def least_difference(colors, eyes):
    """Return the distance in CIELAB of the two colours that are most alike."""
    linear = [
        np.where((c := np.array(to_rgb(color))) > 0.04045, ((c + 0.055) / 1.055) ** 2.4, c / 12.92)
        for color in colors
    ]
    xyz = np.clip(np.array(linear) @ np.transpose(EYES[eyes]), 0, 1) @ np.transpose(XYZ)
    lab = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116) @ LAB.T
    return min(np.linalg.norm(a - b) for a, b in combinations(lab, 2))


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize(("n", "least"), [(2, 75), (4, 25), (10, 15)])
def test_lines_can_be_told_apart(eyes, n, least):
    assert least_difference(line_colors(plt, n), eyes) > least


def test_matplotlibs_own_cannot():
    assert least_difference(["C0", "C1", "C2", "C3"], "all") > 25
    assert least_difference(["C0", "C1", "C2"], "no red") < 5
    assert least_difference(["C0", "C1", "C2", "C3"], "no green") < 8


def test_one_line_has_the_usual_colour():
    assert line_colors(plt, 1) == ["C0"]


def test_a_style_has_its_own_colours():
    with plt.style.context({"axes.prop_cycle": plt.cycler(color=["red", "blue", "black"])}):
        assert line_colors(plt, 2) == ["red", "blue"]
        assert len({tuple(color) for color in line_colors(plt, 4)}) == 4, "the style has three"


def test_a_style_without_colours_is_no_error():
    with plt.style.context({"axes.prop_cycle": plt.cycler(linestyle=["-", "--"])}):
        assert len({tuple(color) for color in line_colors(plt, 2)}) == 2
