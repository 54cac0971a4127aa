"""Colours of lines, as people with each kind of cones missing see them."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from skscratch.plotting._colors import line_colors

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
