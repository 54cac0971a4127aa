"""What a choice among candidates is worth on a set that had no say in it."""

import pandas as pd

from benchmarks.accuracy.summary import means

__all__ = ["leave_one_out"]


def leave_one_out(scores, eligible):
    """Return for each set the candidate chosen on the others, and what it gets on the set.

    Chosen is the lowest mean rank by log-loss. Ranks, and not the mean of log-losses, because in
    that the sets with many errors, and a single bad fit, would outvote all others.

    Parameters
    ----------
    scores : DataFrame
        From ``measure``; at least two sets.
    eligible : list of str
        The candidates to choose from.

    Returns
    -------
    DataFrame
        A row per set: "chosen", and its "accuracy" and "log_loss".
    """
    table = means(scores)
    ranks = table["log_loss"].unstack("candidate")[eligible].rank(axis=1)
    rows = {}
    for name in ranks.index:
        chosen = ranks.drop(index=name).mean().idxmin()
        rows[name] = [chosen, *table.loc[(name, chosen), ["accuracy", "log_loss"]]]
    return pd.DataFrame.from_dict(rows, "index", columns=["chosen", "accuracy", "log_loss"])
