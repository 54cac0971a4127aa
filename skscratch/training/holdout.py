"""Rows held out for validation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["stratified_holdout"]


def stratified_holdout(
    strata: Any, fraction: float, rng: np.random.Generator, n_splits: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split positions at random, keeping each stratum's share and at least one row to learn from.

    Further splits hold out other positions, as long as there are any left. Any number of rows and
    strata can be split: what rounding leaves over goes to the strata with the largest remainders.

    Parameters
    ----------
    strata : ndarray of int of shape (n,)
        The stratum of each position, for instance its class.
    fraction : float
        Share of the positions to hold out, between 0 and 1.
    rng : Generator
    n_splits : int

    Returns
    -------
    kept, held_out : ndarray of int of shape (n_splits, ...)
        Sorted positions. ``held_out`` is empty if every stratum has a single row.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.holdout import stratified_holdout
    >>> strata = np.array([0] * 8 + [1] * 4 + [2])
    >>> kept, held_out = stratified_holdout(strata, 0.25, np.random.default_rng(0), n_splits=4)
    >>> np.bincount(strata[held_out[0]], minlength=3)
    array([2, 1, 0])
    >>> np.sort(held_out.ravel()).tolist() == list(range(12))
    True
    """
    counts = np.bincount(strata)
    room = np.maximum(counts - 1, 0)
    share = counts * fraction
    sizes = np.minimum(np.floor(share).astype(int), room)
    for stratum in np.argsort(sizes - share, kind="stable"):
        if sizes.sum() < max(round(share.sum()), 1):
            sizes[stratum] += sizes[stratum] < room[stratum]
    shuffled = rng.permutation(strata.shape[0])
    by_stratum = np.split(
        shuffled[np.argsort(strata[shuffled], kind="stable")], np.cumsum(counts)[:-1]
    )
    parts = list(zip(by_stratum, sizes, strict=True))
    held_out = np.array(
        [np.concatenate([np.roll(rows, -i * n)[:n] for rows, n in parts]) for i in range(n_splits)]
    )
    kept = np.ones((n_splits, strata.shape[0]), bool)
    np.put_along_axis(kept, held_out, False, axis=1)
    return np.nonzero(kept)[1].reshape(n_splits, -1), np.sort(held_out)
