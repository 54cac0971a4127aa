"""Under MPI: the model of one process, and a job that ends when a rank does."""

import os
import random
import signal
import textwrap
import time

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
    "no classes on one rank": (
        """
        known = None if rank == 1 else [0, 1, 2]
        with data_parallel():
            model = ScratchMLPClassifier(**NET)
            try:
                model.partial_fit(X[own], y[own], classes=known)
            except ValueError as error:
                print(error, flush=True)
            model.partial_fit(X[own], y[own], classes=[0, 1, 2])
        """,
        0,
        "classes must be passed on the first call to partial_fit. (Raised on rank 1 of 3.)",
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
    status, out, err = job.run(textwrap.dedent(script), 3, timeout=40)
    assert status == expected, out + err
    assert (out + err).count(message) >= least, out + err


CTRL_C = """
class Pressing(Tanh):
    calls = 0

    def forward(self, z, a):
        super().forward(z, a)
        Pressing.calls += 1
        if rank == 1 and Pressing.calls == 150:
            os.kill(os.getpid(), signal.SIGINT)


def model(**changed):
    return ScratchMLPClassifier(**NET | changed, activation=Pressing(), temperature_scaling=False)


before, own_model = signal.getsignal(signal.SIGINT), model(max_iter=200)
try:
    with data_parallel():
        own_model.fit(X[own], y[own])
except KeyboardInterrupt:
    assert signal.getsignal(signal.SIGINT) is before
    found = own_model.n_iter_, [W.tobytes() for W in own_model.coefs_]
    all_found = MPI.COMM_WORLD.gather(found)
    if rank == 0:
        one = model(max_iter=own_model.n_iter_).fit(X, y)
        far = max(abs(a - b).max() for a, b in zip(own_model.coefs_, one.coefs_))
        print(all(f == found for f in all_found), 3 < own_model.n_iter_ < 100, far < 1e-11)
"""


def test_ctrl_c_on_one_rank_ends_training_on_all_at_one_step():
    status, out, err = job.run(CTRL_C, 3)
    assert (status, out) == (0, "True True True\n"), err


RESUMED = """
class Slow(Tanh):
    def forward(self, z, a):
        super().forward(z, a)
        time.sleep(0.002)


folder, checkpoint = sys.argv[1:]
with open(f"{folder}/{rank}", "w") as file:
    file.write(str(os.getpid()))
more = {"max_iter": 60, "n_members": 2, "dropout": 0.2}
with data_parallel():
    # rank 0 has the file
    path = checkpoint if rank == 0 else "/no/such/folder/file"
    model = ScratchMLPClassifier(
        **NET | more, activation=Slow(), checkpoint=path, checkpoint_epochs=1, verbose=True
    ).fit(X[own], y[own])
    one = ScratchMLPClassifier(**NET | more, activation=Tanh()).fit(X[own], y[own])
same = all((a == b).all() for a, b in zip(model.coefs_, one.coefs_))
same &= all((model.history_[n] == one.history_[n]).all() for n in {*one.history_} - {"seconds"})
everywhere = MPI.COMM_WORLD.gather(same)
if rank == 0:
    print("the same:", everywhere)
"""


@pytest.mark.parametrize("n_kills", [2, pytest.param(10, marks=pytest.mark.exhaustive)])
def test_a_job_that_is_killed_goes_on_and_ends_with_the_same_model(tmp_path, n_kills):
    size, draw = 4, random.Random(n_kills)
    checkpoint, pids = tmp_path / "run", tmp_path / "pids"
    pids.mkdir()
    for i in range(n_kills):
        last = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        running, until = job.start(RESUMED, size, pids, checkpoint), time.monotonic() + 60
        while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == last:
            late = running.poll() is not None or time.monotonic() > until
            assert not late, "\n".join(map(str, job.end(running, 1)))
            time.sleep(0.005)
        time.sleep(draw.uniform(0, 0.1))
        # one rank, or all of them at once
        ranks = range(size) if i % 3 == 2 else [draw.randrange(size)]
        for rank in ranks:
            os.kill(int((pids / str(rank)).read_text()), signal.SIGKILL)
        status, out, _ = job.end(running)
        assert status != 0
        assert "the same" not in out
    status, out, err = job.run(RESUMED, size, pids, checkpoint, timeout=120)
    assert status == 0, err
    *lines, verdict = out.splitlines()
    assert verdict == "the same: [True, True, True, True]"
    # it went on: the first epoch was not printed again
    assert not any(line.startswith("epoch    1 ") for line in lines)
    # one rank prints, each epoch once
    epochs = [line.split()[1] for line in lines if line.startswith("epoch ")]
    assert len(epochs) == len({*epochs}) > 0
