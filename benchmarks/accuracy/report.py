"""The results as Markdown."""

import numpy as np

from benchmarks.accuracy.candidates import CANDIDATES
from benchmarks.accuracy.choice import leave_one_out
from benchmarks.accuracy.summary import REFERENCE, means, summary

__all__ = ["chosen", "per_set", "reasons", "summarised"]


def reasons(names):
    """Return a table of the candidates and the reasons for them."""
    rows = [[name, f"`{CANDIDATES[name].line()}`", CANDIDATES[name].why] for name in names]
    return table(["candidate", "", "tried because"], rows)


def per_set(scores):
    """Return one table per set."""
    parts = []
    for name, results in means(scores).groupby(level="data", sort=False):
        rows = [
            [candidate, f"{accuracy:.4f}", f"{log_loss:.4f}", f"{seconds:.2f}"]
            for (_, candidate), accuracy, log_loss, seconds in results.itertuples()
        ]
        parts += [f"### {name}\n", table(["candidate", "accuracy", "log-loss", "fit, s"], rows), ""]
    return "\n".join(parts)


def summarised(scores):
    """Return the table with one row per candidate."""
    rows = [
        [
            candidate,
            spread(row["accuracy"], row["accuracy spread"]),
            spread(row["log-loss"], row["log-loss spread"]),
            f"{row['wins']:.0f} / {row['ties']:.0f} / {row['losses']:.0f}",
            f"{row['worst']:+.4f}",
            f"{row['log-loss ratio']:.3f}",
            f"{row['time']:.2f}",
        ]
        for candidate, row in summary(scores).iterrows()
    ]
    heads = ["candidate", "accuracy", "log-loss", "won / tied / lost", "worst accuracy"]
    heads += ["× log-loss", "× fit time"]
    return table(heads, rows)


def chosen(scores):
    """Return the table of leave-one-set-out selection."""
    lines = [name for name in scores["candidate"].unique() if CANDIDATES[name].is_line]
    choice, results = leave_one_out(scores, lines), means(scores)
    rows = []
    for name, kind, accuracy, log_loss in choice.itertuples():
        reference = results.loc[(name, REFERENCE)]
        rows.append([name, kind, *numbers(accuracy, log_loss), *numbers(*reference.iloc[:2])])
    mean = choice[["accuracy", "log_loss"]].mean()
    reference = results.xs(REFERENCE, level="candidate").mean()
    rows.append(["mean", "", *numbers(*mean), *numbers(*reference.iloc[:2])])
    of_it = [f"{kind}, {REFERENCE}" for kind in ("accuracy", "log-loss")]
    return table(["left out", "chosen on the others", "accuracy", "log-loss", *of_it], rows)


def numbers(*values):
    """Return the values as cells."""
    return [f"{value:.4f}" for value in values]


def spread(mean, deviation):
    """Return a cell with mean and deviation, or only the mean if there was one seed."""
    return f"{mean:.4f}" + ("" if np.isnan(deviation) else f" ± {deviation:.4f}")


def table(heads, rows):
    """Return a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
