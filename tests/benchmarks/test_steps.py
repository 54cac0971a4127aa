"""The table of training steps: its ratios, and one real run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.neural_network import MLPClassifier

from benchmarks import steps
from benchmarks.rivals.ours import alike
from benchmarks.rivals.works import WORKS, Work

SECONDS = {
    "skscratch": [1e-6, 2e-6, 4e-6],
    "as typed": [2e-6, 4e-6, 8e-6],
    "scikit-learn": [2e-6, 8e-6, 8e-6],
    "bare products": [1e-6, 1e-6, 1e-6],
}


def test_ratios_are_those_of_the_medians_and_missing_rivals_are_dashes():
    assert steps.ratio(SECONDS, "scikit-learn", "skscratch") == "4.00"
    assert steps.row("w", SECONDS) == "| w | 2 | 4 | 8 | – | – | 1 | 4.00 | – | – | 2.00 | 2.00 |"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux can pin a process")
def test_a_run_prints_a_row_and_writes_every_time(tmp_path):
    command = [sys.executable, "-m", "benchmarks.steps", "--works", "tabular", "--rounds", "2"]
    core = str(min(os.sched_getaffinity(0)))
    run = subprocess.run(
        [*command, "--cores", core, "--json", tmp_path / "steps.json"],
        cwd=Path(steps.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines()[-1].startswith("| tabular | ")
    seconds = json.loads((tmp_path / "steps.json").read_text())["seconds_per_step"]["tabular"]
    assert {"skscratch", "scikit-learn", "bare products"} <= seconds.keys()
    assert all(len(times) == 2 and min(times) > 0 for times in seconds.values())


def test_the_works_share_their_shapes_with_their_weights():
    for work in WORKS.values():
        assert [W.shape for W in work.weights()] == list(
            zip(work.sizes, work.sizes[1:], strict=False)
        )


@pytest.mark.filterwarnings("ignore:.*:sklearn.exceptions.ConvergenceWarning")
def test_ours_trains_one_network_on_all_rows_as_they_are_like_the_others():
    work = Work((4, 50, 1), "relu", "adam", 20, 200, n_epochs=3)
    X, y = work.data()
    ours, theirs = (
        kind(**work.settings, max_iter=3).fit(1000 * X, y) for kind in (alike, MLPClassifier)
    )
    assert ours.t_ == theirs.t_ == 600
    assert ours.n_members == 1
    assert ours._continuation["scaling"] is None
