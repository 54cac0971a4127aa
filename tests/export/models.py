"""Models of every kind of output to export, and the data that they were fitted to."""

import numpy as np
from sklearn.datasets import load_digits

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor

__all__ = ["CLASSIFIERS", "DIGITS", "REGRESSORS", "fitted"]

DIGITS, DIGIT = load_digits(return_X_y=True)  # unscaled: the scale is in the first layer
DIGITS = DIGITS.astype(np.float32)
CLASSIFIERS = {
    "binary": DIGIT % 2,
    "binary, strings": np.array(["even */", 'o"dd'])[DIGIT % 2],
    "multiclass": DIGIT,
    "multiclass, strings": np.array(list("abcdefghij"))[DIGIT],
    "multiclass, objects": np.array(list("abcdefghij"), dtype=object)[DIGIT],
    "multiclass, floats": DIGIT.astype(float),
    "multilabel": (DIGIT[:, None] >> np.arange(4)) & 1,
    "one class": np.zeros(len(DIGIT), int),
}
NUMBER = DIGITS[:, 20:40].mean(axis=1) + 1
REGRESSORS = {
    "squared": ({}, NUMBER),
    "several": ({}, np.c_[NUMBER, 100 * NUMBER + DIGIT]),
    "gamma": ({"loss": "gamma"}, NUMBER),
    "quantiles": ({"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}, NUMBER),
    "huber": ({"loss": "huber"}, NUMBER),
}
SETTINGS = {"hidden_layer_sizes": (16, 8), "n_members": 2, "max_iter": 8, "random_state": 0}


KNOWN = {}


def fitted(kind, **params):
    """Return a model, fitted once for all tests; nobody may change it."""
    key = kind, repr(params)  # a list of activations cannot be hashed
    if key not in KNOWN:
        own, y = REGRESSORS[kind] if kind in REGRESSORS else ({}, CLASSIFIERS[kind])
        estimator = ScratchMLPRegressor if kind in REGRESSORS else ScratchMLPClassifier
        KNOWN[key] = estimator(**SETTINGS | own | params).fit(DIGITS[:600], y[:600])
    return KNOWN[key]
