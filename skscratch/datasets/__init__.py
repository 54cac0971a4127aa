"""Data sets shared by the examples, the tests and the benchmarks."""

from skscratch.datasets._banded_sum import make_banded_sum
from skscratch.datasets._digits import load_digits
from skscratch.datasets._mnist_csv import load_mnist_csv

__all__ = ["load_digits", "load_mnist_csv", "make_banded_sum"]
