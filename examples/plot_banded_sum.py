"""
A band that no straight line can cut out
========================================

The toy set of :func:`skscratch.datasets.make_banded_sum` has two classes: the points in a
band through the origin, and those on either side of it.  A hidden unit draws one straight
line through the plane.  So a linear model learns nothing from this set, one hidden unit
finds one edge of the band, and two units find both.
"""

# %%
# Options for those who run this file as a script: where the figures go, and the seed.
import argparse
import copy
from math import log
from pathlib import Path

import pandas as pd
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier
from skscratch.datasets import make_banded_sum

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise SystemExit('This example draws figures: pip install "skscratch[plot]"') from error

parser = argparse.ArgumentParser(description="Small networks of growing size on a toy set.")
parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for the figures")
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()
options.figures.mkdir(parents=True, exist_ok=True)

# %%
# The data: as many points inside the band as outside, on average.
X, y = make_banded_sum(2000, random_state=options.seed)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, stratify=y, random_state=options.seed
)

# %%
# The same estimator is every model: ``hidden_layer_sizes=()`` leaves out the hidden layers.
# Each is trained one epoch a call, and the one with two units is copied on its way.
EPOCHS, SNAPSHOTS = 100, (1, 2, 3, 4, 6, 10)
sizes = {"linear": (), "1 tanh unit": (1,), "2 tanh units": (2,), "4 tanh units": (4,)}
models = {
    name: ScratchMLPClassifier(
        size,
        activation="tanh",
        solver="adam",
        learning_rate="constant",
        learning_rate_init=0.02,
        batch_size=16,
        alpha=0,
        ema_decay=0,
        random_state=options.seed,
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
# Knowing nothing means a loss of log 2 = 0.693.  The linear model stays there: it gives every
# point about one half, and its accuracy is a matter of chance.  One unit cuts off one side, a
# quarter of all points, and gets the other side wrong: three quarters are right.
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
# What the models believe, over the test points.  The dashed lines are those on which a
# hidden unit changes its sign.
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
        vmin=-0.6,  # the darkest shades are for the points
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
            foot = -bias * weights / (weights @ weights)  # its point next to the origin
            axis.axline(foot, foot + weights[::-1] * (-1, 1), color="black", ls="--", lw=1)
    axis.axis(corners)
    axis.set(aspect="equal", xticks=[], yticks=[])
    return belief.surface_


figure, axes = plt.subplots(2, 2, figsize=(7, 6.6), layout="compressed")
for axis, (name, model) in zip(axes.flat, models.items(), strict=True):
    surface = show_belief(model, axis)
    axis.set_title(f"{name}: {model.score(X_test, y_test):.1%} right", fontsize=11)
scale = figure.colorbar(surface, ax=axes, shrink=0.7, label="predicted probability of the band")
scale.ax.set_ylim(0, 1)
figure.savefig(options.figures / "banded_sum_boundaries.png", dpi=120)

# %%
# How two units find the two edges.
figure, axes = plt.subplots(2, 3, figsize=(7, 4.9), layout="compressed")
for axis, (name, model) in zip(axes.flat, snapshots.items(), strict=True):
    show_belief(model, axis)
    axis.set_title(f"{name}: {model.score(X_test, y_test):.1%} right", fontsize=10)
figure.savefig(options.figures / "banded_sum_epochs.png", dpi=120)

# %%
# The loss of all four.  One unit stays long where the linear model stays for good: on a
# plateau from which hardly anything leads down.
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
colors = plt.get_cmap("viridis")([0, 0.35, 0.65, 0.9])
for (name, model), color in zip(models.items(), colors, strict=True):
    axis.plot(range(1, EPOCHS + 1), model.history_["loss"], color=color, label=name)
axis.axhline(log(2), color="gray", linestyle=":", label="log 2: knowing nothing")
axis.set(xlabel="epoch", ylabel="training loss", title="Training loss")
axis.set_ylim(bottom=0)
axis.legend(loc="center right", bbox_to_anchor=(1, 0.35))
figure.savefig(options.figures / "banded_sum_loss.png", dpi=120)

# %%
# The figures are in files by now; where there is a screen, they are shown as well.
print(f"Figures are in {options.figures.resolve()}")
if plt.get_backend().lower() != "agg":
    plt.show()
