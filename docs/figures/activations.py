"""Figure: every activation of the table, and its derivative as the backward pass has it."""

import matplotlib.pyplot as plt
import numpy as np

from skscratch.core.activations import ACTIVATIONS

z = np.linspace(-4, 4, 400)
figure, axes = plt.subplots(3, 4, figsize=(9, 6.2), sharex=True, layout="constrained")
for axis, (name, f) in zip(axes.flat, ACTIVATIONS.items(), strict=False):
    a, delta = np.empty_like(z), np.ones_like(z)
    f.forward(z, a)
    axis.plot(z, a, label="f")
    f.backward(z.copy(), a.copy(), delta)
    axis.plot(z, delta, "--", label="f'")
    axis.set_title(name, fontsize=10)
    axis.set_ylim(-2, 2)
    axis.grid(alpha=0.3)
for axis in axes.flat[len(ACTIVATIONS) :]:
    axis.set_axis_off()
    axis.legend(*axes.flat[0].get_legend_handles_labels(), loc="center", fontsize=12)
