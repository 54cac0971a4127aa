"""The time of an epoch against the number of rows and of parameters, over two decades of each.

    python -m benchmarks.growth [--core 0] [--rounds 5] [--figure growth.png]

Run it from the checkout with the extra ``plot``. The sizes take turns, round by round, on one core,
in float32 with batches of 200 rows. The output is Markdown. The slope is that of the least-squares
line through the logarithms, and a slope of 1 means proportional growth. The figure shows the same
points. Each panel has a line of slope 1 through its middle point.
"""

import argparse
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.fits.process import apart
from benchmarks.fits.timing import FIXED, as_there, epoch_and_rest, interleaved
from benchmarks.machine import pin

N_FEATURES, N_CLASSES = 100, 10
ROWS, HIDDEN = (1_000, 3_000, 10_000, 30_000, 100_000), 100
HIDDEN_WIDTHS, N_ROWS = (90, 285, 900, 2_850, 9_000), 10_000
# epochs are repeated until rows × parameters add up to about this number
REPEATED_WORK = 2e9


def n_parameters(hidden):
    """Return the number of weights and biases of a network with this hidden width."""
    return (N_FEATURES + 1) * hidden + (hidden + 1) * N_CLASSES


def epoch_seconds(n_rows, hidden):
    """Return the seconds of an epoch, without the work that a fit does once."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, N_FEATURES), dtype=np.float32)
    y = rng.integers(N_CLASSES, size=n_rows)
    settings = {**FIXED, "hidden_layer_sizes": (hidden,), "batch_size": 200}
    n_epochs = max(1, round(REPEATED_WORK / (n_rows * n_parameters(hidden))))
    return epoch_and_rest(as_there, settings, X, y, n_epochs)[0]


def measure(rounds):
    """Return the sizes and the median seconds of an epoch, for each panel."""
    rows = {n: partial(epoch_seconds, n, HIDDEN) for n in ROWS}
    parameters = {n_parameters(q): partial(epoch_seconds, N_ROWS, q) for q in HIDDEN_WIDTHS}
    panels = {"rows": rows, "parameters": parameters}
    return {
        name: {n: median(seconds) for n, seconds in interleaved(measures, rounds).items()}
        for name, measures in panels.items()
    }


def slope(seconds):
    """Return the slope of the least-squares line through the logarithms."""
    return np.polyfit(np.log([*seconds]), np.log([*seconds.values()]), 1)[0]


def markdown(name, seconds):
    """Return the table of a panel."""
    lines = [f"| {name} | ms an epoch | ns per {name[:-1]} |", "|--:|--:|--:|"]
    lines += [f"| {n:,} | {1e3 * s:.2f} | {1e9 * s / n:.0f} |" for n, s in seconds.items()]
    return "\n".join([*lines, f"\nSlope over {name}: {slope(seconds):.3f}\n"])


def draw(panels, path):
    """Write the figure."""
    from matplotlib.figure import Figure

    fixed = {
        "rows": f"{n_parameters(HIDDEN):,} parameters",
        "parameters": f"{N_ROWS:,} rows",
    }
    figure = Figure(figsize=(8, 3.8), layout="constrained")
    for ax, (name, seconds) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        sizes, milliseconds = np.array([*seconds]), 1e3 * np.array([*seconds.values()])
        middle = len(sizes) // 2
        proportional = milliseconds[middle] * sizes / sizes[middle]
        ax.loglog(sizes, proportional, "--", color="0.6", label="slope 1")
        ax.loglog(sizes, milliseconds, "o", label=f"measured, slope {slope(seconds):.2f}")
        ax.set(xlabel=f"number of {name}", ylabel="ms an epoch", title=fixed[name])
        ax.grid(alpha=0.3)
        ax.legend()
    figure.savefig(path, dpi=150)


def main():
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--core", default="0", help="the core to run on")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--figure", type=Path, default=Path("growth.png"))
    options = parser.parse_args()
    pin(options.core)  # the measuring process inherits this
    panels = apart(measure, options.rounds)
    for name, seconds in panels.items():
        print(markdown(name, seconds))
    draw(panels, options.figure)


if __name__ == "__main__":
    main()
