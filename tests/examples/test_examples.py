"""Each example runs alone, without a home or a screen, and with warnings as errors."""

import os
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


def run(folder, name, *arguments):
    hidden = {"HOME", "DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"}
    return subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, *map(str, arguments)],
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key not in hidden},
        capture_output=True,
        text=True,
        check=False,
    )


def assert_figures(folder, names):
    image = pytest.importorskip("matplotlib.image")
    assert sorted(path.name for path in folder.iterdir()) == names
    for name in names:
        pixels = image.imread(folder / name)[..., :3]
        assert min(pixels.shape[:2]) >= 200
        assert pixels.std() > 0.05, f"{name} is (nearly) blank"


def metric_rows(output):
    """Return the rows of the metrics table as numbers."""
    assert re.search(r"^ +accuracy +macro F1 +precision +recall$", output, re.MULTILINE)
    rows = re.findall(r"^(train|test) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)$", output, re.M)
    return {part: [float(value) for value in values] for part, *values in rows}


def test_banded_sum(tmp_path):
    pytest.importorskip("matplotlib", reason="the examples draw figures")
    done = run(tmp_path, "plot_banded_sum.py")
    assert done.returncode == 0, done.stderr
    table = {line[:12].strip(): line.split()[-4:] for line in done.stdout.splitlines()}
    linear, network = (list(map(float, table[name])) for name in ("linear", "4 tanh units"))
    assert min(linear[:2]) > 0.68, "a loss below log 2 says that the linear model has learnt"
    assert min(network[2:]) > 0.95
    assert_figures(tmp_path / "figures", ["banded_sum_boundaries.png", "banded_sum_loss.png"])


def test_digits_with_the_defaults(tmp_path):
    pytest.importorskip("matplotlib", reason="the examples draw figures")
    done = run(tmp_path, "plot_digits.py")
    assert done.returncode == 0, done.stderr
    rows = metric_rows(done.stdout)
    assert list(rows) == ["train", "test"]
    assert min(rows["test"]) > 0.96
    assert min(rows["train"]) > 0.98
    assert "loaded again: the same predictions" in done.stdout
    assert_figures(tmp_path / "figures", DIGITS_FIGURES)


def test_digits_options(tmp_path):
    pytest.importorskip("matplotlib", reason="the examples draw figures")
    folder = tmp_path / "deep" / "er"
    done = run(tmp_path, "plot_digits.py", "--epochs", 2, "--seed", 3, "--figures", folder)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^epoch +(\d+) ", done.stdout, re.MULTILINE) == ["1", "2"]
    assert re.search(r"^2 epochs of training took \d+\.\d s$", done.stdout, re.MULTILINE)
    assert not (tmp_path / "figures").exists()
    assert_figures(folder, DIGITS_FIGURES)


def test_digits_on_an_mnist_file(tmp_path):
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
    done = run(tmp_path, "plot_digits.py", "--mnist", "mnist.csv", "--epochs", 1)
    assert done.returncode == 0, done.stderr
    assert "400 images of 28x28 pixels" in done.stdout
    assert list(metric_rows(done.stdout)) == ["train", "test"]
    assert_figures(tmp_path / "figures", DIGITS_FIGURES)


@pytest.mark.parametrize("name", ["plot_banded_sum.py", "plot_digits.py"])
def test_without_matplotlib_the_message_says_what_to_install(tmp_path, name):
    program = (
        "import runpy, sys; sys.modules['matplotlib'] = None; script = sys.argv.pop(1); "
        "runpy.run_path(script, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, EXAMPLES / name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == 'This example draws figures: pip install "skscratch[plot]"\n'
    assert not list(tmp_path.iterdir())
