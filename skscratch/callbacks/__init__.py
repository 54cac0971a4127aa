"""Callbacks for ``set_callbacks``, in scikit-learn's protocol. They need scikit-learn 1.9 or later.

scikit-learn's ``ProgressBar`` and ``ScoringMonitor`` work as well. A callback that returns True at
the end of an epoch ends training.

``ProgressBar`` needs the extra ``callbacks``. In a notebook it also needs ipywidgets. Set
``ProgressBar`` on the outermost estimator. In a search over a pipeline,
``max_propagation_depth=None`` shows the progress bars of the networks too. Those bars need a
terminal of at least 100 columns.
"""

from skscratch.callbacks._early_stopping import EarlyStopping
from skscratch.callbacks._evaluation_set import EvaluationSet
from skscratch.callbacks._log_epochs import LogEpochs
from skscratch.callbacks._model_checkpoint import ModelCheckpoint
from skscratch.callbacks._validation_monitor import ValidationMonitor

__all__ = ["EarlyStopping", "EvaluationSet", "LogEpochs", "ModelCheckpoint", "ValidationMonitor"]
