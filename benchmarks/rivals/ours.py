"""ScratchMLPClassifier, by its public interface, doing what MLPClassifier does."""

from functools import partial

from benchmarks.rivals.estimators import estimator_timer
from skscratch import ScratchMLPClassifier

__all__ = ["alike", "timer"]

# without what it does unasked and the others do not
alike = partial(
    ScratchMLPClassifier, early_stopping=False, ema_decay=0, n_members=1, standardize=False
)


def timer(work):
    """Return the timer."""
    return estimator_timer(alike, work)
