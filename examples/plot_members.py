"""
Members, and what they disagree on
==================================

The default network is an ensemble of eight members, merged into one network. ``predict_members``
returns the prediction of each. Where training rows decide, the members agree, even if the classes
mix. Where there are no training rows, each member continues in its own way. So their disagreement
marks the rows for which the training data say little.
"""

# %%
# The default network on two features. On the left the classes mix, and on the right they are
# separate. In the middle there are no training rows. New rows come from everywhere.
import numpy as np

from skscratch import ScratchMLPClassifier


def make_rows(n, rng):
    """Return features (n, 2), labels (n,) and the probabilities (n,) of class 1."""
    X = rng.uniform((-4, -3), (4, 3), size=(n, 2))
    slope = np.where(X[:, 0] < 0, 1.2, 10)
    p = 1 / (1 + np.exp(-slope * (X[:, 1] - 1.5 * np.sin(1.3 * X[:, 0]))))
    return X, (rng.random(n) < p).astype(int), p


GAP = 1.3
rng = np.random.default_rng(0)
X, y, _ = make_rows(900, rng)
known = abs(X[:, 0]) > GAP
X, y = X[known], y[known]
model = ScratchMLPClassifier(random_state=0).fit(X, y)
print(f"{model.n_members_} members, {len(X)} training rows")

# %%
# The disagreement on a row is the standard deviation of the members' probabilities. It is highest
# in the gap. Where the classes mix, it is low: the members agree that the row may be of either
# class. So the disagreement is not the probability of a mistake. It says where more rows would
# help.
import pandas as pd

X_new, y_new, p_new = make_rows(20_000, rng)
members = model.predict_members(X_new)[:, :, 1]
disagreement = members.std(axis=0)
predicted = model.predict_proba(X_new)[:, 1]
regions = {
    "classes mix": X_new[:, 0] < -GAP,
    "no training rows": abs(X_new[:, 0]) <= GAP,
    "classes are separate": X_new[:, 0] > GAP,
}
rows = {
    name: {
        "disagreement": disagreement[region].mean(),
        "mistakes": np.mean((predicted > 0.5) != y_new, where=region),
        "distance from the truth": np.mean(abs(predicted - p_new), where=region),
    }
    for name, region in regions.items()
}
print(pd.DataFrame(rows).T.round(3).to_string())

# %%
# Rows in order of their disagreement, in ten groups. The more the members disagree, the further the
# predicted probability is from the true one. This is known here because the data are generated.
groups = pd.qcut(disagreement, 10, labels=False)
distance = pd.Series(abs(predicted - p_new)).groupby(groups).mean()
print("distance of the probability from the truth")
print(f"least disagreement  {distance.iloc[0]:.3f}")
print(f"most disagreement  {distance.iloc[-1]:.3f}")

# %%
# On the left, the predicted probability. In the middle, the boundary of each member. On the right,
# their disagreement. The dashed lines mark the gap.
import matplotlib.pyplot as plt

x0, x1 = np.meshgrid(np.linspace(-4, 4, 161), np.linspace(-3, 3, 121))
grid = np.column_stack([x0.ravel(), x1.ravel()])
of_members = model.predict_members(grid)[:, :, 1].reshape(-1, *x0.shape)
merged = model.predict_proba(grid)[:, 1].reshape(x0.shape)
figure, axes = plt.subplots(1, 3, figsize=(10, 3.5), sharey=True, layout="constrained")
shades = axes[0].contourf(x0, x1, merged, levels=np.linspace(0, 1, 11), cmap="RdBu")
figure.colorbar(shades, ax=axes[0], location="bottom", label="probability of class 1")
for member, color in zip(of_members, plt.get_cmap("viridis")(np.linspace(0, 0.9, 8)), strict=True):
    axes[1].contour(x0, x1, member, levels=[0.5], colors=[color], linewidths=1.5)
lines = plt.cm.ScalarMappable(plt.Normalize(0.5, 8.5), plt.get_cmap("viridis", 8))
figure.colorbar(lines, ax=axes[1], location="bottom", label="member", ticks=range(1, 9))
heat = axes[2].contourf(x0, x1, of_members.std(axis=0), levels=12, cmap="magma_r")
figure.colorbar(heat, ax=axes[2], location="bottom", label="disagreement", format="%.2f")
for axis, title in zip(axes, ("the merged network", "its members", "disagreement"), strict=True):
    for label, color in enumerate(("firebrick", "navy")):
        axis.scatter(*X[y == label].T, s=7, color=color, edgecolor="white", linewidth=0.3)
    for edge in (-GAP, GAP):
        axis.axvline(edge, color="black", ls="--", lw=1)
    axis.set(title=title, xticks=[], yticks=[], xlim=(-4, 4), ylim=(-3, 3))
plt.show()
