"""Save the models that later releases must load: ``python -m tests.estimators.released.make``.

Run once for each release; the files of earlier ones stay as they are.
"""

import warnings
from pathlib import Path

import joblib
import numpy as np
from scipy.sparse import csr_array
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier, __version__

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
LABELS = np.eye(3, dtype=int)[Y]


def small(**params):
    """Return a small model; keywords override."""
    settings = {"hidden_layer_sizes": (6,), "max_iter": 20, "random_state": 0}
    return ScratchMLPClassifier(**settings | params)


def models():
    """Return a model of every kind that a file can hold, by name."""
    stream = small(class_weight={0: 1.0, 1: 2.0})
    for _ in range(3):
        stream.partial_fit(X, Y > 0, classes=[False, True])
    return {
        "binary": small(activation=["gelu"], dtype="float32").fit(X, Y > 0),
        "strings": small(early_stopping=True, validation_fraction=0.3).fit(X, NAMES),
        "multilabel": small(solver="sgd", dropout=0.1, learning_rate="onecycle").fit(X, LABELS),
        "warm": small(warm_start=True, ema_decay=0.9, weight_decay=0.01).fit(X, Y),
        "lbfgs": small(solver="lbfgs", hidden_layer_sizes=()).fit(X, Y),
        "stream": stream,
        "pipeline": make_pipeline(StandardScaler(), small()).fit(X, NAMES),
    }


def begun(checkpoint, max_iter):
    """Return a model that has gone on from a checkpoint, or left one; its name says on what y."""
    y = {"multiclass": Y, "binary": Y > 0, "multilabel": LABELS, "sparse": csr_array(LABELS)}
    params = {"hidden_layer_sizes": (8,), "n_members": 2, "dropout": 0.1, "batch_size": 32}
    return small(max_iter=max_iter, checkpoint=checkpoint, **params).fit(X, y[checkpoint.stem])


def save(folder, models, answer, begun, checkpoints):
    """Write a file per model, the answers of the models by name, and the checkpoints of fits."""
    folder.mkdir(exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answers = {}
        for name, model in models().items():
            joblib.dump(model, folder / f"{name}.joblib", compress=3)
            answers[name] = answer(name, model)
        for name in checkpoints:
            begun(folder / f"{name}.checkpoint", max_iter=6)
    np.savez_compressed(folder / "answers.npz", **answers)


if __name__ == "__main__":
    save(
        Path(__file__).parent / __version__,
        models,
        lambda name, model: model.predict_proba(X[::10]),
        begun,
        ("multiclass", "binary", "multilabel", "sparse"),
    )
