"""The scikit-learn estimators: they validate, resolve parameters, train, and publish the result."""

from skscratch.estimators._classifier import ScratchMLPClassifier

__all__ = ["ScratchMLPClassifier"]
