"""Figure: what a network believes after 1, 10 and 100 epochs."""

import matplotlib.pyplot as plt
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay

from skscratch import ScratchMLPClassifier

X, y = make_moons(300, noise=0.15, random_state=0)
model = ScratchMLPClassifier(
    (16, 16),
    activation="tanh",
    solver="adam",
    learning_rate_init=0.01,
    batch_size=32,
    random_state=0,
)
figure, axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True, layout="constrained")
for axis, epochs in zip(axes, (1, 10, 100), strict=True):
    while getattr(model, "n_iter_", 0) < epochs:
        model.partial_fit(X, y, classes=[0, 1])
    DecisionBoundaryDisplay.from_estimator(
        model, X, response_method="predict_proba", plot_method="contourf", levels=20,
        grid_resolution=150, cmap="RdBu", vmin=0, vmax=1, alpha=0.7, ax=axis,
    )  # fmt: skip
    axis.scatter(*X.T, c=y, s=10, cmap="RdBu", edgecolors="k", linewidths=0.3)
    axis.set(xticks=[], yticks=[], xlabel="", ylabel="", title=f"epoch {epochs}")
