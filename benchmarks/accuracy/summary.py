"""The summary of all scores: one row per candidate."""

import numpy as np
import pandas as pd

__all__ = ["REFERENCE", "means", "summary"]

REFERENCE = "MLPClassifier"
# log-losses with a smaller relative difference are a tie
TIE = 0.01


def means(scores):
    """Return accuracy, log_loss and seconds by set and candidate, averaged over folds and seeds."""
    kinds = ["accuracy", "log_loss", "seconds"]
    return scores.groupby(["data", "candidate"], sort=False)[kinds].mean()


def summary(scores):
    """Return a DataFrame with a row per candidate. All sets have the same weight.

    The spread of a mean is its standard deviation over the seeds, or NaN for a single seed.
    """
    table = means(scores)
    accuracy, log_loss, seconds = (table[kind].unstack("candidate") for kind in table)
    per_seed = scores.groupby(["candidate", "data", "seed"])[["accuracy", "log_loss"]].mean()
    spread = per_seed.groupby(["candidate", "seed"]).mean().groupby("candidate").std()
    change = log_loss.div(log_loss[REFERENCE], axis=0) - 1
    return pd.DataFrame(
        {
            "accuracy": accuracy.mean(),
            "accuracy spread": spread["accuracy"],
            "log-loss": log_loss.mean(),
            "log-loss spread": spread["log_loss"],
            "wins": (change < -TIE).sum(),
            "ties": (change.abs() <= TIE).sum(),
            "losses": (change > TIE).sum(),
            "worst": accuracy.sub(accuracy[REFERENCE], axis=0).min(),
            "log-loss ratio": geometric_mean(change + 1),
            "time": geometric_mean(seconds.div(seconds[REFERENCE], axis=0)),
        }
    ).loc[scores["candidate"].unique()]


def geometric_mean(ratios):
    """Return the geometric mean of each column."""
    return np.exp(np.log(ratios).mean())
