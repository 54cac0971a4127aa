"""The loss of every candidate on every set, divided by that of the reference."""

from benchmarks.accuracy.summary import TIE, means

__all__ = ["draw", "ratios"]

MARKS = "osD^v<>Pp*XhdH8"
# Larger ratios are drawn here, at the edge.
WORST = 4


def ratios(task, scores):
    """Return a DataFrame with a row per set and a column per candidate except the reference."""
    loss = means(scores)["loss"].unstack("candidate")[scores["candidate"].unique()]
    return loss.div(loss[task.reference], axis=0).drop(columns=task.reference)


def draw(task, scores, path):
    """Write the figure: a row per set, a mark per candidate, and ties in the grey band."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    table = ratios(task, scores).clip(upper=WORST)
    figure = Figure(figsize=(9, 1.8 + 0.42 * len(table)), layout="constrained")
    ax = figure.subplots()
    ax.axvspan(1 - TIE, 1 + TIE, color="0.85", lw=0)
    for i, candidate in enumerate(table):
        # different heights, so that equal results do not hide each other
        shift = 0.6 * (i / max(table.shape[1] - 1, 1) - 0.5)
        heights = [row + shift for row in range(len(table))]
        mark = MARKS[i % len(MARKS)]
        color = colormaps["turbo"](i / table.shape[1])
        ax.plot(table[candidate], heights, mark, ms=5, color=color, label=candidate)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator([0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 3, WORST]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_yticks(range(len(table)), table.index)
    ax.invert_yaxis()
    of_reference = f"{task.loss} / {task.loss} of {task.reference}"
    ax.set_xlabel(f"{of_reference} (left of 1 is better; {WORST} or more at the edge)")
    ax.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small")
    figure.savefig(path, dpi=150)
