"""The two ways to train a run: a whole fit, and one epoch."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.estimators import _train
from skscratch.estimators._callbacks import NoTasks

short = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # fits of a fixed length on purpose
)


@short
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_one_epoch_is_the_first_of_a_fit(task, solver, small, start):
    model = small(solver=solver, batch_size=16, alpha=0)  # a call counts as 200 rows at least
    runs = []
    for train in (_train.fit, _train.one_epoch):
        run, data = start(model.set_params(max_iter=1), *task)
        train(model, run, data, NoTasks(), True)
        runs.append(run)
    assert_array_equal(runs[0].theta, runs[1].theta)
    assert runs[0].history["loss"] == runs[1].history["loss"]
    assert [run.n_epochs for run in runs] == [1, 1]
    assert [run.n_seen for run in runs] == [90, 90]


@short
def test_a_fit_takes_as_many_epochs_as_it_may(binary, small, start):
    model = small(max_iter=4)
    run, data = start(model, *binary)
    _train.fit(model, run, data, NoTasks(), True)
    assert run.n_epochs == len(run.history) == 4
    assert run.memory["rule"] == "Adam"


@short
def test_lbfgs_leaves_nothing_for_an_optimizer_to_remember(binary, small, start):
    model = small(solver="lbfgs", max_iter=4)
    run, data = start(model, *binary)
    _train.fit(model, run, data, NoTasks(), True)
    assert run.n_epochs == len(run.history) == 4
    assert run.memory == {}


def test_one_epoch_holds_no_rows_out_and_knows_no_end(binary, small, start):
    """What decides over a fit is for a fit."""
    model = small(early_stopping=True, validation_fraction=0.4, max_iter=1)
    plain = small()
    runs = []
    for each in (model, plain):
        run, data = start(each, *binary)
        for _ in range(3):
            _train.one_epoch(each, run, data, NoTasks(), True)
        runs.append(run)
    assert_array_equal(runs[0].theta, runs[1].theta)
    assert runs[0].n_seen == 270
    assert runs[0].chosen is None


def test_one_epoch_leaves_out_rows_without_weight(binary, small, start):
    model = small(batch_size=10)
    run, data = start(model, *binary, np.arange(90) % 3)
    _train.one_epoch(model, run, data, NoTasks(), True)
    assert run.n_seen == 60
    assert run.memory["t"] == 6


def test_one_epoch_that_diverges_is_an_error(binary, small, start):
    model = small(learning_rate_init=1e300, activation="identity", batch_size=4)
    run, data = start(model, *binary)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="learning_rate_init"):
        _train.one_epoch(model, run, data, NoTasks(), True)
    assert run.n_epochs == 0


def test_one_epoch_is_one_line_if_asked_for(binary, small, start, capsys):
    model = small(verbose=True)
    run, data = start(model, *binary)
    _train.one_epoch(model, run, data, NoTasks(), True)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_calls_of_partial_fit_do_not_make_the_history_grow_without_end(binary, small, monkeypatch):
    monkeypatch.setattr(_train, "EPOCHS_REMEMBERED", 3)
    X, y = binary
    model, losses = small(), []
    for _ in range(5):
        losses.append(model.partial_fit(X, y, classes=[0, 1]).loss_)
    assert model.n_iter_ == 5
    assert model.loss_curve_ == losses[-3:]
    assert model.best_loss_ == min(losses)
    assert {len(column) for column in model.history_.values()} == {3}


@short
def test_a_fit_remembers_every_epoch(binary, small, monkeypatch):
    monkeypatch.setattr(_train, "EPOCHS_REMEMBERED", 3)
    assert len(small(max_iter=5).fit(*binary).loss_curve_) == 5
