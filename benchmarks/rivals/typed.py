"""ScratchMLPClassifier as an old script types it: all that it does not name has our defaults."""

from functools import partial

from benchmarks.rivals.estimators import estimator_timer
from skscratch import ScratchMLPClassifier

__all__ = ["timer"]


def timer(work):
    """Return the timer. A tenth of the rows is held out, so an epoch has fewer steps."""
    if work.n_rows < 1000:  # a few more steps in an epoch would count as a large share
        return estimator_timer(partial(ScratchMLPClassifier, early_stopping=False), work)
    return estimator_timer(ScratchMLPClassifier, work, share=0.9)
