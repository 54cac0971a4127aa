"""How the tests run an example, and what they make of its output and its figures."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="session")
def run():
    """Run an example alone: without a home or a screen, and with warnings as errors."""

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

    return run


@pytest.fixture(scope="session")
def assert_figures():
    """Check that a folder holds these figures, and that there is something to see."""

    def assert_figures(folder, names):
        image = pytest.importorskip("matplotlib.image")
        assert sorted(path.name for path in folder.iterdir()) == names
        for name in names:
            pixels = image.imread(folder / name)[..., :3]
            assert min(pixels.shape[:2]) >= 200
            assert pixels.std() > 0.05, f"{name} is (nearly) blank"

    return assert_figures


class Story:
    """What an example has printed: ``text``, and the ``numbers`` of each row of its tables."""

    def __init__(self, text):
        self.text = text
        cells = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]
        self.numbers = {}
        for name, *values in cells:
            if values and all(re.fullmatch(r"-?[\d.]+|NaN", value) for value in values):
                self.numbers.setdefault(name, [float(value) for value in values])


@pytest.fixture(scope="session")
def story(run, assert_figures, tmp_path_factory):
    """Run an example once, check its figures, and return what it told."""

    @cache
    def story(name, *figures):
        pytest.importorskip("matplotlib", reason="the examples draw figures")
        folder = tmp_path_factory.mktemp(name)
        done = run(folder, f"plot_{name}.py")
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        assert_figures(folder / "figures", [f"{figure}.png" for figure in figures])
        return Story(done.stdout)

    return story
