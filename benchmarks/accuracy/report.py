"""The results as Markdown."""

import numpy as np

from benchmarks.accuracy.choice import leave_one_out
from benchmarks.accuracy.summary import means, summary

__all__ = ["chosen", "per_set", "ranked", "reasons", "summarised"]


def reasons(task, names):
    """Return a table of the candidates and the reasons for them."""
    rows = [
        [name, f"`{task.candidates[name].line()}`", task.candidates[name].why] for name in names
    ]
    return table(["candidate", "", "tried because"], rows)


def per_set(task, scores):
    """Return one table per set."""
    parts = []
    for name, results in means(scores).groupby(level="data", sort=False):
        rows = [
            [candidate, *numbers(*measures), f"{fit:.2f}", f"{predict:.3f}"]
            for (_, candidate), *measures, fit, predict in results.itertuples()
        ]
        heads = ["candidate", task.score, task.loss, *task.others, "fit, s", "predict, s"]
        parts += [f"### {name}\n", table(heads, rows), ""]
    return "\n".join(parts)


def summarised(task, scores):
    """Return the table with one row per candidate."""
    rows = [
        [
            candidate,
            spread(row["score"], row["score spread"]),
            spread(row["loss"], row["loss spread"]),
            f"{row['wins']:.0f} / {row['ties']:.0f} / {row['losses']:.0f}",
            f"{row['worst']:+.4f}",
            f"{row['loss ratio']:.3f}",
            f"{row['time']:.2f}",
            f"{row['predict time']:.2f}",
        ]
        for candidate, row in summary(scores, task.reference).iterrows()
    ]
    heads = ["candidate", task.score, task.loss, "won / tied / lost", f"worst {task.score}"]
    heads += [f"× {task.loss}", "× fit time", "× predict time"]
    return table(heads, rows)


def ranked(task, scores):
    """Return the table of mean ranks, and of the means of the further measures."""
    names = {"loss": task.loss, "score": task.score, **{kind: kind for kind in task.others}}
    results = summary(scores, task.reference, task.others)
    ranks = [f"rank by {kind}" for kind in names]
    rows = [
        [candidate, *numbers(*row[[*task.others]]), *(f"{rank:.2f}" for rank in row[ranks])]
        for candidate, row in results.iterrows()
    ]
    heads = ["candidate", *task.others, *(f"rank by {name}" for name in names.values())]
    return table(heads, rows)


def chosen(task, scores):
    """Return the table of leave-one-set-out selection."""
    lines = [name for name in scores["candidate"].unique() if task.candidates[name].is_line]
    choice, results = leave_one_out(scores, lines), means(scores)
    rows = []
    for name, kind, score, loss in choice.itertuples():
        reference = results.loc[(name, task.reference)]
        rows.append([name, kind, *numbers(score, loss), *numbers(*reference.iloc[:2])])
    mean = choice[["score", "loss"]].mean()
    reference = results.xs(task.reference, level="candidate").mean()
    rows.append(["mean", "", *numbers(*mean), *numbers(*reference.iloc[:2])])
    kinds = [task.score, task.loss]
    of_it = [f"{kind}, {task.reference}" for kind in kinds]
    return table(["left out", "chosen on the others", *kinds, *of_it], rows)


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
