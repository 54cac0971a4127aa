"""How the tests run an example, and what they make of its output and its figures."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
# Runs a script, and saves the figures that it shows in the folder "shown".
SHOWN = """
import pathlib, runpy, sys
import matplotlib.pyplot as plt

def show():
    pathlib.Path("shown").mkdir()
    for number in plt.get_fignums():
        plt.figure(number).savefig(f"shown/{number}.png")

plt.show = show
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@pytest.fixture(scope="session")
def run():
    """Run a script alone: without a home or a screen, and with warnings as errors.

    On one thread, because threads of several tests at once would wait for each other.
    """

    def run(folder, *command):
        hidden = {"HOME", "DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"}
        kept = {key: value for key, value in os.environ.items() if key not in hidden}
        return subprocess.run(
            [sys.executable, "-W", "error", *command],
            cwd=folder,
            env={**kept, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def assert_figures():
    """Check that a folder holds figures, and that there is something to see on each."""

    def assert_figures(folder):
        image = pytest.importorskip("matplotlib.image")
        paths = sorted(folder.iterdir())
        assert [path.suffix for path in paths] == [".png"] * len(paths) != []
        for path in paths:
            pixels = image.imread(path)[..., :3]
            assert min(pixels.shape[:2]) >= 200
            assert pixels.std() > 0.05, f"{path.name} is (nearly) blank"
        return len(paths)

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
    def story(name):
        pytest.importorskip("matplotlib", reason="the examples draw figures")
        folder = tmp_path_factory.mktemp(name)
        script = EXAMPLES / f"plot_{name}.py"
        done = run(folder, "-c", SHOWN, script)
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        n_figures = assert_figures(folder / "shown")
        chosen = re.search(r"^# sphinx_gallery_thumbnail_number = (\d+)$", script.read_text(), re.M)
        assert int(chosen[1] if chosen else 1) <= n_figures
        return Story(done.stdout)

    return story
