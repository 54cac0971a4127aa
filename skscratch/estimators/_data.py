"""Checked data, and the unit in which sample weights are counted."""

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Data", "counted_in_rows"]

# A larger multiple of the least weight is no count of repeated rows.
MOST_REPETITIONS = 1000


class Data(NamedTuple):
    """Checked data as the floors below take them; w is None if every weight is 1.

    w is counted in rows. dtype is what to compute in; an X of whole numbers has its own. labels and
    sample_weight are what y and w were made of. validation is the user's validation set.
    """

    X: Any
    y: Any
    w: Any
    dtype: Any
    out_activation: str
    n_outputs: int
    labels: Any
    sample_weight: Any
    validation: "Data | None" = None


def counted_in_rows(w: Any) -> Any:
    """Return weights whose sum is the number of rows that they stand for, whatever their unit.

    Weights that are whole multiples of the least one say how often each row counts: the least
    weight counts one row. Other weights say how much rows matter beside one another: a row of mean
    weight counts as one. Rows of weight 0 count as none.
    """
    positive = w[w > 0].astype(np.float64)
    # the ratio is what counts: multiplying all weights by a number changes nothing
    shares = positive / positive.max()
    rows = np.zeros(w.shape)
    rows[w > 0] = shares / shares.mean()
    if shares.min() * MOST_REPETITIONS >= 1:
        multiples = shares / shares.min()
        counts = np.round(multiples)
        if np.allclose(multiples, counts, rtol=1e-5):
            rows[w > 0] = counts
    return rows
