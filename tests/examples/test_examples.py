"""Each example runs alone, without a home or a screen, and with warnings as errors."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skscratch.datasets import load_digits

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DIGITS_FIGURES = [
    "digits_confusion.png",
    "digits_labels.png",
    "digits_learning_curves.png",
    "digits_misclassified.png",
    "digits_samples.png",
]


def metric_rows(output):
    """Return the rows of the metrics table as numbers."""
    assert re.search(r"^ +accuracy +macro F1 +precision +recall$", output, re.MULTILINE)
    rows = re.findall(r"^(train|test) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)$", output, re.M)
    return {part: [float(value) for value in values] for part, *values in rows}


def test_digits_with_the_defaults(tmp_path, run, assert_figures):
    pytest.importorskip("matplotlib", reason="the examples draw figures")
    done = run(tmp_path, "plot_digits.py")
    assert done.returncode == 0, done.stderr
    rows = metric_rows(done.stdout)
    assert list(rows) == ["train", "test"]
    assert min(rows["test"]) > 0.96
    assert min(rows["train"]) > 0.98
    assert "loaded again: the same predictions" in done.stdout
    assert_figures(tmp_path / "figures", DIGITS_FIGURES)


def test_digits_with_every_option(tmp_path, run, assert_figures):
    pytest.importorskip("matplotlib", reason="the examples draw figures")
    digits = load_digits()
    images = np.zeros((400, 28, 28), dtype=int)
    images[:, 2:26, 2:26] = digits.images[:400].repeat(3, axis=1).repeat(3, axis=2) * 255 / 16
    pixels = [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)]
    np.savetxt(
        tmp_path / "mnist.csv",
        np.column_stack([digits.target[:400], images.reshape(400, 784)]),
        fmt="%d",
        delimiter=",",
        header=",".join(["label", *pixels]),
        comments="",
    )
    folder = tmp_path / "deep" / "er"
    options = ("--mnist", "mnist.csv", "--epochs", 1, "--seed", 3, "--figures", folder)
    done = run(tmp_path, "plot_digits.py", *options)
    assert done.returncode == 0, done.stderr
    assert "400 images of 28x28 pixels" in done.stdout
    assert re.findall(r"^epoch +(\d+) ", done.stdout, re.MULTILINE) == ["1"]
    assert re.search(r"^1 epochs of training took \d+\.\d s$", done.stdout, re.MULTILINE)
    assert list(metric_rows(done.stdout)) == ["train", "test"]
    assert not (tmp_path / "figures").exists()
    assert_figures(folder, DIGITS_FIGURES)


WITHOUT = """
import runpy, sys
# These need sklearn.callback, where there is one, before it is hidden.
import sklearn.model_selection, sklearn.pipeline, skscratch.callbacks

missing, *scripts = sys.argv[1:]
del sys.argv[1:]
sys.modules[missing] = None
for script in scripts:
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("pattern", "missing", "message"),
    [
        ("plot_*.py", "matplotlib", 'This example draws figures: pip install "skscratch[plot]"'),
        *(
            ("plot_onnx.py", package, 'needs ONNX: pip install "skscratch[onnx]"')
            for package in ("onnxruntime", "skl2onnx")
        ),
        ("plot_call*.py", "sklearn.callback", 'callbacks: pip install "scikit-learn>=1.9"'),
    ],
)
def test_the_message_says_what_to_install(tmp_path, pattern, missing, message):
    if missing != "matplotlib":
        pytest.importorskip("matplotlib", reason="it would be missed first")
    scripts = sorted(EXAMPLES.glob(pattern))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, missing, *scripts],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(scripts)
    assert all(line.endswith(message) for line in lines)
    assert not list(tmp_path.iterdir())
