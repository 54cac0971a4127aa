"""skscratch: a multilayer perceptron written by hand in NumPy, at home in scikit-learn.

The floor plan; imports run downward only::

    callbacks/    floor 3   stop, save and score a model while it is trained
    plotting/     floor 3   displays, made from the public attributes of fitted models
    estimators/   floor 2   scikit-learn: validate, begin, train, publish; labels in, labels out
    training/     floor 1   time: batches, epochs, stopping, L-BFGS, what a run needs to go on
    core/         floor 0   arrays in, arrays out: the two passes, losses, optimizers; the legend

    datasets/               what examples and benchmarks share
    _compat.py              the only file that knows scikit-learn's versions

To see backpropagation on one screen, open ``core/network.py``.

>>> from sklearn.datasets import load_digits
>>> from sklearn.preprocessing import MinMaxScaler
>>> from sklearn.pipeline import make_pipeline
>>> from skscratch import ScratchMLPClassifier
>>> X, y = load_digits(return_X_y=True)
>>> model = make_pipeline(MinMaxScaler(), ScratchMLPClassifier(max_iter=500, random_state=0))
>>> bool(model.fit(X[:1500], y[:1500]).score(X[1500:], y[1500:]) > 0.9)
True
"""

from skscratch._skops import SKOPS_TRUSTED_TYPES
from skscratch._version import __version__
from skscratch.estimators import ScratchMLPClassifier

__all__ = ["SKOPS_TRUSTED_TYPES", "ScratchMLPClassifier", "__version__"]
