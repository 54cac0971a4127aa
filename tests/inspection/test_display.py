"""The figures of contributions show the numbers."""

import inspect
import subprocess
import sys
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from skscratch import ScratchMLPClassifier
from skscratch.inspection import Contributions, ContributionsDisplay, contributions

mpl = pytest.importorskip("matplotlib", reason='plots need "skscratch[plot]"')
plt = pytest.importorskip("matplotlib.pyplot")

rng = np.random.default_rng(0)
VALUES = rng.normal(size=(50, 4)) * [1, 3, 2, 0.5]
DATA = np.column_stack([rng.normal(size=(50, 3)), rng.integers(2, size=50)])


@pytest.fixture(autouse=True)
def _no_screen():
    with mpl.rc_context({"backend": "Agg"}):
        yield


def made(values=VALUES, data=DATA, outputs=None):
    n, p = values.shape[:2]
    base = np.full(n, 10.0) if outputs is None else np.full((n, len(outputs)), 10.0)
    names = [f"column {j}" for j in range(p)]
    return Contributions(values, base, data, names, outputs, np.zeros_like(base), np.full(n, 16))


def labels(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


def test_a_waterfall_leads_from_the_mean_to_the_prediction():
    display = ContributionsDisplay.from_contributions(made(), row=7)
    order = np.argsort(abs(VALUES[7]))
    assert display.features_ == [f"column {j}" for j in order[::-1]]
    widths = [bar.get_width() for bar in display.bars_]
    assert_allclose(widths, VALUES[7][order])
    starts = [bar.get_x() for bar in display.bars_]
    assert_allclose(starts, 10 + np.cumsum(widths) - widths)
    assert labels(display) == [f"column {j} = {DATA[7, j]:.4g}" for j in order]
    low, high = display.ax_.get_xlim()
    edges = np.r_[starts, np.add(starts, widths)]
    assert low < edges.min() < edges.max() < high
    assert "mean 10 " in display.ax_.get_xlabel()
    assert display.ax_.get_xlabel().endswith(f"{10 + VALUES[7].sum():.4g}")
    red, blue = (display.bars_[i].get_facecolor() for i in (np.argmax(widths), np.argmin(widths)))
    assert red[0] > red[2]
    assert blue[0] < blue[2]


def test_what_is_left_of_a_waterfall_is_one_bar():
    display = ContributionsDisplay.from_contributions(made(), row=7, max_features=3)
    order = np.argsort(-abs(VALUES[7]))
    assert labels(display)[0] == "2 other columns"
    assert_allclose(display.bars_[0].get_width(), VALUES[7][order[2:]].sum())
    assert len(display.bars_) == 3


def test_a_swarm_has_a_point_for_every_row():
    display = ContributionsDisplay.from_contributions(made(), max_features=3)
    order = np.argsort(-abs(VALUES).mean(axis=0))[:3]
    assert display.features_ == [f"column {j}" for j in order]
    for place, (points, j) in enumerate(zip(display.points_, order, strict=True)):
        x, y = points.get_offsets().T
        assert_allclose(x, VALUES[:, j])
        assert abs(y + place).max() <= 0.36
        ranks = DATA[:, j].argsort().argsort()
        assert (np.argsort(points.get_array()) == np.argsort(ranks)).all() or j == 3
    assert [t.get_text() for t in display.colorbar_.ax.get_yticklabels()] == ["low", "high"]
    assert labels(display) == display.features_


def test_points_with_similar_contributions_lie_side_by_side():
    values = np.repeat([[0.0, 1.0]], 30, axis=0)
    display = ContributionsDisplay.from_contributions(made(values, DATA[:30, :2]))
    for points in display.points_:
        assert len({tuple(point) for point in points.get_offsets().round(6)}) == 30


def test_values_that_are_no_numbers_are_grey():
    data = DATA[:, :2].astype(object)
    data[:, 0] = "a"
    data[3, 1] = np.nan
    display = ContributionsDisplay.from_contributions(made(VALUES[:, :2], data))
    grey = display.points_[display.features_.index("column 0")]
    assert grey.get_array() is None
    shaded = display.points_[display.features_.index("column 1")]
    assert np.ma.getmaskarray(shaded.get_array()).sum() == 1 or np.isnan(shaded.get_array()).sum()
    display.figure_.canvas.draw()
    text = ContributionsDisplay.from_contributions(made(VALUES[:, :2], data), row=0)
    assert "column 0 = a" in labels(text)


@pytest.mark.parametrize(
    ("column", "shades"),
    [([0, 1, np.nan], [0, 1, np.nan]), ([2, np.nan, 5, 3, 3], [0, np.nan, 1, 0.5, 0.5]),
     ([np.nan, 7], [np.nan, 0]), ([np.nan, np.nan], [np.nan, np.nan])],
)  # fmt: skip
def test_a_missing_value_has_no_rank_and_the_largest_number_has_the_top_one(column, shades):
    data = np.array(column, float)[:, None]
    display = ContributionsDisplay.from_contributions(made(VALUES[: len(data), :1], data))
    assert_allclose(np.ma.filled(display.points_[0].get_array(), np.nan), shades)
    display.figure_.canvas.draw()


def test_no_rows():
    none = made()[:0]
    for row in (None, 0):
        with pytest.raises(ValueError, match="contributions must have at least one row"):
            ContributionsDisplay.from_contributions(none, row=row)
    assert not plt.get_fignums()
    with pytest.raises(ValueError, match="needs at least one sample"):
        none.importance()


def test_sparse_data_and_one_row():
    sparse = made(VALUES, csr_array(DATA * (DATA > 0)))
    assert len(ContributionsDisplay.from_contributions(sparse).points_) == 4
    one = ContributionsDisplay.from_contributions(sparse[3])
    assert one.points_ is None
    assert_allclose(sum(bar.get_width() for bar in one.bars_), VALUES[3].sum())


def test_one_of_several_outputs_is_drawn():
    several = made(np.stack([VALUES, -VALUES], axis=2), outputs=["no", "yes"])
    display = ContributionsDisplay.from_contributions(several, output="yes", row=0)
    assert_allclose(sum(bar.get_width() for bar in display.bars_), -VALUES[0].sum())
    with pytest.raises(ValueError, match=r"one of \['no', 'yes'\]"):
        ContributionsDisplay.from_contributions(several)


@pytest.fixture(scope="module")
def fitted():
    X, y = DATA, (DATA[:, 0] > 0).astype(int)
    return ScratchMLPClassifier((8,), solver="lbfgs", tol=0.1, random_state=0).fit(X, y)


@pytest.mark.parametrize("row", [None, 2])
def test_from_estimator_draws_what_contributions_returns(fitted, row):
    display = ContributionsDisplay.from_estimator(
        fitted, DATA, DATA[20:], row=row, response_method="predict_proba"
    )
    expected = contributions(fitted, DATA, DATA[20:], response_method="predict_proba")
    assert_allclose(display.contributions.values, expected.values)
    assert plt.get_fignums() == [display.figure_.number]
    first = display.figure_
    assert display.plot(row=row) is display
    assert display.figure_ is not first
    for figure in (first, display.figure_):
        figure.canvas.draw()
    assert np.array_equal(first.canvas.buffer_rgba(), display.figure_.canvas.buffer_rgba())


def test_the_constructor_stores_what_it_gets_and_from_takes_what_plot_takes():
    what = object()
    assert vars(ContributionsDisplay(contributions=what)) == {"contributions": what}
    ours = {*inspect.signature(ContributionsDisplay.plot).parameters} - {"self"}
    for make in (ContributionsDisplay.from_estimator, ContributionsDisplay.from_contributions):
        assert ours <= {*inspect.signature(make).parameters}


@pytest.mark.parametrize("row", [None, 2])
@pytest.mark.parametrize("size", [(1.2, 1), (3, 2), (10, 6)])
def test_it_draws_on_axes_that_are_given_and_changes_nothing_global(row, size, caplog):
    figure, (left, right) = plt.subplots(1, 2, figsize=size)
    before = {**mpl.rcParams}, [*warnings.filters]
    display = ContributionsDisplay.from_contributions(made(), ax=right, row=row)
    assert display.ax_ is right
    assert display.figure_ is figure
    assert not left.has_data()
    figure.canvas.draw()
    assert ({**mpl.rcParams}, [*warnings.filters]) == before
    assert not caplog.records


@pytest.mark.parametrize("row", [None, 0])
def test_contributions_of_zero_are_drawn(row):
    display = ContributionsDisplay.from_contributions(made(0 * VALUES), row=row)
    display.figure_.canvas.draw()
    low, high = display.ax_.get_xlim()
    assert low < (0 if row is None else 10) < high


def test_errors_name_the_argument(fitted, monkeypatch):
    display = ContributionsDisplay(contributions=made())
    for row in (50, -51, 1.5, "first", True):
        with pytest.raises(ValueError, match=r"row must be a whole number from -50 to 49\. Got"):
            display.plot(row=row)
    for most in (1, 2.5, None):
        with pytest.raises(ValueError, match=r"max_features must be a whole number of at least 2"):
            display.plot(max_features=most)
    with pytest.raises(NotFittedError):
        ContributionsDisplay.from_estimator(ScratchMLPClassifier(), DATA, DATA)
    assert not plt.get_fignums()
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for call in (
        display.plot,
        lambda: ContributionsDisplay.from_estimator(fitted, DATA, DATA),
    ):
        with pytest.raises(ImportError, match=r'ContributionsDisplay.*"skscratch\[plot\]"'):
            call()


def test_the_package_loads_no_matplotlib():
    code = "import sys, skscratch.inspection; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
