"""What the hooks of callbacks are called with, task by task."""

from types import SimpleNamespace

import numpy as np
import pytest

from skscratch._warnings import quiet
from skscratch.estimators._callbacks import NoTasks, Tasks, new_tasks
from skscratch.training.history import History


class Context:
    """Notes the calls of the hooks; answers as it is told."""

    def __init__(self, calls, name="fit"):
        self.calls, self.name, self.answer = calls, name, False

    def subcontext(self, task_name):
        """Return the context of a task within this one."""
        self.last = Context(self.calls, task_name)
        self.last.answer = self.answer
        return self.last

    def call_on_fit_task_begin(self, **arguments):
        self.calls.append((self.name, "begin", arguments, np.geterr()["over"]))
        return self

    def call_on_fit_task_end(self, **arguments):
        self.calls.append((self.name, "end", arguments, np.geterr()["over"]))
        return self.answer


@pytest.fixture
def context():
    return Context([])


@pytest.fixture
def tasks(context):
    def init(max_subtasks):
        context.n_epochs = max_subtasks
        return context

    estimator = SimpleNamespace(_skl_callbacks=[1], _init_callback_context=init)
    return new_tasks(estimator, "X", "y", "weights", 7)


def run(n=0):
    history = History({})
    for i in range(n):
        history.append(loss=float(i), penalty=0.0)
    return SimpleNamespace(history=history, n_epochs=n, n_seen=10 * n)


def test_without_callbacks_nothing_is_called():
    for estimator in (SimpleNamespace(), SimpleNamespace(_skl_callbacks=[])):
        assert isinstance(new_tasks(estimator, None, None, None, 3), NoTasks)
    tasks = NoTasks()
    assert [tasks.begin(None, True), tasks.begin_epoch(None), tasks.end()] == [None] * 3
    assert tasks.end_epoch(None) is False


def test_a_fit_is_a_task_of_tasks(tasks, context):
    assert isinstance(tasks, Tasks)
    assert context.n_epochs == 7
    tasks.begin(run(), True)
    for name in ("epoch", "iteration"):
        tasks.begin_epoch(run(), name)
        tasks.end_epoch(run(1))
    tasks.end()
    expected = [("fit", "begin"), ("epoch", "begin"), ("epoch", "end")]
    expected += [("iteration", "begin"), ("iteration", "end"), ("fit", "end")]
    assert [call[:2] for call in context.calls] == expected
    for _, _, arguments, _ in context.calls:
        assert (arguments["X"], arguments["y"]) == ("X", "y")
        assert arguments["metadata"] == {"sample_weight": "weights"}


def test_an_epoch_begins_once(tasks, context):
    tasks.begin(run(), True)
    tasks.begin_epoch(run())
    tasks.begin_epoch(run())
    assert len(context.calls) == 2


@pytest.mark.parametrize("answer", [True, False])
def test_who_asks_to_stop_is_heard(tasks, context, answer):
    context.answer = answer
    tasks.begin(run(), True)
    tasks.begin_epoch(run())
    assert tasks.end_epoch(run(1)) is answer


def test_the_estimator_shows_how_far_the_run_is(tasks):
    tasks.begin(run(), True)
    assert (tasks.estimator.history_, tasks.estimator.n_iter_) == ({}, 0)
    tasks.begin_epoch(run())
    tasks.end_epoch(run(3))
    assert tasks.estimator.history_["loss"].tolist() == [0, 1, 2]
    assert (tasks.estimator.n_iter_, tasks.estimator.t_) == (3, 30)


def test_hooks_see_the_errors_of_floats_that_the_user_sees(tasks, context):
    with quiet():
        tasks.begin(run(), True)
    assert context.calls[0][3] == np.geterr()["over"] != "ignore"
