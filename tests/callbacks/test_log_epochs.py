"""Rows of the history for a tracker, and further evaluation sets in it."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch.callbacks import EvaluationSet, LogEpochs
from skscratch.training.history import COLUMNS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Tracker:
    """What mlflow.log_metrics and run.log of Weights & Biases take: a dict, then a step."""

    def __init__(self):
        self.rows = []

    def log(self, data, step=None):
        assert all(type(value) is float for value in data.values())
        self.rows.append((step, data))


class TestLogEpochs:
    @pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}, {"n_members": 4}], ids=str)
    def test_each_row_is_that_of_the_history(self, data, small, params):
        X, y, X_val, y_val = data
        tracker = Tracker()
        model = small(**params).set_callbacks(LogEpochs(tracker.log))
        model.fit(X, y, X_val=X_val, y_val=y_val)
        assert [step for step, _ in tracker.rows] == [*range(1, model.n_iter_ + 1)]
        for i, (_, row) in enumerate(tracker.rows):
            assert row == {name: float(column[i]) for name, column in model.history_.items()}

    def test_steps_go_on(self, data, small):
        tracker = Tracker()
        model = small(tol=1e-4, max_iter=200).set_callbacks(LogEpochs(tracker.log))
        for _ in range(3):
            model.partial_fit(*data[:2], classes=[0, 1, 2])
        assert [step for step, _ in tracker.rows] == [1, 2, 3]
        assert tracker.rows[2][1]["loss"] == model.history_["loss"][2]
        assert "validation_loss" not in tracker.rows[0][1]

    def test_an_error_of_the_tracker_ends_the_fit_and_changes_nothing(self, data, small):
        def unreachable(row, step):
            raise ConnectionError("no tracker")

        model = small().set_callbacks(LogEpochs(unreachable))
        before = copy.copy(vars(model))
        with pytest.raises(ConnectionError):
            model.fit(*data[:2])
        assert {*vars(model)} == {*before}

    def test_in_a_search_each_fit_writes(self, data, small):
        tracker = Tracker()
        net = small().set_callbacks(LogEpochs(tracker.log))
        GridSearchCV(net, {"alpha": [0, 1]}, cv=3).fit(*data[:2])
        assert [step for step, _ in tracker.rows] == [*range(1, 7)] * 7

    def test_what_does_not_fit_is_refused(self, data, small):
        with pytest.raises(TypeError, match="write must be a function"):
            LogEpochs("mlflow")
        pipeline = make_pipeline(StandardScaler(), small()).set_callbacks(LogEpochs(print))
        with pytest.raises(TypeError, match="LogEpochs was set on a Pipeline"):
            pipeline.fit(*data[:2])


class TestEvaluationSet:
    def test_several_sets_are_columns_of_the_history(self, data, small):
        X, y, X_val, y_val = data
        tracker = Tracker()
        model = small().set_callbacks(
            EvaluationSet("first", X_val[:15], y_val[:15], scoring=["accuracy", "neg_log_loss"]),
            EvaluationSet("second", X_val[15:], y_val[15:]),
            LogEpochs(tracker.log),
        )
        model.fit(X, y, X_val=X_val, y_val=y_val)
        h = model.history_
        assert [name for name in h if name not in COLUMNS] == [
            "first_accuracy", "first_neg_log_loss", "second_score",
        ]  # fmt: skip
        mean = (h["first_accuracy"] + h["second_score"]) / 2
        np.testing.assert_allclose(mean, h["validation_score"])
        p = model.predict_proba(X_val[:15])
        assert h["first_neg_log_loss"][-1] == pytest.approx(-log_loss(y_val[:15], p))
        assert [row["second_score"] for _, row in tracker.rows] == h["second_score"].tolist()

    def test_it_changes_nothing_else(self, data, small):
        X, y, X_val, y_val = data
        plain = small().fit(X, y)
        model = small().set_callbacks(EvaluationSet("test", X_val, y_val)).fit(X, y)
        assert_array_equal(model.coefs_[0], plain.coefs_[0])
        assert_array_equal(model.history_["loss"], plain.history_["loss"])
        assert len(model.history_as_frame()["test_score"]) == 6

    def test_the_columns_go_on_with_training_and_files(self, data, small):
        X, y, X_val, y_val = data
        model = small(warm_start=True).set_callbacks(EvaluationSet("test", X_val, y_val))
        model.fit(X, y).fit(X, y)
        assert np.isfinite(model.history_["test_score"]).all()
        assert len(model.history_["test_score"]) == 12
        loaded = pickle.loads(pickle.dumps(model)).set_callbacks()
        loaded.fit(X, y)
        assert np.isnan(loaded.history_["test_score"]).tolist() == [False] * 12 + [True] * 6

    def test_a_fit_that_is_resumed_keeps_them(self, data, small, tmp_path):
        X, y, X_val, y_val = data
        test = EvaluationSet("test", X_val, y_val)
        params = {"checkpoint": tmp_path / "file", "checkpoint_epochs": 1}
        small(**params, max_iter=3).set_callbacks(test).fit(X, y)
        resumed = small(**params, max_iter=6).set_callbacks(test).fit(X, y)
        whole = small().set_callbacks(test).fit(X, y)
        assert_array_equal(resumed.history_["test_score"], whole.history_["test_score"])

    def test_weights_and_functions(self, data, small):
        X, y, X_val, y_val = data
        w = np.arange(30.0)
        sets = EvaluationSet("w", X_val, y_val, sample_weight=w, scoring="accuracy")
        own = EvaluationSet("own", X_val, y_val, scoring=lambda model, X, y: 0.25)
        model = small().set_callbacks(sets, own).fit(X, y)
        expected = accuracy_score(y_val, model.predict(X_val), sample_weight=w)
        assert model.history_["w_accuracy"][-1] == expected != model.score(X_val, y_val)
        assert_array_equal(model.history_["own_score"], np.full(6, 0.25))

    @pytest.mark.parametrize("name", ["", "validation", 3])
    def test_other_names_are_refused(self, name):
        with pytest.raises(
            ValueError, match="name must be a string, neither empty nor 'validation'"
        ):
            EvaluationSet(name, [[0.0]], [0])

    def test_a_scorer_that_does_not_exist_is_refused_at_once(self, data, small):
        model = small().set_callbacks(EvaluationSet("test", *data[2:], scoring="nonsense"))
        with pytest.raises(ValueError, match="nonsense"):
            model.fit(*data[:2])
