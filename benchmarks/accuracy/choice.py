"""Leave-one-set-out selection: the selected candidate on a set that was not used to select it."""

import pandas as pd

from benchmarks.accuracy.summary import means

__all__ = ["leave_one_out"]


def leave_one_out(scores, eligible):
    """Return for each set the candidate selected on the other sets, and its scores on the set.

    The candidate with the lowest mean rank by loss is selected. Ranks are used instead of the mean
    loss, because sets with large errors, or a single bad fit, would dominate the mean.

    Parameters
    ----------
    scores : DataFrame
        From ``measure``; at least two sets.
    eligible : list of str
        The candidates to choose from.

    Returns
    -------
    DataFrame
        One row per set: "chosen" is the candidate, "score" and "loss" are its results.
    """
    table = means(scores)
    ranks = table["loss"].unstack("candidate")[eligible].rank(axis=1)
    rows = {}
    for name in ranks.index:
        chosen = ranks.drop(index=name).mean().idxmin()
        rows[name] = [chosen, *table.loc[(name, chosen), ["score", "loss"]]]
    return pd.DataFrame.from_dict(rows, "index", columns=["chosen", "score", "loss"])
