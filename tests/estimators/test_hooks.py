"""What the hooks of callbacks are called with, task by task."""

from types import SimpleNamespace

import numpy as np
import pytest

from skscratch._compat import callback_context
from skscratch._warnings import quiet
from skscratch.estimators._callbacks import CallbackHooks, NoCallbacks, new_hooks
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
def hooks(context):
    def init(max_subtasks):
        context.n_epochs = max_subtasks
        return context

    estimator = SimpleNamespace(_skl_callbacks=[1], _init_callback_context=init, verbose=False)
    return new_hooks(estimator, callback_context(estimator, 7), "X", "y", "weights")


def run(n=0):
    history = History({})
    for i in range(n):
        history.append(loss=float(i), penalty=0.0)
    return SimpleNamespace(history=history, n_epochs=n, n_samples_seen=10 * n)


def test_without_callbacks_nothing_is_called():
    for estimator in (SimpleNamespace(), SimpleNamespace(_skl_callbacks=[])):
        assert callback_context(estimator, 3) is None
        assert type(new_hooks(estimator, None, None, None, None)) is NoCallbacks
    hooks = NoCallbacks(SimpleNamespace(verbose=False))
    assert [hooks.begin(None, None, True), hooks.begin_epoch(None), hooks.end()] == [None] * 3
    assert hooks.end_epoch(None) is False


def test_a_fit_is_a_task_of_tasks(hooks, context):
    assert isinstance(hooks, CallbackHooks)
    assert context.n_epochs == 7
    hooks.begin(None, run(), True)
    for name in ("epoch", "iteration"):
        hooks.begin_epoch(run(), name)
        hooks.end_epoch(run(1))
    hooks.end()
    expected = [("fit", "begin"), ("epoch", "begin"), ("epoch", "end")]
    expected += [("iteration", "begin"), ("iteration", "end"), ("fit", "end")]
    assert [call[:2] for call in context.calls] == expected
    for _, _, arguments, _ in context.calls:
        assert (arguments["X"], arguments["y"]) == ("X", "y")
        assert arguments["metadata"] == {"sample_weight": "weights"}


def test_an_epoch_begins_once(hooks, context):
    hooks.begin(None, run(), True)
    hooks.begin_epoch(run())
    hooks.begin_epoch(run())
    assert len(context.calls) == 2


@pytest.mark.parametrize("answer", [True, False])
def test_who_asks_to_stop_is_heard(hooks, context, answer):
    context.answer = answer
    hooks.begin(None, run(), True)
    hooks.begin_epoch(run())
    assert hooks.end_epoch(run(1)) is answer


def test_the_estimator_shows_how_far_the_run_is(hooks):
    hooks.begin(None, run(), True)
    assert (hooks.estimator.history_, hooks.estimator.n_iter_) == ({}, 0)
    hooks.begin_epoch(run())
    hooks.end_epoch(run(3))
    assert hooks.estimator.history_["loss"].tolist() == [0, 1, 2]
    assert (hooks.estimator.n_iter_, hooks.estimator.t_) == (3, 30)


def test_hooks_see_the_errors_of_floats_that_the_user_sees(hooks, context):
    with quiet():
        hooks.begin(None, run(), True)
    assert context.calls[0][3] == np.geterr()["over"] != "ignore"
