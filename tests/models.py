"""The small model of the tests; who needs another one says in what it differs."""

from functools import partial

from skscratch import ScratchMLPClassifier

__all__ = ["USUAL", "quick", "small"]

# What a user who names none of them gets.
USUAL = {"n_members": "auto", "standardize": True}


def small(**params):
    """Return a small, quick, reproducible model; keywords override.

    Nothing that decides the course of training is left to the defaults.
    """
    settings = {
        "hidden_layer_sizes": (8,),
        "learning_rate_init": 0.001,
        "batch_size": 200,
        "max_iter": 15,
        "random_state": 0,
        "alpha": 0.0001,
        "ema_decay": 0.0,
        "early_stopping": False,
        "n_members": 1,
        "standardize": False,
        "temperature_scaling": False,
        "dtype": None,
    }
    if params.get("solver") == "lbfgs":
        del settings["learning_rate_init"], settings["batch_size"]  # it has no use for them
    return ScratchMLPClassifier(**settings | params)


# It learns what is easy; searches and ensembles fit many of them.
quick = partial(
    small,
    hidden_layer_sizes=(16,),
    learning_rate_init=0.02,
    max_iter=40,
    temperature_scaling=True,
    **USUAL,
)
