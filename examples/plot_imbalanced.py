"""
A rare class: class weights and thresholds
==========================================

One transaction in thirty is a fraud. A model that never predicts fraud is right 97 % of the
time, and useless. There are two remedies: class weights, which make the rare class count as
much as the common one, and another threshold than one half. Both remedies choose another point of
nearly the same precision-recall curve. The threshold can be chosen by the cost of mistakes.
"""

# %%
# The data have two features, so that they can be drawn. The honest transactions are a cloud. The
# frauds lie on an arc through the edge of the cloud. The default network is accurate, and misses
# many of the frauds.
import numpy as np
from sklearn.metrics import recall_score
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier

rng = np.random.default_rng(0)
n_honest, n_frauds = 11600, 400
honest = rng.standard_normal((n_honest, 2))
angle, radius = np.pi * rng.beta(3, 3, n_frauds), rng.normal(2.8, 0.45, n_frauds)
frauds = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
X, y = np.concatenate([honest, frauds]), np.repeat([0, 1], [n_honest, n_frauds])
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)
network = ScratchMLPClassifier(random_state=0).fit(X_train, y_train)
print(f"accuracy {network.score(X_test, y_test):.3f}")
print(f"of the frauds, found: {recall_score(y_test, network.predict(X_test)):.2f}")


# %%
# The cost of mistakes: an undetected fraud costs as much as twenty false alarms.
def cost(y_true, y_pred):
    """Return the cost of the mistakes per thousand transactions."""
    return 1000 * np.mean(20 * (y_true > y_pred) + (y_true < y_pred))


# %%
# The same network three times: unchanged, with balanced class weights, and with the threshold of
# lowest cost. The threshold is found by cross-validation on the training rows.
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import average_precision_score, make_scorer, precision_score
from sklearn.model_selection import TunedThresholdClassifierCV

models = {
    "plain": network,
    "balanced": clone(network).set_params(class_weight="balanced"),
    "tuned": TunedThresholdClassifierCV(
        network, scoring=make_scorer(cost, greater_is_better=False), cv=3
    ),
}
thresholds = dict.fromkeys(models, 0.5)
rows, fraud = {}, {}
for name, model in models.items():
    predicted = model.fit(X_train, y_train).predict(X_test)
    fraud[name] = model.predict_proba(X_test)[:, 1]
    rows[name] = {
        "accuracy": np.mean(predicted == y_test),
        "recall": recall_score(y_test, predicted),
        "precision": precision_score(y_test, predicted),
        "average precision": average_precision_score(y_test, fraud[name]),
        "cost": cost(y_test, predicted),
    }
thresholds["tuned"] = models["tuned"].best_threshold_
print(pd.DataFrame(rows).T.round(3).to_string())
print(f"The tuned threshold is {thresholds['tuned']:.3f}")

# %%
# The plain network has the highest accuracy, but misses four in ten frauds. With class weights or
# with the tuned threshold, nearly all frauds are detected, with more false alarms. The cost is a
# fraction of that of the plain network.
import matplotlib.pyplot as plt

GRID = np.linspace(-4, 4, 161)
points = np.stack(np.meshgrid(GRID, GRID), axis=-1).reshape(-1, 2)
figure, axes = plt.subplots(1, 3, figsize=(8, 3), sharey=True, layout="compressed")
for axis, (name, model) in zip(axes, models.items(), strict=True):
    surface = model.predict_proba(points)[:, 1].reshape(161, 161)
    shades = axis.contourf(GRID, GRID, surface, levels=np.linspace(0, 1, 11), cmap="Oranges")
    axis.contour(GRID, GRID, surface, levels=[thresholds[name]], colors="black", linewidths=1.5)
    axis.scatter(*X_test[y_test == 0].T, s=1, color="#0072B2", alpha=0.3)
    axis.scatter(*X_test[y_test == 1].T, s=4, color="black")
    axis.set(aspect="equal", xticks=[], yticks=[], xlim=(-4, 4), ylim=(-4, 4))
    axis.set_title(
        f"{name}, threshold {thresholds[name]:.2f}\n"
        f"recall {rows[name]['recall']:.2f}, precision {rows[name]['precision']:.2f}",
        fontsize=10,
    )
figure.colorbar(shades, ax=axes, label="predicted probability of fraud")

# %%
# The two networks rank the transactions similarly: their precision-recall curves are nearly the
# same, and so is the lowest cost. They differ in the position of the threshold one half on the
# curve. The probabilities of the plain network are calibrated. So the best threshold follows from
# the costs, here 1 / (1 + 20), and can be changed later without training again.
from sklearn.metrics import precision_recall_curve

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
colors = {"plain": "#0072B2", "balanced": "#D55E00"}
grid = np.linspace(0.005, 0.995, 199)
for name, color in colors.items():
    precision, recall, _ = precision_recall_curve(y_test, fraud[name])
    left.plot(recall, precision, color=color, label=name)
    left.plot(rows[name]["recall"], rows[name]["precision"], "o", ms=9, color=color)
    right.plot(grid, [cost(y_test, fraud[name] >= t) for t in grid], color=color, label=name)
    right.plot(0.5, rows[name]["cost"], "o", ms=9, color=color)
tuned = {"marker": "*", "ms": 15, "color": "black", "ls": "", "label": "plain, tuned threshold"}
left.plot(rows["tuned"]["recall"], rows["tuned"]["precision"], **tuned)
right.plot(thresholds["tuned"], rows["tuned"]["cost"], **tuned)
left.set(xlabel="recall", ylabel="precision", xlim=(0, 1.03), ylim=(0, 1.03))
right.set(xlabel="threshold", ylabel="cost of 1000 transactions", xlim=(0, 1))
right.set_ylim(bottom=0)
for axis in (left, right):
    axis.grid(alpha=0.3)
left.plot([], [], "o", ms=9, color="gray", label="threshold 0.5")
left.legend(loc="lower left")
plt.show()
