"""What scikit-learn's displays promise, kept by all of ours."""

import inspect
import subprocess
import sys
import warnings

import joblib
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skscratch import plotting

DISPLAYS = [getattr(plotting, name) for name in plotting.__all__]
displays = pytest.mark.parametrize("cls", DISPLAYS, ids=plotting.__all__)


def draw(cls, model, data, **options):
    extra = data if cls is plotting.ImageGridDisplay else ()
    return cls.from_estimator(model, *extra, **options)


@displays
def test_the_constructor_stores_what_it_gets(cls):
    parameters = inspect.signature(cls).parameters.values()
    assert {p.kind for p in parameters} == {inspect.Parameter.KEYWORD_ONLY}
    values = {p.name: object() for p in parameters}
    assert vars(cls(**values)) == values


@displays
def test_from_estimator_takes_what_plot_takes(cls):
    ours = set(inspect.signature(cls.from_estimator).parameters)
    assert {*inspect.signature(cls.plot).parameters} - {"self"} <= ours


@displays
def test_it_draws_on_a_figure_of_its_own(cls, fitted, data):
    display = draw(cls, fitted, data)
    assert isinstance(display, cls)
    assert plt.get_fignums() == [display.figure_.number]
    axes = getattr(display, "axes_", None)
    assert all(a.figure is display.figure_ for a in ([display.ax_] if axes is None else axes))


@displays
def test_it_draws_where_errors_of_floats_are_raised(cls, small, data):
    """Probabilities, weights and pixels may be as small as they like."""
    X, y = data[0].copy(), data[1]
    X[::2, 3], X[1::2, 5] = 1e-300, 5e-324
    model = small().fit(X, y, X_val=X, y_val=y)
    model.coefs_[0][3], model.coefs_[0][5] = 1e-310, 1e4
    raises = dict.fromkeys(np.geterr(), "raise")
    with np.errstate(**raises):
        draw(cls, model, (X, y)).figure_.canvas.draw()
        assert np.geterr() == raises


@displays
def test_it_draws_on_axes_that_are_given(cls, fitted, data):
    figure, (left, right) = plt.subplots(1, 2)
    display = draw(cls, fitted, data, ax=right)
    assert display.figure_ is figure
    assert getattr(display, "ax_", None) is right or [*display.axes_] == [right]
    assert not left.has_data()
    assert len(plt.get_fignums()) == 1


@displays
def test_plot_draws_again_and_returns_itself(cls, fitted, data):
    display = draw(cls, fitted, data)
    first = display.figure_
    assert display.plot() is display
    assert display.figure_ is not first
    display.figure_.canvas.draw()
    first.canvas.draw()
    assert np.array_equal(first.canvas.buffer_rgba(), display.figure_.canvas.buffer_rgba())


@displays
def test_nothing_global_is_changed(cls, fitted, data):
    def state():
        random = np.random.get_state()  # noqa: NPY002
        return joblib.hash([{**mpl.rcParams}, warnings.filters, random, vars(fitted), data])

    before = state()
    draw(cls, fitted, data)
    assert state() == before


@displays
def test_an_unfitted_estimator_is_refused(cls, small, data):
    with pytest.raises(NotFittedError, match="not fitted"):
        draw(cls, small(), data)
    assert not plt.get_fignums()


@displays
def test_without_matplotlib_the_message_names_the_extra(cls, fitted, data, monkeypatch):
    values = dict.fromkeys(inspect.signature(cls).parameters, np.ones((1, 1, 1)))
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for call in (lambda: draw(cls, fitted, data), lambda: cls(**values).plot()):
        with pytest.raises(ImportError, match=rf'{cls.__name__}.*"skscratch\[plot\]"'):
            call()


@displays
@pytest.mark.parametrize("size", [(1.2, 1), (3, 2), (10, 6)])
def test_no_size_draws_a_warning_or_a_log_line(cls, fitted, data, size, caplog):
    _, ax = plt.subplots(figsize=size)
    draw(cls, fitted, data, ax=ax).figure_.canvas.draw()
    assert not caplog.records


def test_the_package_loads_no_matplotlib():
    code = "import sys, skscratch.plotting; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
