"""A candidate of the comparison."""

from dataclasses import dataclass, field
from typing import Any

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor

__all__ = ["AS_THERE", "Candidate"]

# The settings of scikit-learn's perceptrons, as parameters of ours.
AS_THERE = {
    "hidden_layer_sizes": (100,),
    "alpha": 0.0001,
    "learning_rate_init": 0.001,
    "batch_size": 200,
    "early_stopping": False,
    "ema_decay": 0,
    "n_members": 1,
    "standardize": False,
}


@dataclass(frozen=True)
class Candidate:
    """An estimator, its parameters, and the reason why it was tried."""

    why: str
    params: dict[str, Any] = field(default_factory=dict)
    kind: Any = ScratchMLPClassifier

    def __call__(self, seed):
        """Return the unfitted estimator."""
        return self.kind(**self.params, random_state=seed)

    @property
    def is_line(self):
        """Whether the candidate is an estimator of skscratch."""
        return self.kind in {ScratchMLPClassifier, ScratchMLPRegressor}

    def line(self):
        """Return the candidate as code."""
        return " ".join(repr(self(seed=None)).split()).replace("'", '"')
