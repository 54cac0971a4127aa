"""Figure: what networks of three sizes make of the same rows."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from skscratch import ScratchMLPClassifier

rng = np.random.default_rng(0)
y = np.repeat([0, 1], 150)
angle = np.tile(np.linspace(0.5, 8, 150), 2)
X = angle[:, None] / 8 * np.column_stack([np.cos(angle + np.pi * y), np.sin(angle + np.pi * y)])
X += rng.normal(scale=0.04, size=X.shape)
figure, axes = plt.subplots(1, 3, figsize=(5.4, 2.5), sharey=True, layout="constrained")
for axis, sizes in zip(axes, ((), (8,), (64, 64)), strict=True):
    model = ScratchMLPClassifier(
        sizes, n_members=1, max_iter=500, early_stopping=False, random_state=0
    ).fit(X, y)
    DecisionBoundaryDisplay.from_estimator(
        model, X, response_method="predict_proba", plot_method="contourf", levels=20,
        grid_resolution=120, cmap="RdBu", vmin=0, vmax=1, alpha=0.7, eps=0.2, ax=axis,
    )  # fmt: skip
    axis.scatter(*X.T, c=y, s=6, cmap="RdBu", edgecolors="k", linewidths=0.2)
    title = f"{sizes}\naccuracy {model.score(X, y):.2f}"
    axis.set(xticks=[], yticks=[], xlabel="", ylabel="")
    axis.set_title(title, fontsize=10)
