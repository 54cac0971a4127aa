"""The summary of all scores: one row per candidate."""

import numpy as np
import pandas as pd

__all__ = ["TIE", "means", "summary"]

# losses with a smaller relative difference are a tie
TIE = 0.01


def means(scores):
    """Return all measures and seconds by set and candidate, averaged over folds and seeds."""
    kinds = scores.columns.difference(["data", "seed", "fold", "candidate"], sort=False)
    return scores.groupby(["data", "candidate"], sort=False)[[*kinds]].mean()


def summary(scores, reference, others=()):
    """Return a DataFrame with a row per candidate. All sets have the same weight.

    The spread of a mean is its standard deviation over the seeds, or NaN for a single seed. A rank
    is the mean over the sets, and the best candidate of a set has rank 1. ``others`` are further
    measures, and whether a high value is good.
    """
    table = means(scores)
    table = {kind: table[kind].unstack("candidate") for kind in table}
    score, loss = table["score"], table["loss"]
    good = {"loss": False, "score": True, **dict(others)}
    per_seed = scores.groupby(["candidate", "data", "seed"])[["score", "loss"]].mean()
    spread = per_seed.groupby(["candidate", "seed"]).mean().groupby("candidate").std()
    change = loss.div(loss[reference], axis=0) - 1
    return pd.DataFrame(
        {
            "score": score.mean(),
            "score spread": spread["score"],
            "loss": loss.mean(),
            "loss spread": spread["loss"],
            "wins": (change < -TIE).sum(),
            "ties": (change.abs() <= TIE).sum(),
            "losses": (change > TIE).sum(),
            "worst": score.sub(score[reference], axis=0).min(),
            "loss ratio": geometric_mean(change + 1),
            "time": ratio(table["seconds"], reference),
            "predict time": ratio(table["predict seconds"], reference),
            **{kind: table[kind].mean() for kind in others},
            **{
                f"rank by {kind}": table[kind].rank(axis=1, ascending=not high).mean()
                for kind, high in good.items()
            },
        }
    ).loc[scores["candidate"].unique()]


def ratio(values, reference):
    """Return the geometric mean of the ratios to the reference, which are of positive numbers."""
    values = values.clip(lower=1e-9)
    return geometric_mean(values.div(values[reference], axis=0))


def geometric_mean(ratios):
    """Return the geometric mean of each column."""
    return np.exp(np.log(ratios).mean())
