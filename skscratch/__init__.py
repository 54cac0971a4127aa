"""skscratch: a multilayer perceptron for scikit-learn, written by hand in NumPy.

A module imports only from its own folder or from folders further down in this list::

    callbacks/      callbacks that stop, save and score a model during training
    inspection/     explanations of predictions, from the derivatives of fitted networks
    plotting/       plots of fitted models, made from their attributes
    distributed.py  one fit over several processes, each with its own rows
    onnx.py         export of fitted models to ONNX
    export/         export of fitted models to JSON, to C and to estimators of scikit-learn
    tuning/         sizes that tuners can sample, and spaces of parameters to search
    testing.py      checks for custom activations, losses, update rules, schedules and others
    estimators/     the scikit-learn estimators: parameters, validation, labels, fitted attributes
    preprocessing/  tables to numbers: an encoder of numbers, and a pipeline for raw tables
    training/       the training loop, L-BFGS, early stopping, checkpoints; no scikit-learn
    core/           arrays only: both passes, activations, losses, optimizers, schedules

    datasets/       data sets for examples and benchmarks
    _compat.py      the only file that knows scikit-learn's versions and private names

To see backpropagation on one screen, open ``core/network.py``.

>>> from sklearn.datasets import load_digits
>>> from sklearn.preprocessing import MinMaxScaler
>>> from sklearn.pipeline import make_pipeline
>>> from skscratch import ScratchMLPClassifier
>>> X, y = load_digits(return_X_y=True)
>>> model = make_pipeline(MinMaxScaler(), ScratchMLPClassifier(max_iter=500, random_state=0))
>>> round(model.fit(X[:1500], y[:1500]).score(X[1500:], y[1500:]), 2)
0.92
"""

from skscratch._skops import SKOPS_TRUSTED_TYPES
from skscratch._version import __version__
from skscratch.estimators import ScratchMLPClassifier, ScratchMLPRegressor

__all__ = ["SKOPS_TRUSTED_TYPES", "ScratchMLPClassifier", "ScratchMLPRegressor", "__version__"]
