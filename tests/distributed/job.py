"""Jobs under MPI: a script on so many ranks, which ends within a time limit."""

import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BESIDE = Path(sys.executable).with_name("mpiexec")
MPIEXEC = str(BESIDE) if BESIDE.exists() else shutil.which("mpiexec")
MISSING = MPIEXEC is None or find_spec("mpi4py") is None
WHY = "mpi4py or mpiexec is not installed: pip install mpi4py mpich"

# Each rank has a third, or so, of the rows; rank 0 has the fewest.
DATA = """
import os, signal, sys, time, warnings
import numpy as np
from mpi4py import MPI
from sklearn.exceptions import ConvergenceWarning
from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.core.activations import Tanh
from skscratch.distributed import data_parallel

warnings.simplefilter("ignore", ConvergenceWarning)
rank, size = MPI.COMM_WORLD.rank, MPI.COMM_WORLD.size
rng = np.random.default_rng(0)
X = rng.normal(size=(240, 5))
y = (X[:, 0] + X[:, 1] > 0) + (X[:, 3] > 1)
cuts = np.linspace(0, 1, size + 1) ** 1.5 * len(X)
own = slice(int(cuts[rank]), int(cuts[rank + 1]))
NET = {"hidden_layer_sizes": (16, 8), "dtype": "float64", "max_iter": 8, "random_state": 0}
"""


def start(script, size, *arguments):
    """Return the process of a job; its ranks are in a process group of their own."""
    command = [MPIEXEC, "-n", str(size), sys.executable, "-c", DATA + script, *map(str, arguments)]
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    env = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
        start_new_session=True,
    )  # fmt: skip


def end(job, timeout=60):
    """Return the exit status, the output and the errors of a job; a job that hangs is an error."""
    try:
        out, err = job.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(job.pid, signal.SIGKILL)
        out, err = job.communicate()
        raise AssertionError(f"the job hangs\n{out}\n{err}") from None
    return job.returncode, out, err


def run(script, size=3, *arguments, timeout=60):
    """Run a job; return its exit status, its output and its errors."""
    return end(start(script, size, *arguments), timeout)
