"""Save the regressors that later releases must load.

    python -m tests.estimators.released.make_regressors

Run it once for each release, from the checkout.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPRegressor, __version__
from tests.estimators.released.make import save

X, Y = load_diabetes(return_X_y=True)
X = np.round(20 * X, 3)  # the last digits differ between versions of scikit-learn
BOTH = np.column_stack([Y * 1e6, X[:, 0]])
# features out of scale
UNSCALED = 1e5 * X + 7
CHECKPOINTS = ("squared", "quantile", "several")


def small(loss="squared_error", **params):
    """Return a small model; keywords override."""
    settings = {"hidden_layer_sizes": (6,), "max_iter": 20, "random_state": 0}
    return ScratchMLPRegressor(loss, **settings | params)


def models():
    """Return a model of every kind that a file can hold, by name."""
    stream = small("huber")
    for _ in range(3):
        stream.partial_fit(X, Y)
    return {
        "squared": small(activation=["gelu"], dtype="float32").fit(X, Y),
        "several": small(early_stopping=True, validation_fraction=0.3).fit(X, BOTH),
        "absolute": small("absolute_error", n_members=2).fit(UNSCALED, Y),
        "quantile": small("quantile", quantile=[0.1, 0.5, 0.9]).fit(X, Y),
        "poisson": small("poisson", solver="sgd").fit(X, Y),
        "gamma": small("gamma", solver="lbfgs", hidden_layer_sizes=()).fit(X, Y),
        "warm": small(warm_start=True, ema_decay=0.9).fit(X, Y),
        "stream": stream,
        "pipeline": make_pipeline(StandardScaler(), small()).fit(X, Y),
    }


def inputs(name):
    """Return the samples of a model."""
    return UNSCALED if name == "absolute" else X


def targets(name):
    """Return the targets of a model."""
    return BOTH if name == "several" else Y


def begun(checkpoint, max_iter):
    """Return a model that has gone on from a checkpoint, or left one; its name says of what."""
    name = checkpoint.stem
    params = {"loss": "quantile", "quantile": [0.1, 0.9]} if name == "quantile" else {}
    params |= {"hidden_layer_sizes": (8,), "n_members": 2, "dropout": 0.1, "batch_size": 32}
    model = small(max_iter=max_iter, checkpoint=checkpoint, learning_rate_init=0.001, **params)
    return model.fit(X, targets(name))


if __name__ == "__main__":
    save(
        Path(__file__).parent / __version__ / "regressors",
        models,
        lambda name, model: model.predict(inputs(name)[::10]),
        begun,
        CHECKPOINTS,
    )
