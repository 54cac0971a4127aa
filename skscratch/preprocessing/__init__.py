"""Transformers that prepare tables for networks, and the pipeline that takes a raw table."""

from skscratch.preprocessing._hidden_layer import HiddenLayerFeatures
from skscratch.preprocessing._piecewise_linear import PiecewiseLinearEncoder
from skscratch.preprocessing._tabular import make_tabular_pipeline

__all__ = ["HiddenLayerFeatures", "PiecewiseLinearEncoder", "make_tabular_pipeline"]
