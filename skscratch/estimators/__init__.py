"""The estimators of scikit-learn."""

from skscratch.estimators._classifier import ScratchMLPClassifier
from skscratch.estimators._regressor import ScratchMLPRegressor

__all__ = ["ScratchMLPClassifier", "ScratchMLPRegressor"]
