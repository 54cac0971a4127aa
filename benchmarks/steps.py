"""A training step compared with scikit-learn, torch, JAX and the bare matrix products.

    python -m benchmarks.steps [--cores 0] [--rounds 7] [--json steps.json] [--works tabular ...]

Run it from the checkout with the extra ``bench``. Rivals that are not installed are left out. Each
rival has its own process, which waits while the others are timed. In every round, the rivals run
one after the other on the same cores. The output is Markdown: medians of the microseconds per step,
and their ratios. Absolute times depend on the machine. Ratios depend on it less.
"""

import argparse
import importlib
import json
import multiprocessing
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.machine import heading, pin, versions
from benchmarks.rivals.works import WORKS

# name: module of benchmarks.rivals, package that it needs
RIVALS = {
    "skscratch": ("ours", "skscratch"),
    "as typed": ("typed", "skscratch"),
    "scikit-learn": ("scikit_learn", "sklearn"),
    "torch eager": ("torch_eager", "torch"),
    "JAX jit": ("jax_jit", "jax"),
    "bare products": ("products", "numpy"),
}


def serve(module, work, pipe):
    """Answer every message with the seconds of a training step."""
    seconds_per_step = importlib.import_module(f"benchmarks.rivals.{module}").timer(work)
    seconds_per_step()
    pipe.send("ready")
    while pipe.recv():
        pipe.send(seconds_per_step())


def interleaved(work, names, rounds):
    """Return the seconds per step of each rival, one number per round."""
    spawn = multiprocessing.get_context("spawn")
    pipes, seconds = {}, {name: [] for name in names}
    for name in names:
        pipes[name], theirs = spawn.Pipe()
        args = (RIVALS[name][0], work, theirs)
        spawn.Process(target=serve, args=args, daemon=True).start()
        pipes[name].recv()
    for _ in range(rounds):
        for name, pipe in pipes.items():
            pipe.send(True)
            seconds[name].append(pipe.recv())
    for pipe in pipes.values():
        pipe.send(False)
    return seconds


def ratio(seconds, slower, faster):
    """Return the ratio of the medians of the rounds, or a dash if one was not timed."""
    if not {slower, faster} <= seconds.keys():
        return "–"
    return f"{median(seconds[slower]) / median(seconds[faster]):.2f}"


def row(name, seconds):
    """Return a row of the table."""
    times = [f"{1e6 * median(seconds[r]):.0f}" if r in seconds else "–" for r in RIVALS]
    rivals = ("scikit-learn", "torch eager", "JAX jit")
    ratios = [ratio(seconds, rival, "skscratch") for rival in rivals]
    ratios.append(ratio(seconds, "scikit-learn", "as typed"))
    over_products = ratio(seconds, "skscratch", "bare products")
    return f"| {' | '.join([name, *times, *ratios, over_products])} |"


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cores", default="0", help="cores to run on, as in 0,1")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="where to write every single time")
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS))
    options = parser.parse_args()
    pin(options.cores)
    print(heading(options.cores))
    ratios = "× scikit-learn | × torch | × JAX | as typed × scikit-learn | over products"
    print(f"| work | {' | '.join(RIVALS)} | {ratios} |")
    print("|---" * (len(RIVALS) + 6) + "|")
    names = [name for name, (_, package) in RIVALS.items() if find_spec(package)]
    results = {}
    for name in options.works:
        results[name] = interleaved(WORKS[name], names, options.rounds)
        print(row(name, results[name]), flush=True)
    if options.json:
        report = {"cores": options.cores, **versions(), "seconds_per_step": results}
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
