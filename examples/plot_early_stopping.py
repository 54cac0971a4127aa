"""
When to stop: a validation set through a pipeline
=================================================

A large network learns a small noisy set by heart.  The loss on the training rows falls and
falls; that on rows it has not seen has a lowest point, and early stopping keeps the model of
that point.  The network comes after a scaler here, so the rows to validate on have to be
scaled on their way to it: ``transform_input`` tells the pipeline so.
"""

# %%
# Options for those who run this file as a script.

# sphinx_gallery_thumbnail_number = 2
import argparse
from pathlib import Path

import pandas as pd
import sklearn
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier
from skscratch.plotting import TrainingCurvesDisplay

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise SystemExit('This example draws figures: pip install "skscratch[plot]"') from error

parser = argparse.ArgumentParser(description="Early stopping in a pipeline.")
parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for the figures")
options = parser.parse_args()
options.figures.mkdir(parents=True, exist_ok=True)

# %%
# Two half moons that overlap: 200 points to train on, 400 to validate on, 5000 to test.
X, y = make_moons(5600, noise=0.35, random_state=0)
X = X * [1, 100] + [0, 500]  # the features have units of their own: a scaler is called for
X_train, X_rest, y_train, y_rest = train_test_split(X, y, train_size=200, random_state=0)
X_val, X_test, y_val, y_test = train_test_split(X_rest, y_rest, train_size=400, random_state=0)


# %%
# With metadata routing, the network says that it takes ``X_val`` and ``y_val`` in ``fit``,
# and the pipeline hands them on; ``transform_input`` names those that go through the steps
# before it.  What else would keep a network from learning rows by heart is off: the penalty
# ``alpha``, and the average of the parameters.
def fit_pipeline(**settings):
    """Return a pipeline fitted with a validation set."""
    network = ScratchMLPClassifier(
        (200, 200),
        solver="adam",
        learning_rate="constant",
        learning_rate_init=0.003,
        batch_size=32,
        alpha=0,
        ema_decay=0,
        max_iter=300,
        tol=0,
        n_iter_no_change=20,
        n_members=1,
        scoring="loss",
        random_state=0,
        **settings,
    )
    network.set_fit_request(X_val=True, y_val=True)
    pipeline = make_pipeline(StandardScaler(), network, transform_input=["X_val"])
    return pipeline.fit(X_train, y_train, X_val=X_val, y_val=y_val)


with sklearn.config_context(enable_metadata_routing=True):
    models = {
        "training loss decides": fit_pipeline(early_stopping=False),
        "early stopping": fit_pipeline(early_stopping=True, n_updates_no_change=0),
    }

# %%
# The first network trains until its training loss comes to rest; the second, until 20 epochs
# have not lowered the validation loss.  It stops sooner, and is the better one on new points.
rows = {
    name: {
        "epochs": model[-1].n_iter_,
        "train loss": log_loss(y_train, model.predict_proba(X_train)),
        "test loss": log_loss(y_test, model.predict_proba(X_test)),
        "test accuracy": model.score(X_test, y_test),
    }
    for name, model in models.items()
}
print(pd.DataFrame(rows).T.round(3).to_string())

# %%
# Both runs are one and the same up to the stop.  The dot marks the epoch whose parameters were
# kept; from there to the end of its line, patience lasted.
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
TrainingCurvesDisplay.from_estimator(models, ax=axis)
axis.set_ylim(bottom=0)
figure.savefig(options.figures / "early_stopping_losses.png", dpi=120)

# %%
# What the networks have made of the same 200 points.
figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="compressed")
for axis, (name, model) in zip(axes, models.items(), strict=True):
    belief = DecisionBoundaryDisplay.from_estimator(
        model,
        X_train,
        response_method="predict_proba",
        grid_resolution=200,
        plot_method="pcolormesh",
        cmap="RdBu",
        vmin=-0.3,  # the darkest shades are for the points
        vmax=1.3,
        ax=axis,
    )
    for label, color in enumerate(("firebrick", "navy")):
        axis.scatter(
            *X_train[y_train == label].T, s=14, color=color, edgecolor="white", linewidth=0.4
        )
    axis.set(xticks=[], yticks=[])
    axis.set_title(f"{name}\ntest loss {rows[name]['test loss']:.2f}", fontsize=11)
scale = figure.colorbar(belief.surface_, ax=axes, label="probability of the lower moon")
scale.ax.set_ylim(0, 1)
figure.savefig(options.figures / "early_stopping_boundaries.png", dpi=120)

# %%
# The figures are in files by now; where there is a screen, they are shown as well.
print(f"Figures are in {options.figures.resolve()}")
if plt.get_backend().lower() != "agg":
    plt.show()
