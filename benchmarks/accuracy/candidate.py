"""A candidate of the comparison."""

from dataclasses import dataclass, field
from importlib.util import find_spec
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
    """An estimator, its parameters, and the reason why it was tried.

    ``needs`` is a package that the study can do without. ``code`` is shown in place of the
    estimator's own representation.
    """

    why: str
    params: dict[str, Any] = field(default_factory=dict)
    kind: Any = ScratchMLPClassifier
    needs: str = "sklearn"
    code: str = ""

    def __call__(self, seed):
        """Return the unfitted estimator."""
        return self.kind(**self.params, random_state=seed)

    @property
    def is_line(self):
        """Whether the candidate is an estimator of skscratch."""
        return self.kind in {ScratchMLPClassifier, ScratchMLPRegressor}

    @property
    def is_installed(self):
        """Whether the package that the candidate needs is there."""
        return find_spec(self.needs) is not None

    def line(self):
        """Return the candidate as code."""
        return self.code or " ".join(repr(self(seed=None)).split()).replace("'", '"')
