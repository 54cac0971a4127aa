"""The class itself: its signature beside MLPClassifier's."""

import inspect

from sklearn.neural_network import MLPClassifier

from skscratch import ScratchMLPClassifier


def test_parameters_come_in_the_order_of_scikit_learns():
    theirs = inspect.signature(MLPClassifier).parameters
    ours = [name for name in inspect.signature(ScratchMLPClassifier).parameters if name in theirs]
    assert ours == [*theirs]
