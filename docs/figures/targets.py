"""Figure: intervals from quantiles, and the spread of the members."""

import matplotlib.pyplot as plt
import numpy as np

from skscratch import ScratchMLPRegressor

rng = np.random.default_rng(0)
x = rng.uniform(-3, 3, (2000, 1))
t = 100 + 10 * np.sin(x[:, 0]) + (1 + x[:, 0] ** 2 / 2) * rng.standard_normal(2000)
grid = np.linspace(-6, 6, 200)[:, None]
inside = grid[abs(grid[:, 0]) < 3]
figure, (left, right) = plt.subplots(1, 2, figsize=(5.4, 3.4), sharey=True, layout="constrained")

forecast = ScratchMLPRegressor("quantile", quantile=[0.05, 0.5, 0.95], random_state=0)
low, middle, high = forecast.fit(x, t).predict(inside).T
left.fill_between(inside[:, 0], low, high, alpha=0.3, label="levels 0.05 to 0.95")
left.plot(inside, middle, label="level 0.5")
left.set(xlabel="x", ylabel="y", title='loss="quantile"')

ensemble = ScratchMLPRegressor(random_state=0).fit(x, t)
mean, std = ensemble.predict(grid, return_std=True)
right.fill_between(grid[:, 0], mean - 2 * std, mean + 2 * std, alpha=0.3, label="mean ± 2 std")
right.plot(grid, mean, label="mean of the members")
right.set(xlabel="x", title="return_std=True")
for axis in (left, right):
    axis.plot(x[::4], t[::4], ".", color="gray", markersize=2, zorder=0)
    axis.legend(fontsize=8, loc="lower center")
    axis.set_ylim(70, 120)
