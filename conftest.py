"""Which files of the package have examples that can run here; no test leaves a figure open."""

import importlib.util
import sys

import pytest

# What the examples of a file need; scikit-learn has callbacks from 1.9 on.
NEEDS = {
    "skscratch/callbacks/*.py": "sklearn.callback",
    "skscratch/inspection/_display.py": "matplotlib",
    "skscratch/onnx.py": "skl2onnx",
    "skscratch/plotting/*.py": "matplotlib",
    "skscratch/preprocessing/_tabular.py": "skrub",
}
collect_ignore_glob = [path for path, name in NEEDS.items() if not importlib.util.find_spec(name)]


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
