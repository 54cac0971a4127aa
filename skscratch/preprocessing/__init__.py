"""Transformers that prepare tables of numbers for networks. They work before any estimator."""

from skscratch.preprocessing._piecewise_linear import PiecewiseLinearEncoder

__all__ = ["PiecewiseLinearEncoder"]
