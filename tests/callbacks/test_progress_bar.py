"""scikit-learn's progress bar, as a person sees it: in a terminal and in a notebook."""

import os
import re
import subprocess
import sys

import pytest

pytest.importorskip("rich", reason='the progress bar needs "skscratch[callbacks]"')

PROGRAM = """
import time
import numpy as np
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skscratch import ScratchMLPClassifier

def slow(step):
    time.sleep(0.02)
    return 0.01

X = np.random.default_rng(0).normal(size=(60, 3))
y = np.arange(60) % 2
net = ScratchMLPClassifier(
    (4,), solver="adam", learning_rate=slow, batch_size=60, max_iter=20, n_iter_no_change=np.inf
)
pipe = make_pipeline(StandardScaler(), net)
grid = {"scratchmlpclassifier__alpha": [0, 1]}
MODEL.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, y);
"""
SEARCH = "GridSearchCV(pipe, grid, cv=2, n_jobs=%d)"
# What is fitted, and how many bars of networks and of all there are in the end.
CASES = {
    "net": ("net", 1, 1),
    "search in two processes": (SEARCH % 2, 5, 2 + 5 * 3),
    "pipe": pytest.param("pipe", 1, 3, marks=pytest.mark.exhaustive),
    "search": pytest.param(SEARCH % 1, 5, 2 + 5 * 3, marks=pytest.mark.exhaustive),
}
cases = pytest.mark.parametrize(("model", "n_networks", "n_bars"), CASES.values(), ids=CASES)


def in_terminal(arguments, columns=120, lines=60):
    """Run a program in a terminal of that size; return its exit status and what it wrote."""
    pty = pytest.importorskip("pty", reason="Windows has no pseudo terminals")
    size = {"TERM": "xterm", "COLUMNS": str(columns), "LINES": str(lines)}
    ours, its = pty.openpty()
    program = subprocess.Popen(arguments, stdin=its, stdout=its, stderr=its, env=os.environ | size)
    os.close(its)
    written = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # how Linux says that the program has ended
            break
        if not part:
            break
        written += part
    os.close(ours)
    return program.wait(), written.decode()


def frames(written):
    """Return what stood in the terminal after each change, as lists of lines."""
    erase = r"(?:\r?\x1b\[2K(?:\x1b\[1A\x1b\[2K)*)"
    plain = [re.sub(r"\x1b\[[\d;?]*\w|\r", "", frame) for frame in re.split(erase, written)]
    return [frame.strip("\n").splitlines() for frame in plain if frame.strip()]


def bars(lines):
    """Return the percentages of bars, by line."""
    found = [re.match(r"(.*?) +[━╸╺ ]+ +(\d+)% [\d:-]+$", line) for line in lines]
    return [(match[1].strip(), int(match[2])) for match in found if match]


def assert_complete(lines, n_networks, n_bars):
    last = bars(lines)
    assert len(last) == len(lines) == n_bars, lines
    assert {percent for _, percent in last} == {100}
    assert sum(name.startswith("ScratchMLP") or "| ScratchMLP" in name for name, _ in last) == (
        n_networks
    )


@cases
def test_in_a_terminal(model, n_networks, n_bars):
    program = PROGRAM.replace("MODEL", model)
    status, written = in_terminal([sys.executable, "-W", "error", "-c", program])
    assert status == 0, written
    seen = frames(written)
    assert_complete(seen[-1], n_networks, n_bars)
    percentages = [percent for frame in seen for name, percent in bars(frame) if "MLP" in name]
    assert any(0 < percent < 100 for percent in percentages), "it does not move"
    assert not any(percent % 5 for percent in percentages), "an epoch is a twentieth"


@pytest.mark.filterwarnings("default")  # Jupyter's own are none of ours
@pytest.mark.parametrize(("model", "n_networks", "n_bars"), [CASES["net"], CASES["search"]])
def test_in_a_notebook(model, n_networks, n_bars, tmp_path, monkeypatch):
    for needed in ("ipykernel", "ipywidgets"):
        pytest.importorskip(needed)
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    cell = nbformat.v4.new_code_cell(PROGRAM.replace("MODEL", model))
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    widgets = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    outputs = [w["state"]["outputs"] for w in widgets.values() if "outputs" in w["state"]]
    ((output,),) = outputs
    (last,) = frames(output["data"]["text/plain"])
    assert_complete(last, n_networks, n_bars)
    assert not [o for o in notebook.cells[0].outputs if o.get("name") == "stderr"]
