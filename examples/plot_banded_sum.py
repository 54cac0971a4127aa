"""
A band that no straight line separates
======================================

The toy set of :func:`skscratch.datasets.make_banded_sum` has two classes: the points inside a
band through the origin, and the points on either side of the band. A hidden unit corresponds to
one straight line in the plane. So a linear model learns nothing from this set, one hidden unit
finds one edge of the band, and two units find both edges.
"""

# %%
# The data: on average, half of the points are inside the band. The default network has many more
# units than two, and finds the band.
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier
from skscratch.datasets import make_banded_sum

X, y = make_banded_sum(2000, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)
default = ScratchMLPClassifier(random_state=0).fit(X_train, y_train)
print(f"accuracy of the default network: {default.score(X_test, y_test):.3f}")

# %%
# How few units are enough? Networks of a few tanh units are trained with small steps, so that
# training can be watched. ``hidden_layer_sizes=()`` means no hidden layers. Each call of
# ``partial_fit`` trains one epoch. The model with two units is copied after some epochs.
import copy

EPOCHS, SNAPSHOTS = 100, (1, 2, 3, 4, 6, 10)
sizes = {"linear": (), "1 tanh unit": (1,), "2 tanh units": (2,), "4 tanh units": (4,)}
models = {
    name: ScratchMLPClassifier(
        size,
        activation="tanh",
        learning_rate_init=0.02,
        batch_size=16,
        alpha=0,
        ema_decay=0,
        random_state=0,
    )
    for name, size in sizes.items()
}
snapshots = {}
for epoch in range(1, EPOCHS + 1):
    for model in models.values():
        model.partial_fit(X_train, y_train, classes=[0, 1])
    if epoch in SNAPSHOTS:
        snapshots[f"epoch {epoch}"] = copy.deepcopy(models["2 tanh units"])

# %%
# A model that predicts one half for every point has the loss log 2 = 0.693. The linear model
# stays at this loss: it predicts about one half everywhere, and its accuracy depends on chance.
# One unit separates one side of the band, a quarter of all points. It misclassifies the other
# side, so three quarters of the points are correct.
import pandas as pd
from sklearn.metrics import log_loss

print(
    pd.DataFrame(
        {
            name: {
                "train loss": log_loss(y_train, model.predict_proba(X_train)),
                "test loss": log_loss(y_test, model.predict_proba(X_test)),
                "train accuracy": model.score(X_train, y_train),
                "test accuracy": model.score(X_test, y_test),
            }
            for name, model in models.items()
        }
    )
    .T.round(3)
    .to_string()
)


# %%
# The predicted probabilities and the test points. On a dashed line, the input of a hidden unit
# changes its sign.
import matplotlib.pyplot as plt
from sklearn.inspection import DecisionBoundaryDisplay


def show_belief(model, axis):
    """Draw the probability, the test points and the line of each hidden unit."""
    belief = DecisionBoundaryDisplay.from_estimator(
        model,
        X_test,
        response_method="predict_proba",
        grid_resolution=200,
        eps=0.3,
        plot_method="pcolormesh",
        cmap="RdBu",
        vmin=-0.6,  # leaves the darkest shades to the points
        vmax=1.6,
        xlabel="",
        ylabel="",
        ax=axis,
    )
    for label, color in enumerate(("firebrick", "navy")):
        axis.scatter(*X_test[y_test == label].T, s=8, color=color, edgecolor="white", linewidth=0.3)
    corners = axis.axis()
    for weights, bias in zip(model.coefs_[0].T, model.intercepts_[0], strict=True):
        if len(model.coefs_) > 1:
            foot = -bias * weights / (weights @ weights)  # the point closest to the origin
            axis.axline(foot, foot + weights[::-1] * (-1, 1), color="black", ls="--", lw=1)
    axis.axis(corners)
    axis.set(aspect="equal", xticks=[], yticks=[])
    return belief.surface_


figure, axes = plt.subplots(2, 2, figsize=(7, 6.6), layout="compressed")
for axis, (name, model) in zip(axes.flat, models.items(), strict=True):
    surface = show_belief(model, axis)
    axis.set_title(f"{name}: {model.score(X_test, y_test):.1%} correct", fontsize=11)
scale = figure.colorbar(surface, ax=axes, shrink=0.7, label="predicted probability of the band")
scale.ax.set_ylim(0, 1)

# %%
# Two units find the two edges, epoch by epoch.
figure, axes = plt.subplots(2, 3, figsize=(7, 4.9), layout="compressed")
for axis, (name, model) in zip(axes.flat, snapshots.items(), strict=True):
    show_belief(model, axis)
    axis.set_title(f"{name}: {model.score(X_test, y_test):.1%} correct", fontsize=10)

# %%
# The training loss of all four models. The linear model stays on a plateau where the gradient is
# nearly zero. One unit stays on this plateau for many epochs before its loss falls.
from math import log

figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
colors = plt.get_cmap("viridis")([0, 0.35, 0.65, 0.9])
for (name, model), color in zip(models.items(), colors, strict=True):
    axis.plot(range(1, EPOCHS + 1), model.history_["loss"], color=color, label=name)
axis.axhline(log(2), color="gray", linestyle=":", label="log 2: probability one half")
axis.set(xlabel="epoch", ylabel="training loss", title="Training loss")
axis.set_ylim(bottom=0)
axis.legend(loc="center right", bbox_to_anchor=(1, 0.35))
plt.show()
