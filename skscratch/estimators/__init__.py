"""Floor 2: scikit-learn. Labels in, labels out; everything between is on the floors below."""

from skscratch.estimators._classifier import ScratchMLPClassifier

__all__ = ["ScratchMLPClassifier"]
