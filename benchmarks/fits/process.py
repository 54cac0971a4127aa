"""Measuring in a new process, so that topics do not share memory and threads."""

import multiprocessing
import warnings
from concurrent.futures import ProcessPoolExecutor

from sklearn.exceptions import ConvergenceWarning

__all__ = ["apart"]


def apart(function, *args):
    """Return ``function(*args)``, called in a new process."""
    with ProcessPoolExecutor(
        1,
        mp_context=multiprocessing.get_context("spawn"),
        # the number of epochs is fixed on purpose
        initializer=warnings.simplefilter,
        initargs=("ignore", ConvergenceWarning),
    ) as pool:
        return pool.submit(function, *args).result()
