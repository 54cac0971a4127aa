"""A fit that is cut short goes on from its checkpoint, to the last bit."""

import copy
import functools
import operator
import os
import pickle
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from skscratch import ScratchMLPClassifier
from skscratch.estimators import _auto, _base
from skscratch.training import checkpoint
from tests.estimators.bomb import Bomb, die, interrupt

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

COURSES = {
    "plain": {},
    "sgd": {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 2, "tol": 0.05},
    "everything": {
        "dropout": 0.3, "ema_decay": 0.9, "weight_decay": 0.1, "max_grad_norm": 0.5,
        "label_smoothing": 0.1, "learning_rate": "cosine", "warmup_steps": 5,
    },
    "early stopping": {"early_stopping": True, "n_updates_no_change": 40, "tol": 0},
    "refit": {"early_stopping": True, "refit": True, "n_updates_no_change": 0},
    "score": {"early_stopping": True, "scoring": None, "ema_decay": 0.5},
    "members": {"n_members": 4, "early_stopping": True, "ema_decay": 0.9, "dropout": 0.3},
    "members, scored": {
        "n_members": 2, "early_stopping": True, "scoring": "accuracy", "temperature_scaling": True,
    },
}  # fmt: skip
courses = pytest.mark.parametrize("params", COURSES.values(), ids=COURSES)

KILLED = """
import os, random, signal, sys, time, warnings
import joblib
import numpy as np
from skscratch import ScratchMLPClassifier

warnings.simplefilter("ignore")
folder, params, wanted = sys.argv[1], eval(sys.argv[2]), int(sys.argv[3])
rng = np.random.default_rng(0)
X = rng.normal(size=(600, 5))
y = (X @ rng.normal(size=(5, 3)) + rng.normal(size=(600, 3))).argmax(axis=1)

def train(path):
    model = ScratchMLPClassifier(
        (8,), batch_size=16, max_iter=40, random_state=0, checkpoint=path, checkpoint_epochs=1,
        **params,
    ).fit(X, y)
    history = {k: v for k, v in model.history_.items() if k != "seconds"}
    return joblib.hash((model.coefs_, model.intercepts_, history, model.t_, model._continuation))

def in_child(path):
    child = os.fork()
    if child == 0:
        with open(path + ".hash", "w") as file:
            file.write(train(path))
        os._exit(0)
    return child

expected = train(folder + "/first")
start = time.perf_counter()
assert train(folder + "/second") == expected
seconds = time.perf_counter() - start
moments, n_cut_short, trial = random.Random(0), 0, 0
while n_cut_short < wanted and trial < 10 * wanted:
    trial += 1
    path = f"{folder}/{trial}"
    child = in_child(path)
    time.sleep(moments.uniform(0, seconds))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    n_cut_short += status != 0 and os.path.exists(path)
    assert os.waitpid(in_child(path), 0)[1] == 0, trial
    assert open(path + ".hash").read() == expected, trial
print(n_cut_short)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.checkpoint"


def assert_equal_models(one, other):
    """Equal to the last bit, in all but time."""
    assert_array_equal(one._continuation["seed"], other._continuation["seed"])
    for name in ("coefs_", "intercepts_"):
        for mine, theirs in zip(getattr(one, name), getattr(other, name), strict=True):
            assert_array_equal(mine, theirs)
    assert [*one.history_] == [*other.history_]
    for name in {*one.history_} - {"seconds"}:
        assert_array_equal(one.history_[name], other.history_[name], name)
    for name in ("n_iter_", "t_", "best_loss_", "best_validation_score_"):
        assert getattr(one, name) == getattr(other, name), name
    for name in ("shuffle", "dropout"):
        assert one._continuation[name] == other._continuation[name]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("name", ["everything", "refit"])
@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.exhaustive)])
def test_killed_at_any_moment_it_ends_with_the_same_model(name, times, tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path, repr(COURSES[name]), str(times)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) == times, "so many must be killed after a checkpoint"


@pytest.mark.pairwise
@courses
@pytest.mark.parametrize("at", [2, 30, 90])
def test_a_run_that_died_goes_on_to_the_same_end(params, at, path, task, small):
    X, y = task
    params = {**params, "batch_size": 16, "max_iter": 30, "learning_rate_init": 0.05}
    whole = small(activation=[Bomb()], **params).fit(X, y)
    model = small(activation=[Bomb(at, die)], checkpoint=path, checkpoint_epochs=1, **params)
    with pytest.raises(MemoryError):
        model.fit(X, y)
    assert path.exists() is (at > 10)
    assert_equal_models(model.fit(X, y), whole)


@courses
@pytest.mark.parametrize("stretch", [1, 1000], ids=["in scale", "out of scale"])
def test_every_checkpoint_of_a_run_leads_to_its_end(
    params, stretch, path, multiclass, small, monkeypatch
):
    """The last epoch of the search and the first of the refit have one each, too."""
    X, y = stretch * multiclass[0], multiclass[1]
    params = {"batch_size": 16, "learning_rate_init": 0.05, "standardize": True, **params}
    params |= {"max_iter": 12, "n_iter_no_change": 1, "tol": 0.1, "n_updates_no_change": 0}
    params |= {"checkpoint": path, "checkpoint_seconds": 0}
    if not params.get("early_stopping"):
        del params["n_updates_no_change"]
    written, write = [], checkpoint.write

    def spy(path, content):
        write(path, content)
        written.append(path.read_bytes())

    with monkeypatch.context() as watched:
        watched.setattr(checkpoint, "write", spy)
        whole = small(**params).fit(X, y)
    assert len(written) > whole.n_iter_
    for saved in written:
        path.write_bytes(saved)
        assert_equal_models(small(**params).fit(X, y), whole)


@pytest.mark.parametrize("params", [{}, COURSES["refit"]], ids=["plain", "refit"])
def test_a_run_without_a_seed_goes_on_with_its_own(params, path, binary, small, monkeypatch):
    params = {"batch_size": 16, **params}
    model = small(
        activation=[Bomb(30, die)],
        random_state=None,
        checkpoint=path,
        checkpoint_epochs=1,
        **params,
    )
    with pytest.raises(MemoryError):
        model.fit(*binary)
    seed = checkpoint.read(path)["belongs_to"]["seed"]
    model.fit(*binary)
    monkeypatch.setattr(_base, "draw_seed", lambda random_state: seed)
    assert_equal_models(model, small(activation=[Bomb()], **params).fit(*binary))


def test_a_run_that_patience_has_ended_is_not_trained_further(path, multiclass, small):
    params = {"early_stopping": True, "n_updates_no_change": 0, "n_iter_no_change": 3}
    params |= {"learning_rate_init": 0.1, "max_iter": 500, "checkpoint": path}
    model = small(**params).fit(*multiclass)
    assert model.n_iter_ < 500
    assert_equal_models(small(**params).fit(*multiclass), model)


def test_a_run_that_goes_on_says_where(path, binary, small, capsys):
    model = small(max_iter=3, checkpoint=path, verbose=True).fit(*binary)
    assert "resumed" not in capsys.readouterr().out
    model.set_params(max_iter=5).fit(*binary)
    resumed, first, *_ = capsys.readouterr().out.splitlines()
    assert resumed == f"resumed from {path} after epoch 3"
    assert first.startswith("epoch    4  ")


@courses
def test_a_checkpoint_of_a_run_that_has_ended_gives_its_model_at_once(params, path, binary, small):
    model = small(checkpoint=path, **params).fit(*binary)
    again = small(checkpoint=path, **params).fit(*binary)
    assert_equal_models(again, model)
    assert_array_equal(again.history_["seconds"], model.history_["seconds"])


def test_more_epochs_may_be_asked_for(path, binary, small):
    small(checkpoint=path, max_iter=5, batch_size=16).fit(*binary)
    longer = small(checkpoint=path, max_iter=12, batch_size=16).fit(*binary)
    assert_equal_models(longer, small(max_iter=12, batch_size=16).fit(*binary))


@pytest.mark.parametrize("name", ["plain", "early stopping", "refit"])
def test_fewer_epochs_than_the_file_holds_are_a_parameter_without_effect(name, path, binary, small):
    params = COURSES[name] | {"batch_size": 16, "checkpoint": path}
    model = small(**params, max_iter=9).fit(*binary)
    n = np.isfinite(model.history_.get("validation_loss", model.history_["loss"])).sum()
    assert (model.n_iter_ > n) == (name == "refit")
    way_out = f"Set max_iter to at least {n}. .*remove the file"
    with pytest.warns(UserWarning, match=f"^max_iter=5 .* trained {n} epochs. {way_out}") as found:
        again = small(**params, max_iter=5).fit(*binary)
    assert found[0].filename == __file__
    assert_equal_models(again, model)
    for enough in (n, 20):  # "error" in pytest's settings
        small(**params, max_iter=enough).fit(*binary)


def test_a_warm_start_goes_on_from_its_own_checkpoint_only(path, binary, small):
    params = {"warm_start": True, "batch_size": 16, "checkpoint_epochs": 1}
    first = small(**params, activation=[Bomb()], checkpoint=path).fit(*binary)
    with pytest.raises(ValueError, match="fitted network"):
        first.fit(*binary)


@courses
@pytest.mark.parametrize("at", [17, 43])
def test_a_fit_goes_on_after_ctrl_c(params, at, path, binary, small):
    params = {"batch_size": 16, "max_iter": 12, **params}
    cut = [Bomb(at, interrupt)]
    model = small(activation=cut, checkpoint=path, checkpoint_epochs=2, **params)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*binary)
    assert_equal_models(model.fit(*binary), small(activation=[Bomb()], **params).fit(*binary))


def test_a_sparse_matrix_is_known_again(path, binary, small):
    """However often it has been looked at."""
    X, y = binary
    X = sparse.csr_matrix(X * (X > 0))
    model = small(checkpoint=path).fit(X, y)
    assert X.has_sorted_indices
    assert_equal_models(small(checkpoint=path).fit(X, y), model)


def test_the_same_values_of_other_types_are_the_same(path, binary, small):
    params = {"hidden_layer_sizes": (8,), "alpha": 1, "beta_1": 0.5, "dropout": [0.5]}
    small(checkpoint=path, **params).fit(*binary)
    other = {"hidden_layer_sizes": [8], "alpha": 1.0, "beta_1": np.float64(0.5), "dropout": (0.5,)}
    assert small(checkpoint=str(path), **other).fit(*binary).n_iter_ == 15


def spoil(path, kind):
    data = path.read_bytes()
    wrong = {
        "truncated": data[: len(data) // 2],
        "empty": b"",
        "corrupted": data[:-50] + bytes([data[-50] ^ 1]) + data[-49:],
        "foreign": b"PK" + data,
        "pickle": pickle.dumps({"theta": 0}),
    }
    path.write_bytes(wrong[kind])


def test_a_file_of_a_version_that_lacked_a_parameter_goes_on(path, binary, small):
    """If the parameter has the value that says what was done then."""
    small(checkpoint=path, max_iter=5).fit(*binary)
    content = checkpoint.read(path)
    for name in ("dropout", "n_members"):
        del content["belongs_to"]["parameters"][name]
    checkpoint.write(path, content)
    for other, value in (("dropout", 0.5), ("alpha", 0.5)):
        with pytest.raises(ValueError, match=f"another {other}"):
            small(checkpoint=path, **{other: value}).fit(*binary)
    assert_equal_models(small(checkpoint=path).fit(*binary), small().fit(*binary))


@pytest.mark.parametrize("kind", ["truncated", "empty", "corrupted", "foreign", "pickle"])
def test_a_file_that_is_none_of_ours_is_refused(kind, path, binary, small):
    small(checkpoint=path).fit(*binary)
    spoil(path, kind)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"(?s)checkpoint=.*run\.checkpoint.*remove the file"):
        small(checkpoint=path).fit(*binary)
    assert path.read_bytes() == before


def test_something_else_in_our_format_is_refused(path, binary, small):
    checkpoint.write(path, {"theta": np.zeros(3)})
    with pytest.raises(ValueError, match="does not hold the state of a fit"):
        small(checkpoint=path).fit(*binary)


def leaves(content, path=()):
    """Yield the path to every part of a content, the outer ones first."""
    parts = {dict: lambda: content, list: lambda: range(len(content))}.get(type(content), tuple)()
    for key in parts:
        yield (*path, key)
        yield from leaves(content[key], (*path, key))


def changed(content, path, value):
    """Return a copy with another value at the path; without one if that is Ellipsis."""
    changed = copy.deepcopy(content)
    part = functools.reduce(operator.getitem, path[:-1], changed)
    if value is ...:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return changed


WRONG = [..., None, "word", -1, [], np.zeros(3)]


def may_be(part, value, now):
    """Return whether another value is as good, for it could be that of another run."""
    if part[-1] == "best_validation_score":
        return value is None or isinstance(value, float)
    if part[:-1] == ("belongs_to", "parameters"):
        return value is ...  # a parameter that a former version did not have
    if part == ("scaling",):
        return value is ... or value is now  # a former version did not write it
    return value is now or type(value) is type(now) is float


def refusal(model, X, y):
    try:
        model.fit(X, y)
    except ValueError as error:
        return str(error)
    return ""


# 3: two of the six values for each part, other ones for the next.
@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_whatever_part_of_a_file_someone_has_changed_it_is_refused(step, path, binary, small):
    """Behind a digest that is right: each part, left out and replaced by values of all kinds."""
    params = COURSES["refit"] | {"ema_decay": 0.9, "dropout": 0.3, "batch_size": 45, "max_iter": 3}
    model = small(checkpoint=path, **params)
    model.fit(*binary)
    content = checkpoint.read(path)
    for i, part in enumerate(leaves(content)):
        now = functools.reduce(operator.getitem, part, content)
        for value in WRONG[i % step :: step]:
            if may_be(part, value, now):
                continue
            checkpoint.write(path, changed(content, part, value))
            said = refusal(model, *binary)
            assert re.match("checkpoint=.*remove the file", said), (part, value, said)
    checkpoint.write(path, content)
    assert model.fit(*binary).n_iter_ == content["state"]["counted"]["n_epochs"]


THETAS = [
    ("theta_before",), ("best", "theta"),
    ("state", "learned", "theta"), ("state", "learned", "mean"),
    ("start", "learned", "theta"), ("start", "learned", "mean"),
]  # fmt: skip


@pytest.mark.parametrize("part", THETAS, ids=lambda part: "-".join(part))
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_parameters_that_are_not_finite_are_refused(part, value, path, binary, small):
    params = {**COURSES["refit"], "ema_decay": 0.9, "checkpoint": path}
    small(**params).fit(*binary)
    content = checkpoint.read(path)
    functools.reduce(operator.getitem, part, content)[3] = value
    checkpoint.write(path, content)
    with pytest.raises(ValueError, match=r"checkpoint=.*a parameter of its network is not finite"):
        small(**params).fit(*binary)


@pytest.mark.parametrize("phase", ["refit", "over"])
def test_a_phase_that_this_fit_does_not_have_is_refused(phase, path, binary, small):
    small(checkpoint=path).fit(*binary)
    checkpoint.write(path, checkpoint.read(path) | {"phase": phase})
    with pytest.raises(ValueError, match=rf"checkpoint=.*its phase '{phase}' is none of"):
        small(checkpoint=path).fit(*binary)


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ({"hidden_layer_sizes": (9,)}, "architecture"),
        (
            {"dtype": "float32"},
            r"architecture \(hidden_layer_sizes.* 'float64', .* 'float32', .*\)",
        ),
        (
            {"class_weight": "balanced"},
            r"data set \(.*class_weight\), and with another class_weight",
        ),
        ({"refit": True, "early_stopping": True}, "early_stopping, refit"),
        ({"n_members": 2}, r"architecture .*, and with another n_members"),
        ({"alpha": 0.5}, "alpha"),
        ({"learning_rate_init": 0.5, "dropout": 0.5}, "dropout, learning_rate_init"),
        ({"random_state": 1}, "random_state"),
    ],
    ids=str,
)
def test_a_checkpoint_of_another_run_is_refused(change, culprit, path, binary, small):
    small(checkpoint=path).fit(*binary)
    with pytest.raises(ValueError, match=rf"(?s)checkpoint=.*another {culprit}"):
        small(checkpoint=path, **change).fit(*binary)


def test_a_checkpoint_of_other_data_is_refused(path, binary, small):
    X, y = binary
    params = {"checkpoint": path}
    small(**params).fit(X, y, X_val=X[:20], y_val=y[:20])
    changed = X.copy()
    changed[3, 3] += 1
    for arguments, culprit in [
        ({"X": changed, "y": y, "X_val": X[:20], "y_val": y[:20]}, "data set"),
        ({"X": X, "y": 1 - y, "X_val": X[:20], "y_val": y[:20]}, "data set"),
        ({"X": X, "y": y, "sample_weight": y + 1, "X_val": X[:20], "y_val": y[:20]}, "data set"),
        ({"X": X, "y": y, "X_val": X[:21], "y_val": y[:21]}, "validation set"),
        ({"X": X, "y": y}, "validation set"),
    ]:
        with pytest.raises(ValueError, match=f"another {culprit}"):
            small(**params).fit(**arguments)


def test_every_so_many_epochs_or_seconds(path, binary, small, monkeypatch):
    written, write = [], checkpoint.write

    def spy(path, content):
        written.append(content["state"]["counted"]["n_epochs"])
        write(path, content)

    monkeypatch.setattr(checkpoint, "write", spy)
    for params, epochs in [
        ({"checkpoint_epochs": 4}, [4, 8, 10]),
        ({"checkpoint_seconds": 0}, [*range(1, 11), 10]),
        ({"checkpoint_seconds": None}, [10]),
        ({}, [10]),
    ]:
        path.unlink(missing_ok=True)
        small(checkpoint=path, max_iter=10, **params).fit(*binary)
        assert written == epochs
        written.clear()


def test_a_full_disk_does_not_end_training(path, binary, small, monkeypatch):
    def fail(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write", fail)
    with pytest.warns(UserWarning, match="No space left"):
        model = small(checkpoint=path).fit(*binary)
    assert_equal_models(model, small().fit(*binary))


@pytest.mark.parametrize("path", ["", "missing/file", "a\0b", "circle", "circle/file"])
def test_what_can_be_no_file_is_refused_before_training(path, tmp_path, binary, small):
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(ValueError, match=r"checkpoint=.*a file in a folder"):
        small(checkpoint=tmp_path / path).fit(*binary)
    with pytest.raises(ValueError, match=r"checkpoint=.*a file in a folder"):
        small(checkpoint=f"{tmp_path}/{path}").fit(*binary)


def test_a_solver_that_writes_none_does_not_look_at_its_path(tmp_path, binary, small):
    params = {"solver": "lbfgs", "max_iter": 2}
    missing = str(tmp_path / "no" / "file")
    with pytest.warns(UserWarning, match=r"does not use: .*checkpoint="):
        model = small(checkpoint=missing, **params).fit(*binary)
    assert_array_equal(model.coefs_[0], small(**params).fit(*binary).coefs_[0])


def test_a_link_leads_to_the_file(path, binary, small):
    link = path.with_name("link")
    link.symlink_to(path)
    small(checkpoint=link).fit(*binary)
    assert link.is_symlink()
    assert small(checkpoint=path).fit(*binary).n_iter_ == 15
    assert sorted(os.listdir(path.parent)) == ["link", path.name]


def test_what_others_have_beside_it_is_left_alone(path, binary, small):
    mine, target = path.with_name(f"{path.name}.tmp"), path.with_name("target")
    target.write_bytes(b"mine")
    mine.symlink_to(target)
    small(checkpoint=path).fit(*binary)
    assert target.read_bytes() == b"mine"
    assert mine.is_symlink()


def test_a_parameter_that_cannot_be_compared_is_refused_by_name(path, binary, small):
    with pytest.raises(ValueError, match="weight_init"):
        small(checkpoint=path, weight_init=lambda rng, p, q: np.ones((p, q))).fit(*binary)


@pytest.mark.parametrize("name", ["dtype", "n_members"])
def test_where_auto_means_something_else_now_a_fit_goes_on_as_it_began(name, tmp_path, monkeypatch):
    """A former version may have made other choices."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 3)), rng.integers(2, size=200)

    def go_on(max_iter, path):
        model = ScratchMLPClassifier(
            (64,), max_iter=max_iter, random_state=0, checkpoint=path, checkpoint_epochs=1
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(X, y)

    began = go_on(2, tmp_path / "run")
    constants = {"dtype": ("COARSE", 0), "n_members": ("NARROWEST", 32)}
    monkeypatch.setattr(_auto, *constants[name])
    went_on, anew = go_on(4, tmp_path / "run"), go_on(4, tmp_path / "another")
    assert went_on.n_iter_ == 4
    assert went_on.n_members_ == began.n_members_ == 4
    assert went_on.coefs_[0].dtype == began.coefs_[0].dtype == np.float32
    assert anew.n_members_ != 4 or anew.coefs_[0].dtype != np.float32
