"""Plots of fitted networks, as scikit-learn displays.

``from_estimator`` draws a plot, and ``plot`` draws it again. Displays read only the public
attributes of fitted estimators, and the activation of the fitted network. The first plot loads
matplotlib. Displays change neither the settings of matplotlib nor any other global state.
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
