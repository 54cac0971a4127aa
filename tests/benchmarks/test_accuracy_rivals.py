"""The study's candidates of other packages, and tables as they are."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_diabetes, load_iris

from benchmarks.accuracy import __main__, candidate, data
from benchmarks.accuracy.rivals import raw, rivals
from benchmarks.accuracy.summary import summary
from benchmarks.accuracy.tasks import CLASSIFICATION

KINDS = ["Classifier", "Regressor"]
OF_OTHERS = ["lightgbm", "xgboost", "catboost", "pytabkit", "skrub"]


@pytest.fixture(params=[[], ["--regression"]], ids=KINDS)
def task_options(request, tmp_path):
    """Return a folder with a table, and the options for it."""
    load = load_diabetes if request.param else load_iris
    frame = load(as_frame=True).frame.sample(90, random_state=0)
    frame.assign(text=["a", "b", None] * 30).to_csv(tmp_path / "one.csv.gz", index=False)
    return [str(tmp_path), *request.param, "--seeds", "1", "--out", str(tmp_path / "out")]


def without(monkeypatch, *packages):
    """Let the study find none of the packages."""
    find = candidate.find_spec
    monkeypatch.setattr(
        candidate, "find_spec", lambda name: None if name in packages else find(name)
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_rivals_without_their_packages_are_left_out_with_a_line(monkeypatch, capsys, task_options):
    without(monkeypatch, *OF_OTHERS)
    __main__.main([*task_options, "--rivals"])
    lines = capsys.readouterr().out.splitlines()
    assert "LightGBM is left out: lightgbm is not installed." in lines
    scores = pd.read_csv(f"{task_options[-1]}.csv")
    kept = ["with codes", "defaults", "HistGradientBoosting"]
    assert_array_equal(scores["candidate"], kept * 3)
    assert (scores["predict seconds"] > 0).all()
    assert ("AUC" in scores) == ("--regression" not in task_options)
    assert not any("Leave-one-set-out" in line for line in lines)


def test_without_the_package_of_the_reference_there_is_an_error(monkeypatch, capsys, task_options):
    without(monkeypatch, "skrub")
    with pytest.raises(SystemExit):
        __main__.main([*task_options, "--raw"])
    assert "needs skrub, which is not installed" in capsys.readouterr().err


def test_raw_tables_are_measured(task_options):
    pytest.importorskip("skrub")
    __main__.main([*task_options, "--raw"])
    scores = pd.read_csv(f"{task_options[-1]}.csv")
    assert len(scores) == 3 * 3
    assert np.isfinite(scores["loss"]).all()


def test_raw_tables_are_as_they_are(tmp_path):
    """Text, missing values and constant columns, but no rows of a class that is too rare."""
    frame = pd.DataFrame({"x": [np.nan, 1.0] * 15, "same": 1, "text": ["a", np.nan, "c"] * 10})
    frame["target"] = ["no", "yes"] * 14 + ["rare"] * 2
    frame.to_csv(tmp_path / "small.csv.gz", index=False)
    task = replace(CLASSIFICATION, raw=True)
    ((_, X, y),) = data.sets(task, tmp_path)
    pd.testing.assert_frame_equal(X, frame[:28].drop(columns="target"), check_dtype=False)
    X_train, y_train, X_test, _ = next(data.folds(task, X, y, seed=0))
    pd.testing.assert_frame_equal(X_train, X.loc[X_train.index])
    assert_array_equal(y_train, y[X_train.index])
    assert {*X_train.index}.isdisjoint(X_test.index)


@pytest.mark.parametrize("kind", KINDS)
def test_candidates_are_made_with_the_seed_and_shown_as_code(kind):
    for each in [*rivals(kind).values(), *raw(kind).values()]:
        assert each.line().endswith(")")
        if each.is_installed:
            states = {
                value
                for name, value in each(seed=7).get_params().items()
                if name.split("__")[-1] in {"random_state", "random_seed"}
            }
            assert 7 in states
    ours = rivals(kind)["with codes"](seed=7)
    assert pickle.loads(pickle.dumps(ours))[-1].random_state == 7


def test_ranks_know_which_values_are_good():
    columns = ["data", "seed", "fold", "candidate", "score", "loss", "AUC", "Brier"]
    rows = [("a", 0, 0, "x", 0.9, 0.1, 0.8, 0.3), ("a", 0, 0, "y", 0.8, 0.2, 0.9, 0.2)]
    scores = pd.DataFrame(rows, columns=columns).assign(**{"seconds": 1, "predict seconds": 1})
    row = summary(scores, "x", {"AUC": True, "Brier": False}).loc["x"]
    assert_array_equal(row[[f"rank by {kind}" for kind in ("loss", "score")]], [1, 1])
    assert_array_equal(row[[f"rank by {kind}" for kind in ("AUC", "Brier")]], [2, 2])
    assert row["AUC"] == 0.8
