"""What a type checker says of a user's script: nothing where it is right, and where it is wrong."""

import importlib.util
import re
import shutil
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from skscratch import ScratchMLPClassifier

ROOT = Path(__file__).resolve().parents[1]

# Every line that is wrong says so; all others are right.
SCRIPT = """
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from skscratch import ScratchMLPClassifier
from skscratch.callbacks import EarlyStopping, ModelCheckpoint, ValidationMonitor
from skscratch.core.activations import LeakyReLU
from skscratch.core.optimizers import Momentum
from skscratch.core.schedules import Cosine
from skscratch.datasets import load_mnist_csv, make_banded_sum
from skscratch.inspection import (
    ContributionImportance,
    Contributions,
    contributions,
    input_gradient,
)
from skscratch.onnx import to_onnx


def loss_of(model: Any, X: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    return 1.0 - float(model.score(X, y))


X, y = make_banded_sum(200, random_state=np.random.default_rng(0))
assert_type(y, NDArray[np.int64])
model = ScratchMLPClassifier(
    (16, 8),
    activation=["tanh", LeakyReLU(0.1)],
    solver=Momentum(0.9),
    learning_rate=lambda step: 0.1 / (1 + step),
    batch_size="auto",
    random_state=np.random.default_rng(0),
    weight_init=lambda rng, fan_in, fan_out: rng.normal(size=(fan_in, fan_out)),
    class_weight={0: 1, 1: 2.0},
    dtype=np.float32,
    dropout=[0.1, 0.0],
    n_iter_no_change=float("inf"),
    scoring=loss_of,
    checkpoint=Path("model.checkpoint"),
)
ScratchMLPClassifier(16, "relu", solver="sgd", learning_rate=Cosine(0.1, 100))
ScratchMLPClassifier(np.array([16, 8]), class_weight="balanced", dtype="float64", dropout=0.5)
assert_type(model.fit(X, y, X_val=X.tolist(), y_val=y), ScratchMLPClassifier)
assert_type(model.partial_fit(X, y, classes=[0, 1]), ScratchMLPClassifier)
assert_type(model.drop_optimizer_state(), ScratchMLPClassifier)
assert_type(model.predict(X), NDArray[Any])
assert_type(model.predict_proba([[0.0, 1.0]]), NDArray[np.floating[Any]])
assert_type(model.coefs_, list[NDArray[Any]])
assert_type(model.history_["loss"], NDArray[np.float64])
assert_type(model.loss_curve_, list[float])
assert_type(model.n_iter_, int)
model.set_callbacks(
    EarlyStopping("loss", patience=None, target=0.1),
    ModelCheckpoint(Path("model.joblib"), monitor="loss"),
    ValidationMonitor(X, y, scoring=["accuracy", "neg_log_loss"]),
)
print(load_mnist_csv(Path("mnist.csv")).data, to_onnx(model, X))
explained = contributions(model, X, X.tolist(), tol=1e-4)
assert_type(explained, Contributions)
assert_type(explained[0].output(1).values, NDArray[np.float64])
assert_type(ContributionImportance(X)(model), NDArray[np.float64])
assert_type(input_gradient(model, X), NDArray[np.floating[Any]])

ScratchMLPClassifier(16, "relu", "sgd")  # wrong
ScratchMLPClassifier(activation=LeakyReLU)  # wrong
ScratchMLPClassifier(solver=Cosine(0.1, 100))  # wrong
ScratchMLPClassifier(batch_size="all")  # wrong
ScratchMLPClassifier(learning_rate=0.1)  # wrong
ScratchMLPClassifier(random_state="seed")  # wrong
ScratchMLPClassifier(dtype="float16")  # wrong
ScratchMLPClassifier(max_iters=10)  # wrong
model.fit(X)  # wrong
model.fit(X, y, None, X)  # wrong
model.fit(X, y, validation_data=(X, y))  # wrong
model.partial_fit(X, y, weights=y)  # wrong
model.n_iter_.append(1)  # wrong
EarlyStopping(patience="long")  # wrong
ModelCheckpoint(1)  # wrong
make_banded_sum("many")  # wrong
load_mnist_csv(None)  # wrong
contributions(model, X)  # wrong
contributions(model, X, X, max_nodes="many")  # wrong
ContributionImportance()  # wrong
"""


def wrong_lines(script):
    return [n for n, line in enumerate(script.splitlines(), 1) if line.endswith("# wrong")]


@pytest.mark.skipif(not importlib.util.find_spec("mypy"), reason="needs mypy")
def test_a_script_is_judged_line_by_line(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    settings = ("--strict", "--follow-imports=silent", "--config-file=", "--cache-dir=cache")
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *settings, "script.py"],
        cwd=tmp_path,
        env={"MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    errors = [line.split(":") for line in run.stdout.splitlines() if ": error:" in line]
    assert {name for name, *_ in errors} == {"script.py"}, run.stdout + run.stderr
    assert [int(number) for _, number, *_ in errors] == wrong_lines(SCRIPT), run.stdout


@pytest.mark.parametrize("name", ["__init__", "fit", "partial_fit", "predict", "predict_proba"])
def test_hints_can_be_read_at_run_time(name):
    method = getattr(ScratchMLPClassifier, name)
    hints = typing.get_type_hints(method)
    assert {*hints} - {"return"} == {*method.__annotations__} - {"return"}
    assert not [hint for key, hint in hints.items() if hint is typing.Any]


# Faults at the seams of the package: a file, a line of it, and the line that takes its place.
SABOTAGES = [
    (
        "estimators/_classifier.py",
        "return self._outputs(X, self._decide)",
        "return self.this_name_does_not_exist.nor_does_this(1, 2, 3)",
    ),
    (
        "training/sgd.py",
        "data.split(fraction, rng, state.arch.members)",
        "data.split(rng, fraction, state.arch.members)",
    ),
    (
        "training/sgd.py",
        "Evaluator(state, validation, config.scorer, self.runner.current)",
        "Evaluator(validation, state, config.scorer, self.runner.current)",
    ),
    ("training/lbfgs.py", "Evaluator(state, validation,", "Evaluator(validation, state,"),
    ("estimators/_base.py", "continued_state(self, config)", "continued_state(self, data)"),
    ("estimators/_base.py", "self._encode(X, y, w, dtype,", "self._encode(X, y, dtype, w,"),
    (
        "training/loop.py",
        "OptimizerState.start(options.rule, theta,",
        "OptimizerState.start(theta,",
    ),
]


@pytest.mark.skipif(not importlib.util.find_spec("mypy"), reason="needs mypy")
def test_faults_at_the_seams_are_found(tmp_path):
    for name in ("skscratch", "typings"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    expected = set()
    for file, line, fault in SABOTAGES:
        path = tmp_path / "skscratch" / file
        text = path.read_text()
        assert line in text
        path.write_text(text.replace(line, fault))
    for file, _, fault in SABOTAGES:
        lines = (tmp_path / "skscratch" / file).read_text().splitlines()
        expected |= {(file, n) for n, text in enumerate(lines, 1) if fault in text}
    command = [sys.executable, "-m", "mypy", "--cache-dir=cache", "--no-pretty"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    found = re.findall(r"^skscratch/(\S+?):(\d+): error:", run.stdout, re.MULTILINE)
    assert {(file, int(n)) for file, n in found} == expected, run.stdout + run.stderr
