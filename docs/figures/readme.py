"""Figure of README: three first fits, with default parameters.

python docs/figures/readme.py docs/_static/readme.png
"""

import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor

X, y = make_moons(600, noise=0.2, random_state=0)
X[:, 1] *= 1000  # metres beside kilometres
X, X_test, y, y_test = train_test_split(X, y, random_state=0)
figure, axes = plt.subplots(1, 3, figsize=(10, 3.3), layout="constrained")
for axis, kind in zip(axes, (MLPClassifier, ScratchMLPClassifier), strict=False):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLPClassifier has not converged
        model = kind(random_state=0).fit(X, y)
    DecisionBoundaryDisplay.from_estimator(
        model, X, response_method="predict_proba", plot_method="contourf", levels=20,
        grid_resolution=150, cmap="RdBu", vmin=0, vmax=1, alpha=0.7, ax=axis,
    )  # fmt: skip
    axis.scatter(*X.T, c=y, s=8, cmap="RdBu", edgecolors="k", linewidths=0.3)
    score = f"{model.score(X_test, y_test):.2f}"
    axis.set(xlabel="km", ylabel="m", title=f"{kind.__name__}(): {score}")

rng = np.random.default_rng(0)
hour = rng.uniform(0, 24, 1500)
peaks = 3 * np.exp(-((hour - 8) ** 2) / 4) + 5 * np.exp(-((hour - 19) ** 2) / 6)
spread = 0.3 + 1.2 * np.exp(-((hour - 19) ** 2) / 8)
load = 10 + peaks + spread * (rng.gamma(2, 1, 1500) - 2)
levels = [0.05, 0.5, 0.95]
model = ScratchMLPRegressor("quantile", quantile=levels, random_state=0)
model.fit(hour[:, None], load)
grid = np.linspace(0, 24, 300)
low, median, high = model.predict(grid[:, None]).T
axes[2].scatter(hour, load, s=3, color="gray", alpha=0.5)
axes[2].fill_between(grid, low, high, color="#0072B2", alpha=0.3)
axes[2].plot(grid, median, color="#0072B2")
axes[2].set(xlabel="hour", ylabel="load in MW", title='ScratchMLPRegressor("quantile")')
if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=110)
