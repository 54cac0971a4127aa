"""
Early stopping with a validation set in a pipeline
==================================================

A large network overfits a small noisy data set. The training loss falls continuously. The
validation loss has a minimum, and early stopping keeps the model of this minimum. In this
example, the network comes after a scaler in a pipeline. So the validation rows must be scaled
too. The parameter ``transform_input`` of the pipeline takes care of this.
"""

# %%
# Two overlapping half moons: 200 training points, 400 validation points, 5000 test points. The
# default network stops early. Without a validation set, it holds out rows of its own. Here it gets
# ours. With metadata routing, the network requests ``X_val`` and ``y_val`` in ``fit``, and the
# pipeline passes them on. ``transform_input`` names the arrays that go through the earlier steps.

# sphinx_gallery_thumbnail_number = 2
import sklearn
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier

X, y = make_moons(5600, noise=0.35, random_state=0)
X = X * [1, 100] + [0, 500]  # the features have different units
X_train, X_rest, y_train, y_rest = train_test_split(X, y, train_size=200, random_state=0)
X_val, X_test, y_val, y_test = train_test_split(X_rest, y_rest, train_size=400, random_state=0)


def fit_pipeline(**settings):
    """Return a pipeline fitted with a validation set."""
    network = ScratchMLPClassifier(random_state=0, **settings)
    network.set_fit_request(X_val=True, y_val=True)
    pipeline = make_pipeline(StandardScaler(), network, transform_input=["X_val"])
    return pipeline.fit(X_train, y_train, X_val=X_val, y_val=y_val)


with sklearn.config_context(enable_metadata_routing=True):
    default = fit_pipeline()
print(f"accuracy on new rows: {default.score(X_test, y_test):.3f}")

# %%
# The default network also has a penalty, ``alpha``, and averages its weights. Penalty and averaging
# are off in the next two networks, so that only early stopping can prevent overfitting. The first
# of the two is trained for 300 epochs. The second is trained until the validation loss has not
# fallen for 20 epochs. The second stops sooner, and has a lower loss on test points.
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

alone = {"hidden_layer_sizes": (200, 200), "n_members": 1, "alpha": 0, "ema_decay": 0}
alone |= {"learning_rate_init": 0.003, "max_iter": 300}
with sklearn.config_context(enable_metadata_routing=True):
    models = {
        "training loss decides": fit_pipeline(
            **alone, early_stopping=False, n_iter_no_change=np.inf
        ),
        "early stopping": fit_pipeline(**alone, n_iter_no_change=20, n_updates_no_change=0),
    }
rows = {
    name: {
        "epochs": model[-1].n_iter_,
        "train loss": log_loss(y_train, model.predict_proba(X_train)),
        "test loss": log_loss(y_test, model.predict_proba(X_test)),
        "test accuracy": model.score(X_test, y_test),
    }
    for name, model in {"default": default, **models}.items()
}
print(pd.DataFrame(rows).T.round(3).to_string())

# %%
# The fits of these two networks are identical until the second network stops. The dot marks the
# epoch whose parameters were kept. The line continues after the dot for as long as patience lasted.
import matplotlib.pyplot as plt

from skscratch.plotting import TrainingCurvesDisplay

figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
TrainingCurvesDisplay.from_estimator(models, ax=axis)
axis.set_ylim(bottom=0)

# %%
# The predicted probabilities of all three networks, and the 200 training points.
from sklearn.inspection import DecisionBoundaryDisplay

shown = {"default": default, **models}
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="compressed")
for axis, (name, model) in zip(axes, shown.items(), strict=True):
    belief = DecisionBoundaryDisplay.from_estimator(
        model,
        X_train,
        response_method="predict_proba",
        grid_resolution=200,
        plot_method="pcolormesh",
        cmap="RdBu",
        vmin=-0.3,  # leaves the darkest shades to the points
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
plt.show()
