"""scikit-learn's callbacks on the estimator, in pipelines and in searches."""

import pickle
import warnings
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier

callback = pytest.importorskip("sklearn.callback", reason="callbacks come with scikit-learn 1.9")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SOLVERS = ("adam", "sgd", "lbfgs")
EARLY = {"early_stopping": True, "validation_fraction": 0.2}
STOPPING = {"adam": EARLY, "sgd": EARLY, "lbfgs": {}}
solvers = pytest.mark.parametrize("solver", SOLVERS)


class Recorder:
    """Notes every call, without asking for a fitted estimator."""

    def __init__(self, stop_after=None):
        self.calls, self.stop_after = [], stop_after

    def setup(self, estimator, context):
        self.calls.append(("setup", context.task_name))

    def teardown(self, estimator, context):
        self.calls.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self.note("begin", estimator, context, X, y, metadata)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None):
        self.note("end", estimator, context, X, y, metadata)
        return context.task_name != "fit" and context.task_id + 1 == self.stop_after

    def note(self, hook, estimator, context, X, y, metadata):
        self.calls.append((hook, context.task_name, context.task_id))
        self.X, self.y, self.metadata, self.n_iter = X, y, metadata, estimator.n_iter_
        self.max_subtasks = (context.parent or context).max_subtasks


class Snapshots(Recorder):
    """Keeps the fitted estimators."""

    def __init__(self, stop_after=None):
        super().__init__(stop_after)
        self.begun, self.ended = [], []

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        self.begun.append(fitted_estimator)

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name != "fit":
            self.ended.append(fitted_estimator)
        return context.task_name != "fit" and context.task_id + 1 == self.stop_after


class Failing(Recorder):
    """Raises at one hook."""

    def __init__(self, at):
        super().__init__()
        self.at = at

    def fail(self, hook):
        if hook == self.at:
            raise RuntimeError(f"failed at {hook}")

    def setup(self, estimator, context):
        super().setup(estimator, context)
        self.fail("setup")

    def note(self, hook, estimator, context, X, y, metadata):
        super().note(hook, estimator, context, X, y, metadata)
        self.fail(f"{hook} {context.task_name}")


def assert_same_model(one, other):
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        assert_array_equal(a, b)
    assert (one.n_iter_, one.t_) == (other.n_iter_, other.t_)
    assert one.loss_curve_ == other.loss_curve_
    assert one.validation_scores_ == other.validation_scores_
    assert one.best_loss_ == other.best_loss_
    assert one.best_validation_score_ == other.best_validation_score_


class TestTasks:
    @solvers
    def test_each_epoch_is_a_task(self, task, small, solver):
        recorder = Recorder()
        model = small(solver=solver, max_iter=3).set_callbacks(recorder).fit(*task)
        name = "iteration" if solver == "lbfgs" else "epoch"
        epochs = [(hook, name, i) for i in range(3) for hook in ("begin", "end")]
        fit = [("begin", "fit", 0), *epochs, ("end", "fit", 0)]
        assert recorder.calls == [("setup", "fit"), *fit, ("teardown", "fit")]
        assert recorder.max_subtasks == 3
        assert recorder.n_iter == model.n_iter_ == 3

    def test_each_call_of_partial_fit_is_a_fit_of_one_epoch(self, binary, small):
        recorder = Recorder()
        model = small().set_callbacks(recorder)
        for n in (1, 2):
            recorder.calls.clear()
            model.partial_fit(*binary, classes=[0, 1])
            hooks = [call[:2] for call in recorder.calls]
            both = [("begin", "fit"), ("begin", "epoch"), ("end", "epoch"), ("end", "fit")]
            assert hooks == [("setup", "fit"), *both, ("teardown", "fit")]
            assert recorder.max_subtasks == 1
            assert recorder.n_iter == model.n_iter_ == n

    def test_a_refit_has_epochs_of_its_own(self, binary, small):
        recorder = Recorder()
        model = small(refit=True, max_iter=9, **EARLY)
        model.set_callbacks(recorder).fit(*binary)
        ends = [name for hook, name, *_ in recorder.calls if hook == "end"]
        assert ends[:9] == ["epoch"] * 9
        assert set(ends[9:-1]) == {"refit epoch"}
        assert recorder.max_subtasks == 18 >= model.n_iter_ == len(ends) - 1

    @solvers
    def test_training_is_the_same_with_and_without(self, task, small, solver):
        model = small(solver=solver, **STOPPING[solver])
        plain = clone(model).fit(*task)
        assert_same_model(clone(model).set_callbacks(Snapshots()).fit(*task), plain)

    def test_nothing_of_the_machinery_is_left(self, binary, small):
        model = small().set_callbacks(Recorder()).fit(*binary)
        known = set(vars(small().fit(*binary)))
        assert set(vars(model)) == known | {"_skl_callbacks"}
        assert set(vars(model.set_callbacks())) == known

    def test_an_lbfgs_that_has_converged_at_once_has_one_iteration(self, binary, small):
        recorder = Recorder(stop_after=1)
        model = small(solver="lbfgs", tol=1e9).set_callbacks(recorder).fit(*binary)
        assert model.n_iter_ == 1
        assert ("end", "iteration", 0) in recorder.calls


class TestData:
    def test_hooks_get_what_the_user_passed(self, multiclass, small):
        X = pd.DataFrame(multiclass[0], columns=list("abcde"))
        y = pd.Series(multiclass[1]).map({0: "zero", 1: "one", 2: "two"})
        w = np.ones(90)
        recorder = Recorder()
        small().set_callbacks(recorder).fit(X, y, sample_weight=w, X_val=X, y_val=y)
        assert recorder.X is X
        assert recorder.y is y
        assert [*recorder.metadata] == ["sample_weight"]
        assert recorder.metadata["sample_weight"] is w

    def test_without_weights_there_is_no_metadata(self, binary, small):
        recorder = Recorder()
        small().set_callbacks(recorder).fit(*binary, X_val=binary[0], y_val=binary[1])
        assert recorder.metadata is None

    @solvers
    def test_a_data_frame_draws_no_warning(self, binary, small, solver):
        """Names of features are those that the model knows."""
        X = pd.DataFrame(binary[0], columns=list("abcde"))
        monitor = callback.ScoringMonitor(scoring="accuracy")
        small(solver=solver).set_callbacks(monitor).fit(X, binary[1])
        assert len(monitor.get_logs().data) == 16


class TestFittedEstimator:
    @solvers
    @pytest.mark.parametrize("params", [{}, {"dtype": "float32", "warm_start": True}])
    def test_it_is_the_model_of_a_fit_that_ends_there(self, task, small, solver, params):
        if solver != "lbfgs":
            params = params | {"batch_size": 32, "dropout": 0.2, "ema_decay": 0.5}
        snapshots = Snapshots()
        small(solver=solver, max_iter=5, **params).set_callbacks(snapshots).fit(*task)
        assert len(snapshots.ended) == 5
        for n, kept in enumerate(snapshots.ended, start=1):
            assert_same_model(kept, small(solver=solver, max_iter=n, **params).fit(*task))
        for before, after in zip(snapshots.ended, snapshots.begun[2:], strict=False):
            assert_same_model(before, after)

    def test_with_early_stopping_too(self, multiclass, small):
        """That model has the parameters that were best."""
        params = EARLY | {"learning_rate_init": 0.3}
        snapshots = Snapshots()
        small(**params).set_callbacks(snapshots).fit(*multiclass)
        for n, kept in enumerate(snapshots.ended, start=1):
            assert_same_model(kept, small(max_iter=n, **params).fit(*multiclass))
        assert 1 < len({kept.coefs_[0].tobytes() for kept in snapshots.ended}) < 15

    def test_it_goes_on_exactly(self, binary, small):
        snapshots = Snapshots()
        model = small(warm_start=True, batch_size=32, max_iter=6).set_callbacks(snapshots)
        model.fit(*binary)
        kept = snapshots.ended[2].set_callbacks().set_params(max_iter=3)
        assert_same_model(kept.fit(*binary), model)

    def test_it_can_be_pickled_and_scored(self, binary, small):
        snapshots = Snapshots()
        model = small().set_callbacks(snapshots).fit(*binary)
        copied = pickle.loads(pickle.dumps(snapshots.ended[-1].set_callbacks()))
        assert copied.score(*binary) == model.score(*binary)

    @pytest.mark.parametrize("warm_start", [False, True])
    def test_it_has_the_memory_of_the_optimizer_if_the_model_would(self, binary, small, warm_start):
        snapshots = Snapshots()
        model = small(warm_start=warm_start).set_callbacks(snapshots).fit(*binary)
        assert bool(model._continuation["memory"]) == warm_start
        assert bool(snapshots.ended[-1]._continuation["memory"]) == warm_start

    def test_it_is_made_only_if_asked_for(self, binary, small, monkeypatch):
        made = []
        monkeypatch.setattr(
            "skscratch.estimators._callbacks.snapshot", lambda *_: made.append(1) or {}
        )
        small().set_callbacks(Recorder()).fit(*binary)
        assert not made
        small().set_callbacks(Snapshots()).fit(*binary)
        assert made

    def test_in_a_warm_start_the_curves_go_on(self, binary, small):
        snapshots = Snapshots()
        model = small(warm_start=True, max_iter=2).fit(*binary)
        model.set_callbacks(snapshots).fit(*binary)
        assert [len(kept.loss_curve_) for kept in snapshots.ended] == [3, 4]
        assert [kept.n_iter_ for kept in snapshots.ended] == [3, 4]


class TestStop:
    @solvers
    def test_a_callback_that_returns_true_ends_training(self, task, small, solver):
        model = small(solver=solver).set_callbacks(Recorder(stop_after=4)).fit(*task)
        assert_same_model(model, small(solver=solver, max_iter=4).fit(*task))

    @solvers
    def test_without_a_warning(self, binary, small, solver):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = small(solver=solver).set_callbacks(Recorder(stop_after=4)).fit(*binary)
        assert model.n_iter_ == 4
        assert not caught

    @solvers
    def test_what_is_left_is_the_last_fitted_estimator(self, binary, small, solver):
        snapshots = Snapshots(stop_after=4)
        model = small(solver=solver, **STOPPING[solver]).set_callbacks(snapshots).fit(*binary)
        assert_same_model(snapshots.ended[-1], model)

    def test_there_is_no_refit_after_it(self, binary, small):
        model = small(refit=True, **EARLY).set_callbacks(Recorder(stop_after=4)).fit(*binary)
        assert_same_model(model, small(max_iter=4, **EARLY).fit(*binary))

    def test_a_refit_that_is_stopped_leaves_the_model_before_it(self, binary, small):
        params = EARLY | {"max_iter": 6}
        search = small(**params).fit(*binary)
        model = small(refit=True, **params).set_callbacks(Recorder(stop_after=8)).fit(*binary)
        assert model.n_iter_ == 8
        assert_array_equal(model.coefs_[0], search.coefs_[0])
        assert model.best_validation_score_ == search.best_validation_score_

    def test_the_numbers_are_those_of_the_epoch(self, binary, small):
        class Loss(Recorder):
            """Stops at a loss."""

            def on_fit_task_end(self, estimator, context):
                return context.task_name == "epoch" and estimator.history_["loss"][-1] < 0.6

        model = small(max_iter=100, learning_rate_init=0.01).set_callbacks(Loss()).fit(*binary)
        assert model.history_["loss"][-1] < 0.6 <= model.history_["loss"][-2]

    def test_a_checkpoint_of_a_stopped_fit_is_its_end(self, binary, small, tmp_path):
        params = {"checkpoint": tmp_path / "run", "checkpoint_epochs": 1}
        model = small(**params).set_callbacks(Recorder(stop_after=4)).fit(*binary)
        again = small(**params).fit(*binary)
        assert_same_model(again, model)


class TestErrors:
    HOOKS = ("setup", "begin fit", "begin epoch", "end epoch")

    @pytest.mark.parametrize("at", HOOKS)
    def test_a_hook_that_fails_leaves_the_estimator_as_it_was(self, binary, small, at):
        failing, before = Failing(at), small().fit(*binary)
        model = pickle.loads(pickle.dumps(before)).set_callbacks(failing)
        with pytest.raises(RuntimeError, match=f"failed at {at}"):
            model.fit(*binary)
        assert_same_model(model, before)
        assert failing.calls[-1] == ("teardown", "fit")
        assert set(vars(model)) == set(vars(before)) | {"_skl_callbacks"}

    def test_at_the_very_end_the_model_is_not_lost(self, binary, small):
        model = small().set_callbacks(Failing("end fit"))
        with pytest.raises(RuntimeError, match="failed at end fit"):
            model.fit(*binary)
        assert_same_model(model, small().fit(*binary))

    def test_data_that_are_refused_end_what_was_set_up(self, binary, small):
        recorder = Recorder()
        with pytest.raises(ValueError, match="NaN"):
            small().set_callbacks(recorder).fit(binary[0] * np.nan, binary[1])
        assert recorder.calls == [("setup", "fit"), ("teardown", "fit")]

    def test_ctrl_c_in_a_hook_keeps_the_epochs_before(self, binary, small):
        class Interrupting(Recorder):
            def note(self, hook, estimator, context, X, y, metadata):
                super().note(hook, estimator, context, X, y, metadata)
                if (hook, context.task_id) == ("end", 3):
                    raise KeyboardInterrupt

        model = small().set_callbacks(Interrupting())
        with pytest.raises(KeyboardInterrupt):
            model.fit(*binary)
        assert_same_model(model, small(max_iter=4).fit(*binary))

    @pytest.mark.parametrize("bad", [Recorder, "ProgressBar", object()])
    def test_what_is_no_callback_is_refused(self, bad):
        with pytest.raises(TypeError, match="FitCallback protocol"):
            ScratchMLPClassifier().set_callbacks(bad)


def scores(monitor, model_name="ScratchMLPClassifier", task_name="epoch"):
    rows = monitor.get_logs().data
    return [r for r in rows if (r["estimator_name"], r["task_name"]) == (model_name, task_name)]


class TestScoringMonitor:
    @solvers
    def test_it_scores_every_epoch(self, task, small, solver):
        X, y = task
        monitor = callback.ScoringMonitor(scoring="accuracy")
        small(solver=solver, max_iter=4).set_callbacks(monitor).fit(X, y)
        name = "iteration" if solver == "lbfgs" else "epoch"
        rows = scores(monitor, task_name=name)
        for n, row in enumerate(rows, start=1):
            short = small(solver=solver, max_iter=n).fit(X, y)
            assert row["accuracy"] == accuracy_score(y, short.predict(X))
        assert n == 4

    def test_weights_reach_the_scorer(self, binary, small):
        X, y = binary
        w = np.arange(90.0)
        monitor = callback.ScoringMonitor(scoring="accuracy")
        model = small().set_callbacks(monitor).fit(X, y, sample_weight=w, X_val=X, y_val=y)
        assert scores(monitor)[-1]["accuracy"] == model.score(X, y, sample_weight=w)

    def test_in_a_pipeline(self, binary, small):
        X, y = binary
        monitor = callback.ScoringMonitor(scoring="accuracy")
        pipe = make_pipeline(StandardScaler(), small().set_callbacks(monitor)).fit(X, y)
        assert len(scores(monitor)) == 15
        assert scores(monitor)[-1]["accuracy"] == pipe.score(X, y)

    def test_of_a_pipeline_or_a_search(self, binary, small):
        """What they score is theirs to say: here that they run, with our steps inside."""
        monitor = callback.ScoringMonitor(scoring="accuracy")
        pipe = make_pipeline(StandardScaler(), small()).set_callbacks(monitor)
        assert_same_model(pipe.fit(*binary)[-1], clone(pipe).set_callbacks().fit(*binary)[-1])
        grid = {"scratchmlpclassifier__alpha": [0, 1]}
        search = GridSearchCV(clone(pipe).set_callbacks(), grid, cv=2).set_callbacks(monitor)
        plain = clone(search).set_callbacks().fit(*binary)
        assert_same_model(search.fit(*binary).best_estimator_[-1], plain.best_estimator_[-1])

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_in_a_search_over_a_pipeline(self, binary, small, n_jobs):
        monitor = callback.ScoringMonitor(scoring="accuracy")
        pipe = make_pipeline(StandardScaler(), small(max_iter=5).set_callbacks(monitor))
        grid = {"scratchmlpclassifier__alpha": [0, 1]}
        search = GridSearchCV(pipe, grid, cv=3, n_jobs=n_jobs).fit(*binary)
        rows = scores(monitor)
        assert len(rows) == 5 * (2 * 3 + 1)
        parents = {row["parent_task_id_path"] for row in rows}
        assert len(parents) == 7
        (refit,) = {parent for parent in parents if len(parent) == min(map(len, parents))}
        last = [row["accuracy"] for row in rows if row["parent_task_id_path"] == refit][-1]
        assert last == search.score(*binary)

    def test_in_cross_validate(self, binary, small):
        """It knows no callbacks: each fit is a run of its own."""
        monitor = callback.ScoringMonitor(scoring="accuracy")
        cross_validate(small(max_iter=4).set_callbacks(monitor), *binary, cv=3)
        logs = monitor.get_logs(select="all")
        assert [len(log.data) for log in logs] == [5, 5, 5]


@pytest.mark.skipif(not find_spec("rich"), reason='the progress bar needs "skscratch[callbacks]"')
class TestProgressBar:
    @solvers
    def test_on_the_estimator(self, binary, small, solver, capsys):
        model = small(solver=solver).set_callbacks(callback.ProgressBar()).fit(*binary)
        assert_same_model(model, small(solver=solver).fit(*binary))
        assert "ScratchMLPClassifier" in capsys.readouterr().out

    def test_on_a_pipeline(self, binary, small, capsys):
        pipe = make_pipeline(StandardScaler(), small()).set_callbacks(callback.ProgressBar())
        pipe.fit(*binary)
        out = capsys.readouterr().out
        assert "Pipeline" in out
        assert "ScratchMLPClassifier" in out

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_on_a_search_over_a_pipeline(self, binary, small, n_jobs, capsys):
        pipe = make_pipeline(StandardScaler(), small(max_iter=3))
        search = GridSearchCV(
            pipe, {"scratchmlpclassifier__alpha": [0, 1]}, cv=2, n_jobs=n_jobs
        ).set_callbacks(callback.ProgressBar(max_propagation_depth=None))
        search.fit(*binary)
        out = capsys.readouterr().out
        assert "GridSearchCV" in out
        assert "ScratchMLPClassifier" in out
        assert "_skl_callbacks" not in vars(search.best_estimator_[-1])

    def test_within_a_pipeline_it_is_refused(self, binary, small):
        pipe = make_pipeline(StandardScaler(), small().set_callbacks(callback.ProgressBar()))
        with pytest.raises(TypeError, match="can't have auto-propagated callbacks"):
            pipe.fit(*binary)
