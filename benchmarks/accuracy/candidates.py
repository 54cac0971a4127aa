"""What is compared: names, parameters, and why each was tried."""

from dataclasses import dataclass, field
from typing import Any

from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier

from benchmarks.accuracy.summary import REFERENCE
from skscratch import ScratchMLPClassifier

__all__ = ["CANDIDATES", "Candidate"]


@dataclass(frozen=True)
class Candidate:
    """A classifier, its parameters, and why it is there; of several members the mean is taken."""

    why: str
    params: dict[str, Any] = field(default_factory=dict)
    kind: type = ScratchMLPClassifier
    n_members: int = 1

    def __call__(self, seed):
        """Return the classifier, not yet fitted."""
        model = self.kind(**self.params, random_state=seed)
        if self.n_members == 1:
            return model
        # all rows for each: what differs are the seeds, by which they start, shuffle and hold out
        return BaggingClassifier(model, self.n_members, bootstrap=False, random_state=seed)

    @property
    def is_line(self):
        """Whether it is nothing but a line of parameters of ScratchMLPClassifier."""
        return self.kind is ScratchMLPClassifier and self.n_members == 1

    def line(self):
        """Return it as code."""
        params = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        params = params.replace("'", '"')
        members = f"{self.n_members} × " if self.n_members > 1 else ""
        return f"{members}{self.kind.__name__}({params})"


STOPPED = {"early_stopping": True}
COSINE = {"learning_rate": "cosine", "learning_rate_init": 0.01, "max_iter": 100}
SHORT = {**COSINE, **STOPPED, "alpha": 1}
PATIENT = {**SHORT, "beta_2": 0.95, "n_iter_no_change": 25}
AVERAGED = {**PATIENT, "ema_decay": 0.99}
DEEP = {"hidden_layer_sizes": (100, 100), **AVERAGED, "alpha": 3}
DROPOUT = {**DEEP, "dropout": 0.1}
# What MLPClassifier has of it. It divides alpha by the rows of a batch, not by all of them: 0.1 is
# about as strong as 3 here, for 200 rows a batch and 6 000 in all.
ALIKE = {
    "hidden_layer_sizes": (100, 100),
    "learning_rate_init": 0.01,
    "max_iter": 100,
    "early_stopping": True,
    "n_iter_no_change": 25,
    "beta_2": 0.95,
    "alpha": 0.1,
}

CANDIDATES = {
    REFERENCE: Candidate("what the others are measured by", kind=MLPClassifier),
    "gradient boosting": Candidate(
        "what is usually hard to beat on tables", kind=HistGradientBoostingClassifier
    ),
    "MLPClassifier, stopped": Candidate(
        "what of the gain is early stopping, whoever does it", STOPPED, MLPClassifier
    ),
    "MLPClassifier, alike": Candidate(
        "what of the gain is parameters that both have", ALIKE, MLPClassifier
    ),
    "defaults": Candidate("no parameter at all"),
    "early stopping": Candidate("many sets are overfitted long before the last epoch", STOPPED),
    "alpha 0.3": Candidate("the default penalty is next to none", {"alpha": 0.3}),
    "alpha 1": Candidate("more of it", {"alpha": 1}),
    "beta_2 0.95": Candidate(
        "0.999 remembers a thousand updates, small sets get few more", {"beta_2": 0.95}
    ),
    "cosine 0.003": Candidate(
        "a rate that falls may start higher, and needs fewer epochs",
        {**COSINE, "learning_rate_init": 0.003},
    ),
    "cosine 0.01": Candidate("higher still", COSINE),
    "short": Candidate("the cosine, early stopping and the penalty together", SHORT),
    "patient": Candidate("not to stop before the cosine has come down; beta_2", PATIENT),
    "averaged": Candidate("an average of the parameters takes out the noise of steps", AVERAGED),
    "wide": Candidate("200 units: more to fit with", {**AVERAGED, "hidden_layer_sizes": (200,)}),
    "deep": Candidate("a second layer, held by three times the penalty", DEEP),
    "deep, constant": Candidate(
        "with an average, is there a use for the cosine?", {**DEEP, "learning_rate": "constant"}
    ),
    "deep, dropout": Candidate("a little dropout on top", DROPOUT),
    "deep, dropout × 5": Candidate("what averaging five networks adds", DROPOUT, n_members=5),
    "deep, dropout × 8": Candidate("whether five were enough", DROPOUT, n_members=8),
}
