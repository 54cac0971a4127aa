"""
Wrong labels, and six kinds of regularisation
=============================================

One label in ten is wrong. A large network can overfit the wrong labels: its decision boundary
bends around them. The default network does not, because several parameters keep it from
overfitting. Here all of them are switched off, and then each one is switched on alone.
"""

# %%
# Two half moons, with 300 training points and 5000 test points. ``true`` is the moon of a point,
# and ``y`` is its label.
import numpy as np
from sklearn.datasets import make_moons
from sklearn.metrics import log_loss

from skscratch import ScratchMLPClassifier

X, true = make_moons(5300, noise=0.2, random_state=0)
y = np.where(np.random.default_rng(0).random(5300) < 0.1, 1 - true, true)
train, test = slice(300), slice(300, None)
default = ScratchMLPClassifier(random_state=0).fit(X[train], y[train])
print(f"test loss of the default network: {log_loss(y[test], default.predict_proba(X[test])):.3f}")

# %%
# "none" is a network of 128 and 128 units without any regularisation. Each variant adds one
# parameter to it. All of them are trained for 150 epochs, unless early stopping ends training.
import pandas as pd

none = {"alpha": 0, "ema_decay": 0, "n_members": 1, "early_stopping": False}
none |= {"hidden_layer_sizes": (128, 128), "learning_rate_init": 0.003, "batch_size": 32}
none |= {"max_iter": 150, "n_iter_no_change": np.inf}
variants = {
    "none": {},
    "L2 penalty": {"alpha": 1},
    "weight decay": {"weight_decay": 1},
    "dropout": {"dropout": 0.3},
    "label smoothing": {"label_smoothing": 0.1},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 10},
    "eight members": {"n_members": 8},
}
models = {"default": default}
for name, parameters in variants.items():
    model = ScratchMLPClassifier(random_state=0, **{**none, **parameters})
    models[name] = model.fit(X[train], y[train])
rows = {
    name: {
        "train loss": log_loss(y[train], model.predict_proba(X[train])),
        "test loss": log_loss(y[test], model.predict_proba(X[test])),
        "accuracy on true moons": model.score(X[test], true[test]),
    }
    for name, model in models.items()
}
table = pd.DataFrame(rows).T
print(table.round(3).to_string())

# %%
# L2 penalty and weight decay make the weights small and the slopes gentle. Dropout makes the
# units less dependent on each other. Label smoothing prevents overconfidence. Early stopping ends
# before the wrong labels are learned. Eight members, each with an eighth of the width, overfit the
# wrong labels in different ways, so their mean overfits less. Rings mark the wrong labels.
import matplotlib.pyplot as plt
from sklearn.inspection import DecisionBoundaryDisplay

figure, axes = plt.subplots(2, 4, figsize=(10, 5.2), layout="compressed")
wrong = (y != true)[train]
for axis, (name, model) in zip(axes.flat, models.items(), strict=True):
    belief = DecisionBoundaryDisplay.from_estimator(
        model,
        X[train],
        response_method="predict_proba",
        grid_resolution=200,
        eps=0.3,
        plot_method="pcolormesh",
        cmap="RdBu",
        vmin=-0.3,  # leaves the darkest shades to the points
        vmax=1.3,
        xlabel="",
        ylabel="",
        ax=axis,
    )
    for label, color in enumerate(("firebrick", "navy")):
        of_label = X[train][y[train] == label]
        axis.scatter(*of_label.T, s=9, color=color, edgecolor="white", linewidth=0.3)
    axis.scatter(*X[train][wrong].T, s=40, facecolor="none", edgecolor="black", linewidth=0.8)
    axis.set(xticks=[], yticks=[])
    axis.set_title(f"{name}\ntest loss {rows[name]['test loss']:.3f}", fontsize=11)
scale = figure.colorbar(belief.surface_, ax=axes, label="predicted probability of class 1")
scale.ax.set_ylim(0, 1)

# %%
# Regularisation increases the training loss and lowers the test loss. The dotted line is the loss
# of an ideal model that knows the moon of every point, and that one label in ten is wrong.
known = log_loss(y[test], np.where(true[test] == 1, 0.9, 0.1))
figure, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
axis.hlines(table.index, table["train loss"], table["test loss"], color="silver", lw=4)
axis.plot(table["train loss"], table.index, "o", ms=9, color="#0072B2", label="training rows")
axis.plot(table["test loss"], table.index, "o", ms=9, color="#D55E00", label="test rows")
axis.axvline(known, color="black", ls=":", label="ideal model")
axis.set(xlabel="log loss")
axis.invert_yaxis()
figure.legend(loc="outside lower center", ncols=3)
axis.grid(alpha=0.3)
plt.show()
