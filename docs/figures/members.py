"""Figure: the decision boundaries of the members, and the model that is their mean."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons

from skscratch import ScratchMLPClassifier

X, y = make_moons(60, noise=0.35, random_state=0)
model = ScratchMLPClassifier((64,), n_members=4, alpha=0.01, random_state=0).fit(X, y)
first, second = np.meshgrid(np.linspace(-3, 4, 140), np.linspace(-3, 3.5, 140))
points = np.column_stack([first.ravel(), second.ravel()])
figure, (left, right) = plt.subplots(1, 2, figsize=(5.4, 3), sharey=True, layout="constrained")
for number, p in enumerate(model.predict_members(points)[:, :, 1]):
    left.contour(first, second, p.reshape(first.shape), levels=[0.5], colors=f"C{number}")
p = model.predict_proba(points)[:, 1].reshape(first.shape)
filled = right.contourf(first, second, p, levels=np.linspace(0, 1, 21), cmap="RdBu", alpha=0.7)
right.contour(first, second, p, levels=[0.5], colors="black")
figure.colorbar(filled, ax=right, label="probability of class 1", ticks=[0, 0.5, 1])
for axis, title in ((left, "four members"), (right, "the model")):
    axis.scatter(*X.T, c=y, s=12, cmap="RdBu", edgecolors="k", linewidths=0.4)
    axis.set(xlabel="feature 0", title=title)
left.set_ylabel("feature 1")
