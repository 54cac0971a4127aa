"""The types of this package in skops files: models, encoders, and objects passed as parameters."""

from skscratch.core import (
    activations,
    initializers,
    losses,
    optimizers,
    regression_losses,
    schedules,
)
from skscratch.estimators import ScratchMLPClassifier, ScratchMLPRegressor

__all__ = ["SKOPS_TRUSTED_TYPES"]

# Written out, because an import of these takes longer than all of ``import skscratch``.
OTHERS = [
    "skscratch.preprocessing._hidden_layer.HiddenLayerFeatures",
    "skscratch.preprocessing._piecewise_linear.PiecewiseLinearEncoder",
    "skscratch.preprocessing._tabular.CheckedColumns",
    "skscratch.tuning._layers.Layers",
]
CHOICES = (activations, initializers, losses, optimizers, regression_losses, schedules)

#: Dotted names of these types, for ``skops.io.load(file, trusted=SKOPS_TRUSTED_TYPES)``.
SKOPS_TRUSTED_TYPES = OTHERS + [
    f"{kind.__module__}.{kind.__qualname__}"
    for kind in (
        ScratchMLPClassifier,
        ScratchMLPRegressor,
        *(getattr(module, name) for module in CHOICES for name in module.__all__),
    )
    if isinstance(kind, type)
    and not getattr(kind, "_is_protocol", False)
    and (kind.__module__ != optimizers.__name__ or hasattr(kind, "scalars"))
]
