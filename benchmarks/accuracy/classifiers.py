"""The candidates among classifiers: names, parameters, and the reason for each."""

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier

from benchmarks.accuracy.candidate import AS_THERE, Candidate

__all__ = ["CLASSIFIERS"]

# Our defaults as far as MLPClassifier has the parameters. MLPClassifier divides alpha by the number
# of rows in a batch, not by the number of all rows. So its 0.03 is about as strong as our 1, for
# batches of 200 rows and 6 000 rows in all.
ALIKE = {
    "hidden_layer_sizes": (256, 128),
    "learning_rate_init": 0.01,
    "early_stopping": True,
    "alpha": 0.03,
}

CLASSIFIERS = {
    "MLPClassifier": Candidate("the reference for all others", kind=MLPClassifier),
    "gradient boosting": Candidate(
        "usually hard to beat on tables", kind=HistGradientBoostingClassifier
    ),
    "MLPClassifier, stopped": Candidate(
        "how much of the gain is early stopping alone",
        {"early_stopping": True},
        MLPClassifier,
    ),
    "MLPClassifier, alike": Candidate(
        "how much of the gain is parameters that both have", ALIKE, MLPClassifier
    ),
    "as MLPClassifier": Candidate("the settings of MLPClassifier here", AS_THERE),
    "defaults": Candidate("all parameters at their defaults"),
    "one network": Candidate("fully connected, no members", {"n_members": 1}),
    "one member": Candidate(
        "one of the eight members alone", {"hidden_layer_sizes": (32, 16), "n_members": 1}
    ),
    "4 members": Candidate("half as many", {"hidden_layer_sizes": (128, 64), "n_members": 4}),
    "12 members": Candidate(
        "half as many again", {"hidden_layer_sizes": (384, 192), "n_members": 12}
    ),
    "wider": Candidate("members of 64 and 32 units", {"hidden_layer_sizes": (512, 256)}),
    "one layer": Candidate("members of 64 units", {"hidden_layer_sizes": (512,)}),
    "(100,)": Candidate("five members of 20 units", {"hidden_layer_sizes": (100,)}),
    "(100, 100)": Candidate("five of 20 and 20 units", {"hidden_layer_sizes": (100, 100)}),
    "alpha 0.0001": Candidate("nearly no L2 penalty", {"alpha": 0.0001}),
    "alpha 0.3": Candidate("a weaker L2 penalty", {"alpha": 0.3}),
    "alpha 3": Candidate("a stronger L2 penalty", {"alpha": 3}),
    "no stopping": Candidate("without early stopping", {"early_stopping": False}),
    "no temperature": Candidate("without temperature scaling", {"temperature_scaling": False}),
    "no average": Candidate(
        "without weight averaging, at the same learning rate",
        {"ema_decay": 0, "learning_rate_init": 0.01},
    ),
    "no average, 0.001": Candidate(
        "without weight averaging, at the usual learning rate", {"ema_decay": 0}
    ),
    "rate 0.003": Candidate("smaller steps", {"learning_rate_init": 0.003}),
    "cosine": Candidate(
        "whether a schedule that falls to zero improves on averaging",
        {"learning_rate": "cosine", "max_iter": 100},
    ),
    "beta_2 0.95": Candidate(
        "0.999 averages over a thousand updates; small sets get few more", {"beta_2": 0.95}
    ),
    "dropout": Candidate("a tenth of the activations dropped", {"dropout": 0.1}),
    "smoothing": Candidate("label smoothing of 0.05", {"label_smoothing": 0.05}),
    "mish": Candidate("a smooth activation", {"activation": "mish"}),
}
