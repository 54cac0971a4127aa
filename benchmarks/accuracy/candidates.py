"""What is compared: names, parameters, and why each was tried."""

from dataclasses import dataclass, field
from typing import Any

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier

from benchmarks.accuracy.summary import REFERENCE
from skscratch import ScratchMLPClassifier

__all__ = ["CANDIDATES", "Candidate"]


@dataclass(frozen=True)
class Candidate:
    """A classifier, its parameters, and why it is there."""

    why: str
    params: dict[str, Any] = field(default_factory=dict)
    kind: type = ScratchMLPClassifier

    def __call__(self, seed):
        """Return the classifier, not yet fitted."""
        return self.kind(**self.params, random_state=seed)

    @property
    def is_line(self):
        """Whether it is a line of parameters of ScratchMLPClassifier."""
        return self.kind is ScratchMLPClassifier

    def line(self):
        """Return it as code."""
        params = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.kind.__name__}({params})".replace("'", '"')


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
# What MLPClassifier has of the defaults. It divides alpha by the rows of a batch, not by all of
# them: 0.03 is about as strong as 1 here, for 200 rows a batch and 6 000 in all.
ALIKE = {
    "hidden_layer_sizes": (256, 128),
    "learning_rate_init": 0.01,
    "early_stopping": True,
    "alpha": 0.03,
}

CANDIDATES = {
    REFERENCE: Candidate("what the others are measured by", kind=MLPClassifier),
    "gradient boosting": Candidate(
        "what is usually hard to beat on tables", kind=HistGradientBoostingClassifier
    ),
    "MLPClassifier, stopped": Candidate(
        "what of the gain is early stopping, whoever does it",
        {"early_stopping": True},
        MLPClassifier,
    ),
    "MLPClassifier, alike": Candidate(
        "what of the gain is parameters that both have", ALIKE, MLPClassifier
    ),
    "as MLPClassifier": Candidate("its behaviour, as a line of parameters here", AS_THERE),
    "defaults": Candidate("no parameter at all"),
    "one network": Candidate("all units connected, no members", {"n_members": 1}),
    "one member": Candidate(
        "one of the eight alone", {"hidden_layer_sizes": (32, 16), "n_members": 1}
    ),
    "4 members": Candidate("half as many", {"hidden_layer_sizes": (128, 64), "n_members": 4}),
    "12 members": Candidate(
        "half as many again", {"hidden_layer_sizes": (384, 192), "n_members": 12}
    ),
    "wider": Candidate("members of 64 and 32 units", {"hidden_layer_sizes": (512, 256)}),
    "one layer": Candidate("members of 64 units", {"hidden_layer_sizes": (512,)}),
    "(100,)": Candidate("five members of 20 units", {"hidden_layer_sizes": (100,)}),
    "(100, 100)": Candidate("five of 20 and 20 units", {"hidden_layer_sizes": (100, 100)}),
    "alpha 0.0001": Candidate("what the penalty adds", {"alpha": 0.0001}),
    "alpha 0.3": Candidate("less of it", {"alpha": 0.3}),
    "alpha 3": Candidate("more of it", {"alpha": 3}),
    "no stopping": Candidate("what early stopping adds", {"early_stopping": False}),
    "no temperature": Candidate("what the temperature adds", {"temperature_scaling": False}),
    "no average": Candidate(
        "what the average of the parameters adds, at the same rate",
        {"ema_decay": 0, "learning_rate_init": 0.01},
    ),
    "no average, 0.001": Candidate("and at the usual rate", {"ema_decay": 0}),
    "rate 0.003": Candidate("smaller steps", {"learning_rate_init": 0.003}),
    "cosine": Candidate(
        "whether a rate that falls to zero adds to the average",
        {"learning_rate": "cosine", "max_iter": 100},
    ),
    "beta_2 0.95": Candidate(
        "0.999 remembers a thousand updates, small sets get few more", {"beta_2": 0.95}
    ),
    "dropout": Candidate("a tenth of the activations dropped", {"dropout": 0.1}),
    "smoothing": Candidate("labels smoothed by a twentieth", {"label_smoothing": 0.05}),
    "mish": Candidate("a smooth activation", {"activation": "mish"}),
}
