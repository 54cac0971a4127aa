"""
Intervals from quantiles
========================

A prediction alone does not say how far off it may be. With ``loss="quantile"``, the network
predicts several quantiles of the target at once, and two of them are an interval. The interval is
wide where the targets scatter. Its coverage is the share of new targets inside it. If there are
few training rows for a hard function, the coverage is too low, and held-out rows correct it.
"""

# %%
# The electric load of a small town over a day, made up: two peaks, and deviations that are larger
# in the evening, and larger upwards than downwards. One network with the loss ``"quantile"`` and
# otherwise default parameters predicts five quantiles. They cannot cross, because each row of
# predictions is sorted. The loads are large numbers, and need no scaling.
import numpy as np

from skscratch import ScratchMLPRegressor


def make_load(n, rng):
    """Return hours of the day (n, 1) and loads in watts (n,)."""
    hour = rng.uniform(0, 24, n)
    peaks = 3 * np.exp(-((hour - 8) ** 2) / 4) + 5 * np.exp(-((hour - 19) ** 2) / 6)
    spread = 0.3 + 1.2 * np.exp(-((hour - 19) ** 2) / 8)
    return hour[:, None], 1e6 * (10 + peaks + spread * (rng.gamma(2, 1, n) - 2))


rng = np.random.default_rng(0)
X, y = make_load(2000, rng)
X_test, y_test = make_load(20_000, rng)
levels = [0.05, 0.25, 0.5, 0.75, 0.95]
network = ScratchMLPRegressor("quantile", quantile=levels, random_state=0).fit(X, y)
quantiles = network.predict(X_test)

# %%
# If the quantiles are right, the share of new loads below each is its level. D² is for quantiles
# what R² is for the mean: 0 for the best constants, and 1 for exact predictions.
import pandas as pd
from sklearn.metrics import d2_pinball_score

rows = {
    f"{level:.2f}": {
        "share below": np.mean(y_test < q),
        "D2": d2_pinball_score(y_test, q, alpha=level),
    }
    for level, q in zip(levels, quantiles.T, strict=True)
}
print(pd.DataFrame(rows).T.round(3).to_string())

# %%
# The interval between the outer quantiles should cover 90 % of the new loads, at every hour. An
# interval of constant width, from the quantiles of the residuals of the median, covers 90 % only
# on average.
low, median, high = quantiles[:, [0, 2, 4]].T
residuals = y - network.predict(X)[:, 2]
constant = median[:, None] + np.quantile(residuals, [0.05, 0.95])
inside = {
    "quantiles": (low <= y_test) & (y_test <= high),
    "constant width": (constant[:, 0] <= y_test) & (y_test <= constant[:, 1]),
}
hours = X_test[:, 0]
night, evening = hours < 4, abs(hours - 19) < 2
rows = {
    name: {
        "coverage": covered.mean(),
        "at night": covered[night].mean(),
        "in the evening": covered[evening].mean(),
    }
    for name, covered in inside.items()
}
print(pd.DataFrame(rows).T.round(3).to_string())

# %%
# On the left, the five quantiles. On the right, the coverage in each hour.
import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
grid = np.linspace(0, 24, 400)
curves = network.predict(grid[:, None]).T / 1e6
left.scatter(X[:, 0], y / 1e6, s=3, color="gray", alpha=0.5, label="training rows")
left.fill_between(grid, curves[0], curves[4], color="#0072B2", alpha=0.2, label="5 % to 95 %")
left.fill_between(grid, curves[1], curves[3], color="#0072B2", alpha=0.3, label="25 % to 75 %")
left.plot(grid, curves[2], color="#0072B2", label="median")
left.set(xlabel="hour", ylabel="load in MW", xlim=(0, 24))
left.legend(loc="upper left", fontsize=9)
bins = hours.astype(int)
for (name, covered), color in zip(inside.items(), ("#0072B2", "#D55E00"), strict=True):
    share = [covered[bins == hour].mean() for hour in range(24)]
    right.plot(np.arange(24) + 0.5, share, "o-", ms=4, color=color, label=name)
right.axhline(0.9, color="black", lw=1, ls="--")
right.set(xlabel="hour", ylabel="coverage", xlim=(0, 24))
right.grid(alpha=0.3)
right.legend(loc="lower left")


# %%
# A function of more features is harder to learn. Here are ten, of which five matter, and there is
# little noise. The network fits the training rows better than new ones, so with few rows the
# interval is too narrow for new rows. The coverage on the training rows does not show this.
# Conformal calibration corrects it with rows that were not trained on. Every interval is widened
# by the margin that brings 90 % of these rows inside. Then the coverage of new rows is right on
# average, though no longer in every region.
from sklearn.datasets import make_friedman1


def outside(model, X, y):
    """Return how far each target is outside its interval; negative inside."""
    low, _, high = model.predict(X).T
    return np.maximum(low - y, y - high)


X, y = make_friedman1(20_000, noise=1.0, random_state=0)
X_cal, X_test, y_cal, y_test = X[2000:2500], X[2500:], y[2000:2500], y[2500:]
rows = {}
for n in (100, 200, 400, 800, 1600):
    few = ScratchMLPRegressor("quantile", quantile=[0.05, 0.5, 0.95], random_state=0)
    few.fit(X[:n], y[:n])
    level = 0.9 * (1 + 1 / len(X_cal))
    margin = np.quantile(outside(few, X_cal, y_cal), level, method="higher")
    test = outside(few, X_test, y_test)
    rows[n] = {
        "training rows": np.mean(outside(few, X[:n], y[:n]) <= 0),
        "new rows": np.mean(test <= 0),
        "new rows, calibrated": np.mean(test <= margin),
    }
coverage = pd.DataFrame(rows).T
print("Coverage by the number of training rows")
print(coverage.round(3).to_string())

# %%
# The more training rows, the smaller the correction.
figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
for name, color in zip(coverage, ("gray", "#D55E00", "#0072B2"), strict=True):
    axis.plot(coverage.index, coverage[name], "o-", color=color, label=name)
axis.axhline(0.9, color="black", lw=1, ls="--")
axis.set(xscale="log", xlabel="training rows", ylabel="coverage")
axis.set_xticks(coverage.index, coverage.index)
axis.minorticks_off()
axis.grid(alpha=0.3)
axis.legend()
plt.show()
