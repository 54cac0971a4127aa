"""Under MPI: the model of one process, and a job that ends when a rank does."""

import os
import random
import signal
import time

import numpy as np
import pytest

from tests.distributed import job

pytestmark = pytest.mark.skipif(job.MISSING, reason=job.WHY)

SAME = """
with data_parallel() as ranks:
    assert (ranks.rank, ranks.size) == (rank, size)
    model = ScratchMLPClassifier(**NET).fit(X[own], y[own])
digests = MPI.COMM_WORLD.gather([W.tobytes() for W in model.coefs_])
if rank == 0:
    one = ScratchMLPClassifier(**NET).fit(X, y)
    far = max(abs(a - b).max() for a, b in zip(model.coefs_, one.coefs_))
    print("same bits:", all(d == digests[0] for d in digests), "close:", far < 1e-11)
"""


@pytest.mark.parametrize("size", [1, 2, 3])
def test_ranks_have_the_model_of_one_process(size):
    status, out, err = job.run(SAME, size)
    assert (status, out) == (0, "same bits: True close: True\n"), err


def test_another_communicator_than_the_world():
    script = SAME.replace("data_parallel()", "data_parallel(MPI.COMM_WORLD.Split(0, rank))")
    status, out, err = job.run(script, 2)
    assert (status, out) == (0, "same bits: True close: True\n"), err


ERRORS = {
    # raised on all ranks, and caught by all
    "alike": (
        """
        Z = X[own][:, : 5 - (rank == 1)]
        try:
            with data_parallel():
                ScratchMLPClassifier(**NET).fit(Z, y[own])
        except ValueError as error:
            print(error, flush=True)
        """,
        0,
        "the number of features of X is 5 on rank 0, but 4 on rank 1.",
        3,
    ),
    "NaN on one rank": (
        """
        X[own][3 * (rank == 2), 1] = np.nan if rank == 2 else 0
        with data_parallel():
            ScratchMLPClassifier(**NET).fit(X[own], y[own])
        """,
        1,
        "Input X contains NaN",
        1,
    ),
    "raised in a step of one rank": (
        """
        class Failing(Tanh):
            def forward(self, z, a):
                super().forward(z, a)
                if rank == 1 and z.shape[0] > 5:
                    raise ZeroDivisionError("my own message")
        with data_parallel():
            ScratchMLPClassifier(**NET, activation=Failing()).fit(X[own], y[own])
        """,
        1,
        "ZeroDivisionError: my own message",
        1,
    ),
    "raised by one rank before fit": (
        """
        with data_parallel():
            if rank == 1:
                open("/no/such/file")
            ScratchMLPClassifier(**NET).fit(X[own], y[own])
        """,
        1,
        "FileNotFoundError",
        1,
    ),
    "killed": (
        """
        class Dying(Tanh):
            def forward(self, z, a):
                super().forward(z, a)
                if rank == 1 and z.shape[0] > 5:
                    os.kill(os.getpid(), signal.SIGKILL)
        with data_parallel():
            ScratchMLPClassifier(**NET, activation=Dying()).fit(X[own], y[own])
        """,
        9,
        "",
        0,
    ),
    "fewer calls": (
        """
        with data_parallel():
            model = ScratchMLPClassifier(**NET)
            for call in range(2 + (rank == 0)):
                model.partial_fit(X[own], y[own], classes=[0, 1, 2])
        """,
        1,
        "Rank 0 is at 'ScratchMLPClassifier.partial_fit', but rank 1 is at 'the end",
        1,
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_rank_that_fails_ends_the_job(name):
    script, expected, message, least = ERRORS[name]
    import textwrap

    status, out, err = job.run(textwrap.dedent(script), 3, timeout=40)
    assert status == expected, out + err
    assert (out + err).count(message) >= least, out + err
