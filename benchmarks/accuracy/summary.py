"""The summary of all scores: one row per candidate."""

import numpy as np
import pandas as pd

__all__ = ["TIE", "means", "summary"]

# losses with a smaller relative difference are a tie
TIE = 0.01


def means(scores):
    """Return score, loss and seconds by set and candidate, averaged over folds and seeds."""
    kinds = ["score", "loss", "seconds"]
    return scores.groupby(["data", "candidate"], sort=False)[kinds].mean()


def summary(scores, reference):
    """Return a DataFrame with a row per candidate. All sets have the same weight.

    The spread of a mean is its standard deviation over the seeds, or NaN for a single seed.
    """
    table = means(scores)
    score, loss, seconds = (table[kind].unstack("candidate") for kind in table)
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
            "time": geometric_mean(seconds.div(seconds[reference], axis=0)),
        }
    ).loc[scores["candidate"].unique()]


def geometric_mean(ratios):
    """Return the geometric mean of each column."""
    return np.exp(np.log(ratios).mean())
