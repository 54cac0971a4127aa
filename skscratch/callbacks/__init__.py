"""Callbacks of scikit-learn's own protocol, for ``set_callbacks``; from scikit-learn 1.9 on.

scikit-learn's ``ProgressBar`` and ``ScoringMonitor`` work as well. A callback that returns True at
the end of an epoch ends training.

``ProgressBar`` needs ``skscratch[callbacks]``, in a notebook ipywidgets too. It belongs on the
outermost estimator; in a search over a pipeline ``max_propagation_depth=None`` shows the bars of
the networks, in a terminal 100 columns wide or more.
"""

from skscratch.callbacks._early_stopping import EarlyStopping
from skscratch.callbacks._model_checkpoint import ModelCheckpoint
from skscratch.callbacks._validation_monitor import ValidationMonitor

__all__ = ["EarlyStopping", "ModelCheckpoint", "ValidationMonitor"]
