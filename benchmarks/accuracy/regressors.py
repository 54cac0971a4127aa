"""The candidates among regressors: names, parameters, and the reason for each."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks.accuracy.candidate import AS_THERE, Candidate
from skscratch import ScratchMLPRegressor

__all__ = ["REGRESSORS"]


def scaled(**params):
    """Return an ``MLPRegressor`` whose target is standardised."""
    return TransformedTargetRegressor(MLPRegressor(**params), transformer=StandardScaler())


def ours(why, **params):
    """Return a candidate of this package."""
    return Candidate(why, params, ScratchMLPRegressor)


REGRESSORS = {
    "MLPRegressor, y scaled": Candidate("the reference for all others", {}, scaled),
    "MLPRegressor": Candidate("what a forgotten scale of y costs", {}, MLPRegressor),
    "gradient boosting": Candidate(
        "usually hard to beat on tables", {}, HistGradientBoostingRegressor
    ),
    "MLPRegressor, stopped": Candidate(
        "how much of the gain is early stopping alone", {"early_stopping": True}, scaled
    ),
    "as MLPRegressor": ours("the settings of MLPRegressor here", **AS_THERE, tol=0.0001),
    "defaults": ours("all parameters at their defaults"),
    "absolute error": ours("outliers count less", loss="absolute_error"),
    "huber": ours("between both", loss="huber"),
    "one network": ours("fully connected, no members", n_members=1),
    "one member": ours("one of the eight members alone", hidden_layer_sizes=(32, 16), n_members=1),
    "4 members": ours("half as many", hidden_layer_sizes=(128, 64), n_members=4),
    "12 members": ours("half as many again", hidden_layer_sizes=(384, 192), n_members=12),
    "wider": ours("members of 64 and 32 units", hidden_layer_sizes=(512, 256)),
    "deeper": ours("members of 32, 32 and 16 units", hidden_layer_sizes=(256, 256, 128)),
    "(100,)": ours("five members of 20 units", hidden_layer_sizes=(100,)),
    "alpha 0.0001": ours("nearly no L2 penalty", alpha=0.0001),
    "alpha 0.3": ours("a weaker L2 penalty", alpha=0.3),
    "alpha 3": ours("a stronger L2 penalty", alpha=3),
    "no stopping": ours("without early stopping", early_stopping=False),
    "tol 0.0001": ours("the tolerance of the classifier", tol=0.0001),
    "patience 20": ours("later stopping", n_iter_no_change=20, n_updates_no_change=200),
    "validation 0.1": ours("fewer validation rows", validation_fraction=0.1),
    "validation 0.2": ours("more validation rows", validation_fraction=0.2),
    "rate 0.01": ours("smaller steps", learning_rate_init=0.01),
    "rate 0.003": ours("much smaller steps", learning_rate_init=0.003),
    "slower average": ours("a weight average over 200 updates", ema_decay=0.995),
    "dropout": ours("a twentieth of the activations dropped", dropout=0.05),
    "mish": ours("a smooth activation", activation="mish"),
    "tanh": ours("a bounded activation", activation="tanh"),
}
