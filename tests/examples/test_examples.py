"""Each example begins with what it teaches, and runs alone."""

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from skscratch.datasets import load_digits

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("plot_*.py"))


def metric_rows(output):
    """Return the rows of the metrics table as numbers."""
    assert re.search(r"^ +accuracy +macro F1 +precision +recall$", output, re.MULTILINE)
    rows = re.findall(r"^(train|test) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)$", output, re.M)
    return {part: [float(value) for value in values] for part, *values in rows}


def test_digits_as_a_script_saves_its_figures(tmp_path, run, assert_figures):
    pytest.importorskip("matplotlib", reason="the examples draw figures")
    done = run(tmp_path, EXAMPLES / "plot_digits.py")
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    rows = metric_rows(done.stdout)
    assert list(rows) == ["train", "test"]
    assert min(rows["test"]) > 0.96
    assert min(rows["train"]) > 0.98
    assert "loaded again: the same predictions" in done.stdout
    assert assert_figures(tmp_path / "figures") == 4


@pytest.mark.exhaustive
def test_digits_learns_from_mnist_files_as_its_text_says(tmp_path, run, assert_figures):
    pytest.importorskip("matplotlib", reason="the examples draw figures")
    digits = load_digits()
    images = np.zeros((400, 28, 28), dtype=int)
    images[:, 2:26, 2:26] = digits.images[:400].repeat(3, axis=1).repeat(3, axis=2) * 255 / 16
    pixels = [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)]
    np.savetxt(
        tmp_path / "mnist_train.csv",
        np.column_stack([digits.target[:400], images.reshape(400, 784)]),
        fmt="%d",
        delimiter=",",
        header=",".join(["label", *pixels]),
        comments="",
    )
    source = (EXAMPLES / "plot_digits.py").read_text()
    (written,) = re.findall(r"by ``(load_mnist_csv\(.*?\))``", source)
    source = source.replace("import load_digits\n", "import load_mnist_csv\n")
    source = source.replace("digits = load_digits()\n", f"digits = {written}\n")
    (tmp_path / "mnist.py").write_text(source)
    done = run(tmp_path, tmp_path / "mnist.py")
    assert done.returncode == 0, done.stderr
    assert "accuracy on 80 new images" in done.stdout
    assert list(metric_rows(done.stdout)) == ["train", "test"]
    assert assert_figures(tmp_path / "figures") == 4


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_an_example_begins_with_the_default_model(script):
    """Its first model has no parameters but a seed and, for quantiles, the loss."""
    source = script.read_text()
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name)]
    models = [call for call in named if call.func.id.startswith("ScratchMLP")]
    first = ast.unparse(min(models, key=lambda call: call.lineno))
    given = re.sub(r"^ScratchMLP\w+", "", first)
    default = {"(random_state=0)", "(random_state=0, **settings)"}
    assert given in default | {"('quantile', quantile=levels, random_state=0)"}
    assert "argparse" not in source
    assert source.endswith("plt.show()\n")


BROUGHT = {"joblib", "matplotlib", "numpy", "pandas", "sklearn", "skscratch"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_an_example_says_what_to_install(script):
    """What ``pip install ".[plot]"`` does not bring is named at its beginning."""
    tree = ast.parse(script.read_text())
    nodes = list(ast.walk(tree))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    tops = {name.split(".")[0] for name in names}
    text = ast.get_docstring(tree)
    if "sklearn.callback" in names:
        assert 'pip install "scikit-learn>=1.9"' in text
    if "skscratch.onnx" in names:
        assert 'pip install ".[onnx,plot]"' in text
        tops -= {"onnxruntime"}
    assert tops - sys.stdlib_module_names <= BROUGHT
    assert 'pip install ".[plot]"' in (EXAMPLES / "GALLERY_HEADER.rst").read_text()
