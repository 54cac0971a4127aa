"""Displays of scikit-learn's kind: made by ``from_estimator``, drawn again by ``plot``.

They read public attributes of fitted estimators, nothing else. matplotlib is loaded by the first
plot; neither its settings nor any other global state is changed.
"""

from skscratch.plotting._architecture import ArchitectureDisplay
from skscratch.plotting._first_layer_weights import FirstLayerWeightsDisplay
from skscratch.plotting._image_grid import ImageGridDisplay
from skscratch.plotting._training_curves import TrainingCurvesDisplay

__all__ = [
    "ArchitectureDisplay",
    "FirstLayerWeightsDisplay",
    "ImageGridDisplay",
    "TrainingCurvesDisplay",
]
