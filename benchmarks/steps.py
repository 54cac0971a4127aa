"""A training step side by side with the peers: scikit-learn, torch, JAX and the bare products.

    python -m benchmarks.steps [--cores 0] [--rounds 7] [--json steps.json] [--works tabular ...]

Run from the checkout with the extra ``bench``. Every rival has a process of its own, which waits
while the others are timed: one after the other on the same cores, round by round. Printed is
Markdown: medians of the microseconds per step, and medians of the ratios within each round.
Absolute times are those of this machine; ratios carry further.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import platform
from importlib import metadata
from pathlib import Path
from statistics import median

from benchmarks.rivals.works import WORKS

RIVALS = {
    "skscratch": "ours",
    "scikit-learn": "scikit_learn",
    "torch eager": "torch_eager",
    "JAX jit": "jax_jit",
    "bare products": "products",
}
PACKAGES = ("skscratch", "numpy", "scipy", "scikit-learn", "torch", "jax")


def serve(module, work, pipe):
    """Answer every message with the seconds of a training step."""
    seconds_per_step = importlib.import_module(f"benchmarks.rivals.{module}").timer(work)
    seconds_per_step()
    pipe.send("ready")
    while pipe.recv():
        pipe.send(seconds_per_step())


def interleaved(work, modules, rounds):
    """Return for each module its seconds per step, one per round."""
    spawn = multiprocessing.get_context("spawn")
    pipes, seconds = {}, {module: [] for module in modules}
    for module in modules:
        pipes[module], theirs = spawn.Pipe()
        spawn.Process(target=serve, args=(module, work, theirs), daemon=True).start()
        pipes[module].recv()
    for _ in range(rounds):
        for module, pipe in pipes.items():
            pipe.send(True)
            seconds[module].append(pipe.recv())
    for pipe in pipes.values():
        pipe.send(False)
    return seconds


def ratio(ours, theirs):
    """Return the median over the rounds of theirs / ours."""
    return median(b / a for a, b in zip(ours, theirs, strict=True))


def row(name, seconds):
    """Return a line of the table."""
    ours, products = seconds["ours"], seconds["products"]
    cells = [f"{1e6 * median(seconds[module]):.0f}" for module in RIVALS.values()]
    rivals = ("scikit_learn", "torch_eager", "jax_jit")
    cells += [f"{ratio(ours, seconds[module]):.2f}" for module in rivals]
    cells.append(f"{ratio(products, ours):.2f}")
    return f"| {name} | {' | '.join(cells)} |"


def machine():
    """Return what the numbers were measured with."""
    versions = {name: metadata.version(name) for name in PACKAGES}
    return {"machine": platform.machine(), "python": platform.python_version(), **versions}


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cores", default="0", help="cores to run on, as in 0,1")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="where to write every single time")
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS))
    options = parser.parse_args()
    # inherited by the rivals, before any of them counts the cores
    os.sched_setaffinity(0, map(int, options.cores.split(",")))
    print(", ".join(f"{name} {version}" for name, version in machine().items()))
    print(f"cores {options.cores}; load before {os.getloadavg()[0]:.2f}\n")
    print(f"| work | {' | '.join(RIVALS)} | × scikit-learn | × torch | × JAX | over products |")
    print("|---" * (len(RIVALS) + 5) + "|")
    results = {}
    for name in options.works:
        results[name] = interleaved(WORKS[name], RIVALS.values(), options.rounds)
        print(row(name, results[name]), flush=True)
    if options.json:
        report = {"cores": options.cores, **machine(), "seconds_per_step": results}
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
