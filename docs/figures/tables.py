"""Figure: a stepped target without and with bins, and the columns that the encoder makes."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from skscratch import ScratchMLPRegressor
from skscratch.preprocessing import PiecewiseLinearEncoder

rng = np.random.default_rng(0)
x = rng.uniform(0, 100, (2000, 1))
steps, levels = np.array([0, 15, 30, 40, 70, 75, 101]), np.array([1.0, 4, 2, 5, 0, 3])
y = levels[np.searchsorted(steps, x[:, 0], side="right") - 1]
noisy = y + rng.normal(0, 0.3, len(y))
grid = np.linspace(0, 100, 800)[:, None]
figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.4, 5), sharex=True, layout="constrained")
top.plot(x[::4], noisy[::4], ".", color="0.6", markersize=2)
encoder = PiecewiseLinearEncoder(scale=0.25)
for label, model in (
    ("x alone", ScratchMLPRegressor(random_state=0)),
    ("x and bins", make_pipeline(encoder, ScratchMLPRegressor(random_state=0))),
):
    top.plot(grid, model.fit(x, noisy).predict(grid), label=label)
top.set(ylabel="y", title="fitted networks")
top.legend(loc="upper left")

few = PiecewiseLinearEncoder(n_bins=6, scale=1, keep_input=False).fit(x, noisy)
edges, names = few.bin_edges_[0], few.get_feature_names_out(["x"])
for middle, name, column in zip(
    (edges[:-1] + edges[1:]) / 2, names, few.transform(grid).T, strict=True
):
    (line,) = bottom.plot(grid, column)
    bottom.text(middle, 1.07, name, color=line.get_color(), fontsize=9, ha="center")
for edge in edges:
    bottom.axvline(edge, color="0.8", linewidth=0.8, zorder=0)
bottom.set(xlabel="x", ylabel="value of the column", ylim=(-0.05, 1.2))
bottom.set_title("columns of the encoder, for n_bins=6")
