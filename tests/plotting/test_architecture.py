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


def test_activations_are_named(data, small):
    model = small(hidden_layer_sizes=(4, 4), activation=["relu", ACTIVATIONS["tanh"]])
    display = ArchitectureDisplay.from_estimator(model.fit(*data))
    assert display.activations == ["relu", "Tanh", "softmax"]


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
