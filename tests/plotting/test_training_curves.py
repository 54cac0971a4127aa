"""Curves of training, and the histories that they show."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier
from skscratch.plotting import TrainingCurvesDisplay
from skscratch.plotting._training_curves import as_table, best_epoch, changes, epochs, recorded

draw = TrainingCurvesDisplay.from_estimator


def panels(display):
    return [axis.get_ylabel() for axis in display.axes_]


def entries(display):
    return [text.get_text() for text in display.legend_.get_texts()]


@pytest.fixture(scope="module")
def stopped(data, small):
    """A network that kept the parameters of an earlier epoch, with a rate that falls."""
    X, y = data
    model = small(early_stopping=True, learning_rate="cosine", learning_rate_init=0.3, max_iter=9)
    return model.fit(X, y, X_val=X[:30], y_val=y[:30][::-1])


def test_lines_are_the_columns_of_the_history(fitted):
    display = draw(fitted)
    assert [*display.lines_] == ["loss", "validation_loss", "validation_score"]
    for column, (line,) in display.lines_.items():
        assert_array_equal(line.get_xdata(), [1, 2, 3, 4, 5, 6])
        assert_array_equal(line.get_ydata(), fitted.history_[column])
        assert line.axes.get_ylabel() in column.replace("_", " ")
        assert line.axes.get_xlabel() == "epoch"


def test_both_losses_share_a_panel_and_differ_in_their_dashes(fitted):
    display = draw(fitted)
    assert panels(display) == ["loss", "validation score"]
    styles = [display.lines_[c][0].get_linestyle() for c in ("loss", "validation_loss")]
    assert styles == ["-", "--"]
    assert entries(display) == ["training", "validation"]


def test_what_was_not_recorded_is_not_shown(data, small):
    display = draw(small().fit(*data))
    assert panels(display) == ["loss"]
    assert display.legend_ is None


def test_a_rate_is_shown_if_it_changes(stopped):
    assert panels(draw(stopped)) == ["loss", "validation score", "learning rate"]


def test_the_epoch_whose_parameters_were_kept_is_marked(stopped):
    display = draw(stopped)
    losses = stopped.history_["validation_loss"]
    best = np.argmin(losses)
    assert 0 < best + 1 < stopped.n_iter_
    points = [(m.get_xdata()[0], m.get_ydata()[0]) for m in display.best_]
    assert_allclose(points[0], (best + 1, losses[best]))
    assert_allclose(points[1], (best + 1, stopped.best_validation_score_))
    assert entries(display)[-1] == "parameters kept"


def test_any_column_can_be_chosen(fitted):
    columns = ["seconds", "gradient_norm", "penalty", "learning_rate"]
    display = draw(fitted, columns=columns)
    assert panels(display) == [name.replace("_", " ") for name in columns]
    assert_array_equal(display.lines_["seconds"][0].get_ydata(), fitted.history_["seconds"])
    assert panels(draw(fitted, columns="seconds")) == ["seconds"]


@pytest.mark.parametrize("column", ["validation_loss", "validation_score"])
def test_what_was_not_recorded_is_refused(data, small, column):
    with pytest.raises(ValueError, match=f"{column}.* not recorded.* validation set.*'loss'"):
        draw(small().fit(*data), columns=["loss", column])


@pytest.mark.parametrize("columns", ["accuracy", ["loss", "accuracy"], "epoch"])
def test_an_unknown_column_is_refused(fitted, columns):
    with pytest.raises(ValueError, match=r"which was not recorded\. Recorded were .*'loss'"):
        draw(fitted, columns=columns)


def test_no_columns_are_refused(fitted):
    with pytest.raises(ValueError, match="columns must name a column"):
        draw(fitted, columns=[])
    assert not plt.get_fignums()


def test_of_a_pipeline_and_a_search(data, small):
    pipe = make_pipeline(StandardScaler(), small())
    search = GridSearchCV(pipe, {"scratchmlpclassifier__alpha": [0, 1]}, cv=2).fit(*data)
    (line,) = draw(search).lines_["loss"]
    assert_array_equal(line.get_ydata(), search.best_estimator_[-1].history_["loss"])


def test_several_are_overlaid_with_their_names(data, small, fitted):
    lbfgs = ScratchMLPClassifier(solver="lbfgs", tol=0.1, random_state=0).fit(*data)
    display = draw({"Adam": fitted, "L-BFGS": lbfgs})
    adam, other = display.lines_["loss"]
    assert adam.axes is other.axes
    assert adam.get_color() != other.get_color()
    assert len(display.lines_["validation_loss"]) == 1, "L-BFGS has none"
    assert display.lines_["validation_loss"][0].get_color() == adam.get_color()
    assert entries(display) == ["Adam", "L-BFGS", "training", "validation"]


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_what_the_legend_says_of_all_has_the_colour_of_text(fitted, style):
    with plt.style.context(style):
        display, text = draw([fitted] * 4), plt.rcParams["text.color"]
    colors = [line.get_color() for line in display.legend_.get_lines()]
    assert colors[4:] == [text, text]
    assert colors[:4] == [line.get_color() for line in display.lines_["loss"]]
    assert text not in colors[:4]


def test_a_list_is_numbered(data, small):
    models = cross_validate(small(), *data, cv=3, return_estimator=True)["estimator"]
    assert entries(draw(models)) == ["0", "1", "2"]


@pytest.mark.parametrize("none", [[], {}])
def test_none_at_all_are_refused(none):
    with pytest.raises(ValueError, match="estimator must be an estimator, or hold at least one"):
        draw(none)


def test_many_have_colours_of_their_own_and_a_legend_beside_them(fitted):
    names = [f"{'a long name, ' * 9} {i}" for i in range(30)]
    display = draw(dict.fromkeys(names, fitted))
    assert len({tuple(line.get_color()) for line in display.lines_["loss"]}) == 30
    display.figure_.canvas.draw()
    legend = display.legend_.get_window_extent()
    assert all(legend.x0 >= axis.get_window_extent().x1 for axis in display.axes_)
    assert legend.y0 >= 0
    assert legend.x1 <= display.figure_.bbox.x1
    assert all(axis.get_window_extent().width > 200 for axis in display.axes_)
    assert entries(display)[29].endswith(" 29")


def test_given_axes_are_used(fitted):
    _, axes = plt.subplots(2, 1)
    display = draw(fitted, ax=axes)
    assert_array_equal(display.axes_, axes)
    assert panels(display) == ["loss", "validation score"]


def test_on_a_single_axes_are_the_losses(fitted):
    _, ax = plt.subplots()
    assert [*draw(fitted, ax=ax).lines_] == ["loss", "validation_loss"]
    assert entries(draw([fitted] * 2, ax=ax))[:2] == ["0", "1"]
    assert entries(draw([fitted] * 30, ax=ax)) == ["training", "validation"]
    assert [line.get_label() for line in ax.get_lines()][-30:] == [str(i) for i in range(30)]


def test_too_few_axes_are_refused(fitted):
    _, axes = plt.subplots(1, 3)
    with pytest.raises(ValueError, match=r"2 panels: loss, validation score\. Got 3"):
        draw(fitted, ax=axes)


def test_line_kw_has_the_last_word(fitted):
    (line,) = draw(fitted, line_kw={"c": "red", "lw": 3}).lines_["loss"]
    assert (line.get_color(), line.get_linewidth()) == ("red", 3)


@pytest.mark.filterwarnings("ignore:Parameters that this partial_fit does not use")
def test_one_epoch_is_a_point(data, small):
    (line,) = draw(small().partial_fit(*data, classes=[0, 1, 2])).lines_["loss"]
    assert line.get_marker() == "o"


def test_tables_will_do(fitted):
    display = TrainingCurvesDisplay(histories={"a": pd.DataFrame(fitted.history_)}).plot()
    assert_array_equal(display.lines_["loss"][0].get_ydata(), fitted.history_["loss"])


def test_epochs_are_counted_from_one(fitted):
    assert epochs(as_table(fitted)).tolist() == [1, 2, 3, 4, 5, 6]
    assert epochs({"loss": [3.0, 2.0]}).tolist() == [1, 2]


@pytest.mark.filterwarnings("ignore:Parameters that this partial_fit does not use")
def test_epochs_that_were_dropped_are_counted(data, small):
    model = small()
    for _ in range(203):
        model.partial_fit(*data, classes=[0, 1, 2])
    assert_array_equal(epochs(as_table(model)), np.arange(4, 204))


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_the_best_epoch_has_the_parameters_kept(data, small, scoring):
    """A fit that ends with it has the same."""
    X, y = data
    params = {"early_stopping": True, "scoring": scoring, "learning_rate_init": 0.2}
    validation = {"X_val": X[:30], "y_val": y[:30][::-1]}
    model = small(max_iter=20, **params).fit(X, y, **validation)
    epoch = best_epoch(model, as_table(model))
    assert epoch < 20
    until = small(max_iter=epoch).set_params(learning_rate_init=0.2).fit(X, y)
    assert_array_equal(model.coefs_[0], until.coefs_[0])


@pytest.mark.parametrize(("scoring", "epoch"), [("accuracy", 4), ("loss", 3)])
def test_of_equals_the_latest_is_best(scoring, epoch):
    table = {
        "epoch": np.arange(1, 6),
        "validation_loss": np.array([0.9, 0.25, 0.25, 0.5, 0.125]),
        "validation_score": np.array([0.5, 0.75, 0.75, 0.75, 0.5]),
    }
    network = SimpleNamespace(scoring=scoring, best_validation_score_=0.75)
    assert best_epoch(network, table) == epoch


def test_after_a_refit_it_is_that_of_the_search(data, small):
    params = {"early_stopping": True, "learning_rate_init": 0.2, "max_iter": 8}
    search, refit = small(**params).fit(*data), small(refit=True, **params).fit(*data)
    assert best_epoch(refit, as_table(refit)) == best_epoch(search, as_table(search))


def test_without_early_stopping_there_is_none(fitted):
    assert best_epoch(fitted, as_table(fitted)) is None


def test_recorded_means_that_there_is_a_number():
    table = {"a": [np.nan, np.nan], "b": [np.nan, 1.0], "c": [1.0, 2.0]}
    assert [recorded(table, name) for name in "abcd"] == [False, True, True, False]
    assert [changes(table, name) for name in "abcd"] == [False, False, True, False]
