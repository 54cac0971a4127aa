"""ScratchMLPClassifier through its public interface, with the settings of MLPClassifier."""

from functools import partial

from benchmarks.rivals.estimators import estimator_timer
from skscratch import ScratchMLPClassifier

__all__ = ["alike", "timer"]

# turns off what the others do not do by default
alike = partial(
    ScratchMLPClassifier, early_stopping=False, ema_decay=0, n_members=1, standardize=False
)


def timer(work):
    """Return the timer."""
    return estimator_timer(alike, work)
