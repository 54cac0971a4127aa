"""MLPClassifier through its public interface."""

from sklearn.neural_network import MLPClassifier

from benchmarks.rivals.estimators import estimator_timer

__all__ = ["timer"]


def timer(work):
    """Return the timer."""
    return estimator_timer(MLPClassifier, work)
