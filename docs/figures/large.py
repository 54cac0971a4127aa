"""Figure: a stream whose rows are shuffled, and one that is sorted by class."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skscratch import ScratchMLPClassifier

X, y = load_digits(return_X_y=True)
X, y = X[y < 3] / 16, y[y < 3]
X, y, X_test, y_test = X[:420], y[:420], X[420:], y[420:]
figure, axes = plt.subplots(1, 2, figsize=(5.4, 3), sharey=True, layout="constrained")
orders = {
    "shuffled": np.random.default_rng(0).permutation(420),
    "sorted by class": np.argsort(y, kind="stable"),
}
for axis, (title, order) in zip(axes, orders.items(), strict=True):
    model = ScratchMLPClassifier((32,), learning_rate_init=0.01, batch_size=20, random_state=0)
    scores = []
    for rows in np.array_split(np.tile(order, 2), 42):
        model = model.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        right = model.predict(X_test) == y_test
        scores.append([right[y_test == k].mean() for k in range(3)])
    for k, score in enumerate(np.transpose(scores)):
        axis.plot(range(1, 43), score, label=f"digit {k}")
    axis.set(xlabel="part of 20 rows", title=title)
axes[0].set_ylabel("recall on the test rows")
axes[0].legend(fontsize=8, loc="lower right")
