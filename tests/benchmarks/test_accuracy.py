"""The study of accuracy on tables: small results worked out by hand, and one real run."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.accuracy import __main__, data, figure, fits, tasks
from benchmarks.accuracy.candidate import Candidate
from benchmarks.accuracy.choice import leave_one_out
from benchmarks.accuracy.generated import CLASSES, NUMBERS
from benchmarks.accuracy.summary import summary
from benchmarks.accuracy.tasks import CLASSIFICATION, REGRESSION
from skscratch import ScratchMLPClassifier

REFERENCE = "MLPClassifier"
TASKS = [CLASSIFICATION, REGRESSION]
SHORT = {
    REFERENCE: Candidate("", {"max_iter": 5}, MLPClassifier),
    "one": Candidate("", {"max_iter": 5}),
}


def scores_of(**candidates):
    """Return scores with one seed and fold: per candidate the log-losses on the sets a, b ...."""
    rows = [
        (name, 0, 0, candidate, 1 - loss, loss, seconds, seconds / 4)
        for candidate, (losses, seconds) in candidates.items()
        for name, loss in zip("abcd", losses, strict=False)
    ]
    columns = ["data", "seed", "fold", "candidate", "score", "loss", "seconds", "predict seconds"]
    return pd.DataFrame(rows, columns=columns)


def by_hand(kind, X, y, seed):
    """Return accuracy and log-loss, means over folds, without any of the study's code."""
    accuracies, losses = [], []
    for train, test in StratifiedKFold(3, shuffle=True, random_state=seed).split(X, y):
        mean, deviation = X[train].mean(axis=0), X[train].std(axis=0)
        scaled = ((X - mean) / deviation).astype("f4")
        model = kind(max_iter=5, random_state=seed).fit(scaled[train], y[train])
        p = model.predict_proba(scaled[test])[range(len(test)), y[test]]
        accuracies.append(model.score(scaled[test], y[test]))
        losses.append(-np.log(p).mean())
    return np.mean(accuracies), np.mean(losses)


@pytest.fixture(scope="module")
def shipped():
    """Return the scores of two sets that scikit-learn ships, for two seeds."""
    two = (each for each in data.sets(CLASSIFICATION) if each[0] in {"iris", "wine"})
    return fits.measure(CLASSIFICATION, SHORT, two, n_seeds=2)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("load", [load_iris, load_wine])
@pytest.mark.parametrize(
    ("name", "kind"), [(REFERENCE, MLPClassifier), ("one", ScratchMLPClassifier)]
)
def test_scores_are_those_worked_out_by_hand(shipped, load, name, kind):
    X, y = load(return_X_y=True)
    ours = shipped[(shipped["data"] == load.__name__[5:]) & (shipped["candidate"] == name)]
    for seed, rows in ours.groupby("seed"):
        expected = by_hand(kind, X, y, seed)
        # the last digits of float32 differ with the way of scaling
        assert_allclose(rows[["score", "loss"]].mean(), expected, rtol=1e-4)
    assert len(ours) == 2 * 3


def test_folds_and_models_change_with_the_seed(shipped):
    first, second = (rows["loss"].to_numpy() for _, rows in shipped.groupby("seed"))
    assert not np.isclose(first, second).any()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scores_of_a_regressor_are_those_worked_out_by_hand():
    X, y = load_diabetes(return_X_y=True)
    one = (each for each in data.sets(REGRESSION) if each[0] == "diabetes")
    candidates = {name: REGRESSION.candidates[name] for name in ("MLPRegressor, y scaled",)}
    ours = fits.measure(REGRESSION, candidates, one, n_seeds=1)
    for fold, (train, test) in enumerate(KFold(3, shuffle=True, random_state=0).split(X)):
        scaled = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
        mean, std = y[train].mean(), y[train].std()
        model = MLPRegressor(random_state=0).fit(
            scaled[train].astype("f4"), (y[train] - mean) / std
        )
        p = model.predict(scaled[test].astype("f4")) * std + mean
        rmse = np.sqrt(np.mean((p - y[test]) ** 2)) / y[test].std()
        [row] = ours[ours["fold"] == fold].to_dict("records")
        assert_allclose(row["loss"], rmse, rtol=1e-3)
        assert_allclose(row["score"], 1 - rmse**2, rtol=1e-3)


@pytest.mark.parametrize("name", NUMBERS)
def test_drawn_numbers_are_the_same_each_time_and_are_numbers(name):
    first, second = NUMBERS[name](), NUMBERS[name]()
    pd.testing.assert_frame_equal(first, second)
    assert first["target"].nunique() > 50
    assert np.isfinite(first.to_numpy()).all()


@pytest.mark.parametrize("name", CLASSES)
def test_drawn_sets_are_the_same_each_time_and_have_classes_to_tell_apart(name):
    first, second = CLASSES[name](), CLASSES[name]()
    pd.testing.assert_frame_equal(first, second)
    assert 2 <= first["target"].nunique() <= 4
    assert first["target"].value_counts().min() >= 30
    assert "target" not in first.columns[:-1]


def test_log_loss_is_clipped():
    P = np.array([[0.25, 0.75], [1.0, 0.0]])
    expected = -(np.log(0.75) + np.log(1e-7)) / 2
    assert tasks.log_loss(P, np.array([1, 1])) == pytest.approx(expected, rel=1e-6)


def test_auc_and_brier_score_are_those_worked_out_by_hand():
    """Of three classes: pairs in order, and squared distances to the true class."""
    P, y = np.array([[0.6, 0.4], [0.3, 0.7], [0.8, 0.2], [0.5, 0.5]]), np.array([0, 1, 1, 0])
    assert tasks.auc(P, y) == pytest.approx(0.5)
    assert tasks.brier_score(P, y) == pytest.approx((0.4**2 + 0.3**2 + 0.8**2 + 0.5**2) / 4)
    P, y = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.7, 0.2]]), np.array([0, 1, 2])
    # class 0 is ahead of both others, class 1 of one with 0.2, class 2 ties with one and is behind
    assert tasks.auc(P, y) == pytest.approx((1 + 0 + 0.25) / 3)
    squares = (0.25 + 0.09 + 0.04, 0.04 + 0.64 + 0.36, 0.01 + 0.49 + 0.64)
    assert tasks.brier_score(P, y) == pytest.approx(sum(squares) / 6)


def test_a_table_is_imputed_scaled_and_one_hot(tmp_path):
    n = 30
    frame = pd.DataFrame(
        {
            "number": [np.nan, *range(1, n)],
            "constant": 1.0,
            "name": [f"name {i}" for i in range(n)],
            "colour": ["red", None, "blue"] * (n // 3),
            "target": ["no", "yes"] * 14 + ["rare"] * 2,
        }
    )
    frame.to_csv(tmp_path / "small.csv.gz", index=False)
    ((name, X, y),) = data.sets(CLASSIFICATION, tmp_path)
    assert name == "small"
    assert_array_equal(X.columns, ["number", "name", "colour"])
    assert_array_equal(y, [0, 1] * 14)  # two rows of "rare" are too few for a class
    assert_array_equal(X["colour"][:3], ["red", "missing", "blue"])
    X_train, y_train, X_test, y_test = next(
        data.folds(CLASSIFICATION, X.drop(columns="name"), y, seed=0)
    )
    train, _ = next(StratifiedKFold(3, shuffle=True, random_state=0).split(X, y))
    number = X["number"].to_numpy()[train]
    number = np.where(np.isnan(number), np.nanmedian(number), number)
    assert X_train.dtype == np.float32
    assert_allclose(X_train[:, 0], (number - number.mean()) / number.std(), rtol=1e-5, atol=1e-6)
    colours = X[["colour"]].to_numpy()[train] == ["blue", "missing", "red"]
    assert_array_equal(X_train[:, 1:], colours)
    assert (len(y_train), len(y_test), len(X_test)) == (
        len(train),
        28 - len(train),
        28 - len(train),
    )


def test_long_tables_are_sampled_and_lists_of_names_dropped(monkeypatch):
    monkeypatch.setattr(data, "MAX_CATEGORIES", 20)
    frame = pd.DataFrame({"x": range(100), "name": [f"{i}" for i in range(100)], "target": 0})
    X, y = data.prepared(CLASSIFICATION, frame, 40)
    assert_array_equal(X["x"], frame.sample(40, random_state=0)["x"])
    assert_array_equal(X.columns, ["x"])
    assert len(y) == 40


def test_a_folder_without_tables_is_an_error(tmp_path):
    with pytest.raises(SystemExit, match=r"no \*\.csv\.gz"):
        list(data.sets(CLASSIFICATION, tmp_path))


def test_summary_of_three_sets():
    """Log-losses over the reference: 0.5 a win, 1.005 a tie, 1.5 a loss."""
    scores = scores_of(**{REFERENCE: ([0.2, 0.4, 0.4], 2.0), "x": ([0.1, 0.402, 0.6], 1.0)})
    later = scores.assign(seed=1, score=scores["score"] + 0.02)
    row = summary(pd.concat([scores, later]), REFERENCE).loc["x"]
    assert row["score"] == pytest.approx((0.9 + 0.598 + 0.4) / 3 + 0.01)
    assert row["score spread"] == pytest.approx(0.02 / np.sqrt(2))
    assert row["loss"] == pytest.approx(1.102 / 3)
    assert row["loss spread"] == pytest.approx(0)
    assert [*row[["wins", "ties", "losses"]]] == [1, 1, 1]
    assert row["worst"] == pytest.approx(-0.2)
    assert row["loss ratio"] == pytest.approx((0.5 * 1.005 * 1.5) ** (1 / 3))
    assert row["time"] == row["predict time"] == pytest.approx(0.5)
    assert row["rank by loss"] == row["rank by score"] == pytest.approx((1 + 2 + 2) / 3)


def test_a_set_has_no_say_in_what_is_chosen_for_it():
    """x is the better on a and b, y on c and d; z may not be chosen."""
    scores = scores_of(x=([0.1, 0.1, 0.9], 1.0), y=([0.2, 0.2, 0.1], 1.0), z=([0, 0, 0], 1.0))
    scores = pd.concat([scores, scores.iloc[[2, 5, 8]].assign(data="d")])
    chosen = leave_one_out(scores, ["y", "x"])
    assert chosen["chosen"].to_dict() == {"a": "y", "b": "y", "c": "x", "d": "x"}
    assert_allclose(chosen["loss"], [0.2, 0.2, 0.9, 0.9])
    assert_allclose(chosen["score"], [0.8, 0.8, 0.1, 0.1])


def test_one_bad_fit_does_not_decide():
    """By mean log-loss y would be chosen for a and b."""
    scores = scores_of(x=([0.1, 0.1, 9.0, 0.1], 1.0), y=([0.2, 0.2, 0.1, 0.2], 1.0))
    assert (leave_one_out(scores, ["y", "x"])["chosen"] == "x").all()


def test_ratios_of_the_figure():
    scores = scores_of(**{"x": ([0.1, 0.4], 1.0), REFERENCE: ([0.2, 0.2], 1.0)})
    table = figure.ratios(CLASSIFICATION, scores)
    assert_array_equal(table.columns, ["x"])
    assert_allclose(table["x"], [0.5, 2])


@pytest.mark.parametrize("task", TASKS, ids=["classification", "regression"])
def test_no_parameter_of_a_candidate_is_without_effect(task):
    """The estimator warns of such a parameter, and here a warning is an error."""
    load = load_iris if task is CLASSIFICATION else load_diabetes
    X, y = load(return_X_y=True)
    lines = [candidate for candidate in task.candidates.values() if candidate.is_line]
    assert len(lines) > 5
    for candidate in lines:
        model = candidate(seed=0).set_params(max_iter=1)
        with pytest.warns() as caught:
            model.fit(X, y)
        assert {w.category.__name__ for w in caught} == {"ConvergenceWarning"}


def test_a_candidate_is_shown_as_code():
    assert CLASSIFICATION.candidates["one network"].line() == "ScratchMLPClassifier(n_members=1)"
    assert REGRESSION.candidates["MLPRegressor, stopped"].line() == (
        "TransformedTargetRegressor(regressor=MLPRegressor(early_stopping=True), "
        "transformer=StandardScaler())"
    )


@pytest.mark.parametrize(
    ("task", "options", "shipped", "drawn"),
    [
        (CLASSIFICATION, [], "iris", "moons"),
        (REGRESSION, ["--regression"], "diabetes", "tiny"),
    ],
    ids=["classification", "regression"],
)
def test_a_run_prints_all_tables_and_writes_scores_and_figure(
    tmp_path, monkeypatch, capsys, task, options, shipped, drawn
):
    for sets, kept in ((task.shipped, shipped), (task.generated, drawn)):
        for name in {*sets} - {kept}:
            monkeypatch.delitem(sets, name)
    out = tmp_path / "out"
    __main__.main([*options, "--seeds", "1", "--only", "one member", "--out", str(out)])
    lines = capsys.readouterr().out.splitlines()
    scores = pd.read_csv(f"{out}.csv")
    assert len(scores) == 2 * 3 * 2
    assert (scores["seconds"] > 0).all()
    means = scores.groupby("candidate")[["score", "loss"]].mean()
    score, loss = means.loc["one member"]
    [row] = [line for line in lines if line.startswith(f"| one member | {score:.4f} | {loss:.4f}")]
    assert row.count("|") == 9
    assert f"| mean |  | {score:.4f} | {loss:.4f} |" in "\n".join(lines)
    assert f"| candidate | {task.score} | {task.loss} |" in "\n".join(lines)
    assert f"rank by {task.loss} | rank by {task.score} |" in "\n".join(lines)
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_candidate_is_an_error_that_names_those_there_are(capsys):
    with pytest.raises(SystemExit):
        __main__.main(["--only", "sine"])
    assert "unknown candidates: ['sine']. There are ['MLPClassifier'," in capsys.readouterr().err
