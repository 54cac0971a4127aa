"""ScratchMLPClassifier, by its public interface."""

from benchmarks.rivals.estimators import estimator_timer
from skscratch import ScratchMLPClassifier

__all__ = ["timer"]


def timer(work):
    """Return the timer."""
    return estimator_timer(ScratchMLPClassifier, work)
