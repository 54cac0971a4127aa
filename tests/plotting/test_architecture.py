"""Layers as a picture and as a table."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch.core.activations import ACTIVATIONS
from skscratch.plotting import ArchitectureDisplay

TABLE = """\
layer     units  activation  parameters
input     1,000
hidden 1      5  tanh             5,005
hidden 2      2  <mine>              12
output        3  softmax              9
total                             5,026"""


@pytest.fixture
def display():
    return ArchitectureDisplay(sizes=[1000, 5, 2, 3], activations=["tanh", "<mine>", "softmax"])


def test_the_text_is_a_table(display):
    assert str(display) == TABLE


def test_the_html_is_the_same_table(display):
    rows = [
        [cell.text or "" for cell in row] for row in ET.fromstring(display._repr_html_()).iter("tr")
    ]
    words = [line.split() for line in TABLE.replace("hidden ", "hidden_").splitlines()]
    assert [[c.replace(" ", "_") for c in row if c] for row in rows] == words


@pytest.mark.parametrize("hidden", [(), (5,), (7, 3)])
def test_parameters_are_those_of_the_model(data, small, hidden):
    model = small(hidden_layer_sizes=hidden).fit(*data)
    display = ArchitectureDisplay.from_estimator(model)
    assert display.sizes == [16, *hidden, 3]
    assert display.n_parameters == sum(np.size(a) for a in model.coefs_ + model.intercepts_)


MEMBERS = """\
layer         units  activation  parameters
input         1,000
hidden 1        256  tanh           256,256
hidden 2        128  tanh             4,224
output            3  softmax            387
total     8 members                 260,867"""


@pytest.fixture
def members():
    activations = ["tanh", "tanh", "softmax"]
    return ArchitectureDisplay(sizes=[1000, 256, 128, 3], activations=activations, n_members=8)


def test_parameters_between_members_are_not_there(members):
    """256 x 128 weights are 32,768, of which eight blocks of 32 x 16 are not zero."""
    assert str(members) == MEMBERS
    assert "<td>8 members</td>" in members._repr_html_()


@pytest.mark.parametrize("hidden", [(64,), (64, 32), (64, 32, 32)])
def test_the_parameters_of_members_are_the_weights_that_are_not_zero(data, small, hidden):
    model = small(hidden_layer_sizes=hidden, n_members="auto").fit(*data)
    display = ArchitectureDisplay.from_estimator(model)
    assert display.n_members == model.n_members_ == (4 if len(hidden) == 1 else 2)
    n_biases = sum(map(len, model.intercepts_))
    assert display.n_parameters == sum(map(np.count_nonzero, model.coefs_)) + n_biases


def test_after_partial_fit_all_weights_are_there(data, small):
    model = small(hidden_layer_sizes=(64, 32), activation="tanh").fit(*data).partial_fit(*data)
    display = ArchitectureDisplay.from_estimator(model)
    assert display.n_members == model.n_members_ == 1
    assert display.n_parameters == sum(
        np.count_nonzero(a) for a in model.coefs_ + model.intercepts_
    )


def ends_of(edges):
    """Return the heights that lines join."""
    return [(y, z) for (_, y), (_, z) in np.round(edges.get_segments(), 6)]


def test_members_are_drawn_apart():
    display = ArchitectureDisplay(sizes=[3, 4, 6, 2], activations="abc", n_members=2).plot()
    inner, middle, outer = map(ends_of, display.edges_)
    assert (len(inner), len(middle), len(outer)) == (3 * 4, 2 * 2 * 3, 6 * 2)
    first, second = ({pair for pair in middle if sign * pair[0] > 0} for sign in (1, -1))
    assert all(z > 0 for _, z in first)
    assert all(z < 0 for _, z in second)
    heights = np.sort(display.nodes_[1].get_offsets()[:, 1])
    assert np.diff(heights).tolist() == [1, 2, 1], "and further apart than the units of one"


@pytest.mark.parametrize(("max_units", "blocks"), [(2, 1), (4, 1), (10, 2), (20, 4), (24, 8)])
def test_of_many_members_some_are_drawn(members, max_units, blocks):
    members.plot(max_units=max_units)
    edges = ends_of(members.edges_[1])
    large = [np.sum(n.get_sizes() == n.get_sizes().max()) for n in members.nodes_]
    assert large[1] == large[2] <= max_units
    assert len(edges) == blocks * (large[1] // blocks) ** 2
    each = max_units // blocks - 1
    assert large[1] == blocks * each
    n_dots = len(members.nodes_[1].get_offsets()) - large[1]
    assert n_dots == 3 * (blocks + (blocks < 8))


def test_the_text_below_says_how_many_members(members):
    texts = [text.get_text().split("\n") for text in members.plot().texts_]
    assert texts[2] == ["hidden 2", "128 units", "8 members", "tanh", "4,224 parameters"]
    assert texts[3] == ["output", "3 units", "softmax", "387 parameters"]
    members.figure_.canvas.draw()
    box = members.ax_.get_window_extent()
    assert min(text.get_window_extent().y0 for text in members.texts_) >= box.y0 - 1
    lowest = min(nodes.get_offsets()[:, 1].min() for nodes in members.nodes_)
    assert (
        members.ax_.transData.transform((0, lowest))[1] > members.texts_[1].get_window_extent().y1
    )


def test_lists_in_coefs_are_drawn_too(data, small):
    model = small().fit(*data)
    expected = str(ArchitectureDisplay.from_estimator(model))
    model.coefs_ = [W.tolist() for W in model.coefs_]
    assert str(ArchitectureDisplay.from_estimator(model)) == expected


def test_activations_are_named(data, small):
    model = small(hidden_layer_sizes=(4, 4), activation=["relu", ACTIVATIONS["tanh"]])
    display = ArchitectureDisplay.from_estimator(model.fit(*data))
    assert display.activations == ["relu", "Tanh", "softmax"]


def test_a_parameter_that_was_set_after_the_fit_is_not_that_of_the_network(data, small):
    model = small(activation="tanh").fit(*data).set_params(activation="relu")
    assert ArchitectureDisplay.from_estimator(model).activations == ["tanh", "softmax"]


def test_of_a_pipeline_and_of_scikit_learns_network(data):
    model = MLPClassifier((4,), "tanh", solver="lbfgs", tol=1, random_state=0)
    display = ArchitectureDisplay.from_estimator(make_pipeline(StandardScaler(), model).fit(*data))
    assert (display.sizes, display.activations) == ([16, 4, 3], ["tanh", "softmax"])


def test_every_unit_is_joined_to_all_before_it(display):
    display.plot(max_units=10)
    assert [len(edges.get_segments()) for edges in display.edges_] == [9 * 5, 5 * 2, 2 * 3]
    # nine of a thousand, and three dots
    assert [len(nodes.get_offsets()) for nodes in display.nodes_] == [12, 5, 2, 3]


@pytest.mark.parametrize("max_units", [2, 3, 10, 1000])
def test_no_more_units_are_drawn_than_asked_for(display, max_units):
    display.plot(max_units=max_units)
    large = [np.sum(n.get_sizes() == n.get_sizes().max()) for n in display.nodes_]
    assert large == [min(n, max_units - (n > max_units)) for n in display.sizes]


@pytest.mark.parametrize("max_units", [1, 0, -3])
def test_less_than_the_first_and_the_last_are_refused(display, max_units):
    with pytest.raises(ValueError, match=f"max_units must be at least 2. Got {max_units}"):
        display.plot(max_units=max_units)
    assert not plt.get_fignums()


def test_units_do_not_touch(display):
    display.plot()
    display.figure_.canvas.draw()
    nodes = display.nodes_[0]
    y = np.unique(display.ax_.transData.transform(nodes.get_offsets())[:, 1])
    diameter = np.sqrt(nodes.get_sizes().max()) * display.figure_.dpi / 72
    gaps = np.diff(y)
    assert np.sum(gaps > diameter) >= 7


@pytest.mark.parametrize("size", [(3, 2), (5, 4), (12, 3)])
@pytest.mark.parametrize("name", ["relu", "AnActivationOfTheUserWithQuiteALongName"])
def test_texts_do_not_overlap(size, name):
    figure, ax = plt.subplots(figsize=size)
    display = ArchitectureDisplay(sizes=[784, 512, 256, 10], activations=[name, name, "softmax"])
    texts = display.plot(ax).texts_
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in texts]
    assert all(a.x1 <= b.x0 for a, b in pairwise(boxes))
    assert min(box.y0 for box in boxes) >= ax.get_window_extent().y0 - 1
