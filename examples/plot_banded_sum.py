"""
A band that no straight line can cut out
========================================

The toy set of :func:`skscratch.datasets.make_banded_sum` has two classes: the points in a
band through the origin, and those on either side of it.  A linear model learns nothing
from it.  Two hidden units are enough to draw the two edges; the network here has four, as
training then gets there from any start.
"""

# %%
# Options for those who run this file as a script: where the figures go, and the seed.
import argparse
import warnings
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

parser = argparse.ArgumentParser(description="A linear model and a small network on a toy set.")
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
# The same estimator is both models: ``hidden_layer_sizes=()`` leaves out the hidden layers.
settings = {"learning_rate_init": 0.05, "batch_size": 32, "random_state": options.seed}
models = {
    "linear": ScratchMLPClassifier((), **settings),
    "4 tanh units": ScratchMLPClassifier((4,), activation="tanh", **settings),
}
for model in models.values():
    model.fit(X_train, y_train)

# %%
# Knowing nothing means a loss of log 2 = 0.693 and an accuracy of about one half.  The
# linear model stays there.
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
# What the models believe, over the test points.
figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True, layout="compressed")
for axis, (name, model) in zip(axes, models.items(), strict=True):
    boundary = DecisionBoundaryDisplay.from_estimator(
        model,
        X_test,
        response_method="predict_proba",
        grid_resolution=300,
        eps=0.3,
        plot_method="pcolormesh",
        cmap="RdBu",
        vmin=0,
        vmax=1,
        alpha=0.4,
        xlabel="feature 1",
        ylabel="feature 2",
        ax=axis,
    )
    for label, color in enumerate(("firebrick", "navy")):
        axis.scatter(*X_test[y_test == label].T, s=6, color=color, label=f"class {label}")
    axis.set_title(f"{name}: test accuracy {model.score(X_test, y_test):.3f}")
    axis.set_aspect("equal")
    axis.label_outer()
axes[0].legend(loc="upper right")
figure.colorbar(boundary.surface_, ax=axes, label="predicted probability of class 1")
figure.savefig(options.figures / "banded_sum_boundaries.png", dpi=120)

# %%
# How they got there.
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
for name, model in models.items():
    axis.plot(range(1, model.n_iter_ + 1), model.loss_curve_, label=name)
axis.axhline(log(2), color="gray", linestyle=":", label="log 2: knowing nothing")
axis.set(xlabel="epoch", ylabel="training loss", title="Training loss")
axis.set_ylim(bottom=0)
axis.legend()
figure.savefig(options.figures / "banded_sum_loss.png", dpi=120)

# %%
# The figures are in files by now; where there is a screen, they are shown as well.
print(f"Figures are in {options.figures.resolve()}")
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "FigureCanvas.* is non-interactive")
    plt.show()
