"""One fit over workers and over ranks, and a model of many ranks.

    python -m benchmarks.scale_out [--mnist mnist_train.csv.gz] [--ranks 1 2 4] [--rounds 5]
        [--figure scale-out.png]

Run it from the checkout with the extras ``plot`` and ``mpi``, on free cores. Each worker and each
rank has one BLAS thread. The output is Markdown. "Bits" counts the weights that differ from those
of one process.

The model of a step of p ranks on a batch of b rows is

    seconds = fixed + b / p · row + 2 · log₂ p · latency + 2 · (p - 1) / p · bytes / bandwidth

with all five numbers measured here: ``fixed`` and ``row`` from steps of one process with several
batch sizes, ``latency`` and ``bandwidth`` from sums between two ranks. It assumes that every rank
has a core of its own, that every pair of ranks is connected like the two ranks here, that messages
do not get in each other's way, and that ranks do not wait for a slow one. A second line of the
figure has the latency and bandwidth of a network, which are assumed and not measured.
"""

import argparse
import json
import os
import subprocess
import sys
import warnings
import zlib
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.fits.timing import interleaved
from benchmarks.machine import heading

SIZES, BATCH, N_ROWS, N_FEATURES = (512, 512), 2048, 20_480, 784
N_PARAMETERS = 784 * 512 + 512 + 512 * 512 + 512 + 512 * 10 + 10
BATCHES = (128, 512, 1024, 2048)
ARRAYS = (2, 1_000, 20_000, 203_000, N_PARAMETERS)
MODELLED = tuple(2**i for i in range(11))
# seconds, and bytes per second: 25 Gbit/s Ethernet with TCP
ETHERNET = {"latency": 30e-6, "bandwidth": 25e9 / 8}
FIXED = {"tol": 0, "n_iter_no_change": float("inf"), "random_state": 0}


def fit(X, y, **parameters):
    """Return a fitted model, and the seconds of the fit."""
    from skscratch import ScratchMLPClassifier

    start = perf_counter()
    model = ScratchMLPClassifier(**FIXED | parameters).fit(X, y)
    return model, perf_counter() - start


def differing(model, other):
    """Return the number of weights that differ in any bit."""
    return sum(int((a != b).sum()) for a, b in zip(model.coefs_, other.coefs_, strict=True))


def over_workers(name, X, y, rounds, **parameters):
    """Return a row of the table of members."""
    fit(X, y, **parameters | {"n_jobs": 2, "max_iter": 1})  # starts the workers
    measures = {n: lambda n=n: fit(X, y, **parameters, n_jobs=n) for n in (1, 2)}
    done = interleaved(measures, rounds)
    epochs = {n: median(np.median(m.history_["seconds"]) for m, _ in done[n]) for n in done}
    fits = {n: median(seconds for _, seconds in done[n]) for n in done}
    bits = differing(done[1][0][0], done[2][0][0])
    return (
        f"| {name} | {epochs[1]:.3f} s | {epochs[2]:.3f} s | {fits[1]:.2f} s | {fits[2]:.2f} s "
        f"| {fits[1] / fits[2]:.2f} | {bits} |"
    )


def members(mnist, rounds):
    """Yield the lines of the table of members over workers."""
    yield "| members | epoch, 1 worker | 2 workers | fit, 1 worker | 2 workers | ratio | bits |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50_000, 50), dtype=np.float32)
    y = X[:, :5].sum(axis=1) + rng.standard_normal(50_000) > 0
    settings = {"n_members": 8, "max_iter": 30}
    yield over_workers("50,000 rows, 50 features, 8 members, 30 epochs", X, y, rounds, **settings)
    if mnist is not None:
        from skscratch.datasets import load_mnist_csv

        X, y = load_mnist_csv(mnist, return_X_y=True)
        settings = {"hidden_layer_sizes": (256, 128), "n_members": 2, "max_iter": 8}
        yield over_workers("MNIST, 2 members, 8 epochs", X, y, rounds, **settings)


def data(rank=0, size=1):
    """Return the rows of a rank."""
    X = np.random.default_rng(0).random((N_ROWS, N_FEATURES), np.float32)
    y = (X[:, :10] * 10).argmax(axis=1)
    own = slice(N_ROWS * rank // size, N_ROWS * (rank + 1) // size)
    return X[own], y[own]


def step_seconds(X, y, batch_size, n_epochs=4):
    """Return a model, and the median seconds of a step."""
    parameters = {"hidden_layer_sizes": SIZES, "batch_size": batch_size, "n_members": 1}
    model, _ = fit(X, y, **parameters, early_stopping=False, max_iter=n_epochs)
    return model, float(np.median(model.history_["seconds"][1:])) * batch_size / N_ROWS


def measure_rank():
    """Print on rank 0 what one job of ranks measures, as JSON."""
    from mpi4py import MPI

    from skscratch.distributed import data_parallel

    world = MPI.COMM_WORLD
    with data_parallel(world):
        model, seconds = step_seconds(*data(world.rank, world.size), BATCH)
    sums = {}
    for n in ARRAYS:
        array, times = np.zeros(n, np.float32), []
        for _ in range(30):
            world.Barrier()
            start = perf_counter()
            world.Allreduce(MPI.IN_PLACE, array)
            times.append(perf_counter() - start)
        sums[4 * n] = median(times)
    digests = world.gather(zlib.crc32(b"".join(W.tobytes() for W in model.coefs_)))
    if world.rank == 0:
        one, _ = step_seconds(*data(), BATCH)
        X, _ = data()
        far = float(abs(model.predict_proba(X) - one.predict_proba(X)).max())
        found = {"step": seconds, "sums": sums, "far": far, "alike": len({*digests}) == 1}
        print(json.dumps(found))


def over_ranks(size):
    """Return what a job of so many ranks measures."""
    beside = Path(sys.executable).with_name("mpiexec")
    mpiexec = str(beside) if beside.exists() else "mpiexec"
    command = [mpiexec, "-n", str(size), sys.executable, "-m", "benchmarks.scale_out", "--rank"]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    return json.loads(run.stdout)


def fit_line(points):
    """Return offset and slope of the least-squares line with relative errors."""
    x, t = np.array([*points], float), np.array([*points.values()])
    design = np.column_stack([1 / t, x / t])
    return np.linalg.lstsq(design, np.ones(len(t)), rcond=None)[0]


def modelled(fixed, row, p, batch, latency, bandwidth):
    """Return the seconds of a step of p ranks."""
    exchange = 2 * np.log2(p) * latency + 2 * (p - 1) / p * 4 * N_PARAMETERS / bandwidth
    return fixed + batch / p * row + (exchange if p > 1 else 0.0)


def report_ranks(sizes, rounds, figure):
    """Print the tables of ranks and of the model, and draw the figure."""
    X, y = data()
    measures = {b: lambda b=b: step_seconds(X, y, b, n_epochs=3)[1] for b in BATCHES}
    steps = {b: median(times) for b, times in interleaved(measures, rounds).items()}
    fixed, row = fit_line(steps)
    found = {p: [over_ranks(p) for _ in range(rounds)] for p in dict.fromkeys([*sizes, 2])}
    print("| ranks | ms a step | ratio | probabilities differ by | same bits on all ranks |")
    print("|--:|--:|--:|--:|---|")
    first = median(run["step"] for run in found[sizes[0]])
    for p in sizes:
        step, last = median(run["step"] for run in found[p]), found[p][-1]
        same = all(run["alike"] for run in found[p])
        print(f"| {p} | {1e3 * step:.1f} | {first / step:.2f} | {last['far']:.1e} | {same} |")
    sums = {int(n): median(run["sums"][n] for run in found[2]) for n in found[2][0]["sums"]}
    latency, per_byte = fit_line(sums)
    # between two ranks there is one exchange: its latency is counted twice in the model
    measured = {"latency": max(latency, 0) / 2, "bandwidth": 1 / per_byte}
    print(f"\nfixed {1e3 * fixed:.2f} ms a step, {1e6 * row:.2f} µs a row;", end=" ")
    print(f"latency {1e6 * measured['latency']:.1f} µs, {measured['bandwidth'] / 1e9:.2f} GB/s\n")
    networks = {"links as measured": measured, "25 Gbit/s, 30 µs (assumed)": ETHERNET}
    print(
        "| ranks | " + " | ".join(f"{n}, batch {b}" for n in networks for b in ("2048", "2048 p"))
    )
    print("|--:|" + "--:|" * 2 * len(networks))
    curves = {
        (name, is_weak): [
            modelled(fixed, row, 1, BATCH, **links) * (p if is_weak else 1)
            / modelled(fixed, row, p, BATCH * (p if is_weak else 1), **links)
            for p in MODELLED
        ]
        for name, links in networks.items()
        for is_weak in (False, True)
    }  # fmt: skip
    for i, p in enumerate(MODELLED):
        print(f"| {p:,} | " + " | ".join(f"{curve[i]:.1f}" for curve in curves.values()) + " |")
    draw(curves, {p: first / median(run["step"] for run in found[p]) for p in sizes}, figure)


def draw(curves, measured, path):
    """Write the figure: rows per second, as multiples of one process."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    ax = figure.subplots()
    ax.loglog(MODELLED, MODELLED, ":", color="0.6", label="proportional", base=2)
    for (name, is_weak), curve in curves.items():
        batch = f"{BATCH} rows a rank" if is_weak else f"{BATCH} rows in all"
        ax.loglog(MODELLED, curve, "-" if is_weak else "--", label=f"{name}, {batch}", base=2)
    ax.loglog([*measured], [*measured.values()], "ko", label="measured", base=2)
    ax.set(xlabel="ranks", ylabel="rows a second, one process = 1")
    ax.grid(alpha=0.3)
    ax.legend(fontsize="small")
    figure.savefig(path, dpi=150)


def main():
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", type=Path, help="the file mnist_train.csv.gz")
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--figure", type=Path, default=Path("scale-out.png"))
    parser.add_argument("--rank", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # the number of epochs is fixed on purpose
    if options.rank:
        measure_rank()
        return
    with threadpool_limits(1):
        print(heading("all"))
        print("\n".join(members(options.mnist, options.rounds)), end="\n\n", flush=True)
        report_ranks(options.ranks, options.rounds, options.figure)


if __name__ == "__main__":
    main()
