"""Fitted models without Python: as JSON, as a C file, and as estimators of scikit-learn.

``skscratch.onnx`` exports to ONNX.
"""

from skscratch.export._c import to_c
from skscratch.export._json import from_json, to_json
from skscratch.export._sklearn import to_sklearn

__all__ = ["from_json", "to_c", "to_json", "to_sklearn"]
