"""
Learning-rate schedules compared
================================

With a high learning rate, training progresses fast but never converges, because every batch
pulls the network in another direction. With a low learning rate, training converges slowly. A
schedule begins with a high learning rate and ends with a low one. This example compares six
schedules with the same maximum and the same number of epochs.
"""

# %%
# Command-line options.
import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise SystemExit('This example draws figures: pip install "skscratch[plot]"') from error

parser = argparse.ArgumentParser(description="Schedules of the learning rate, side by side.")
parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for the figures")
options = parser.parse_args()
options.figures.mkdir(parents=True, exist_ok=True)

# %%
# Two half moons that overlap slightly. No network can classify all points correctly, so the
# gradients of the batches always differ.
X, y = make_moons(4000, noise=0.25, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)

# %%
# Three seeds for each schedule. With ``n_iter_no_change=inf``, all fits run to the last epoch.
# Weight averaging is off, because it would have the same effect as a schedule.
SEEDS = range(3)
schedules = {
    "constant": {},
    "invscaling": {"power_t": 0.25},
    "step": {"decay_rate": 0.1},
    "exponential": {"decay_rate": 0.01},
    "cosine": {},
    "onecycle": {},
}
histories = {
    name: [
        ScratchMLPClassifier(
            (32, 32),
            activation="tanh",
            solver="adam",
            learning_rate=name,
            learning_rate_init=0.02,
            batch_size=16,
            alpha=1e-4,
            ema_decay=0,
            max_iter=30,
            n_iter_no_change=np.inf,
            early_stopping=False,
            n_members=1,
            random_state=seed,
            **settings,
        )
        .fit(X_train, y_train, X_val=X_val, y_val=y_val)
        .history_
        for seed in SEEDS
    ]
    for name, settings in schedules.items()
}

# %%
# The validation loss after the last epoch, and its range over the last five epochs. With the
# constant learning rate, both depend on chance. With all other schedules, both are lower.
rows = {}
for name, runs in histories.items():
    late = np.array([history["validation_loss"][-5:] for history in runs])
    rows[name] = {"last": late[:, -1].mean(), "spread": np.ptp(late, axis=1).mean()}
print(pd.DataFrame(rows).T.round(4).to_string())

# %%
# Top: the learning rate at the end of each epoch. Bottom: the validation loss, with three seeds
# in blue, and the three seeds of the constant learning rate in grey.
figure, axes = plt.subplots(
    4,
    3,
    figsize=(8, 7.5),
    height_ratios=[1, 2, 1, 2],
    sharex=True,
    sharey="row",
    layout="constrained",
)
pairs = zip(axes[::2].flat, axes[1::2].flat, strict=True)
epochs = range(1, 31)
for (rate, loss), (name, runs) in zip(pairs, histories.items(), strict=True):
    rate.fill_between(epochs, runs[0]["learning_rate"], step="mid", color="#E69F00", lw=0)
    rate.set_title(name)
    for history in histories["constant"]:
        loss.plot(epochs, history["validation_loss"], color="silver", lw=1)
    for history in runs:
        loss.plot(epochs, history["validation_loss"], color="#0072B2", lw=1.2)
    loss.set(ylim=(0.12, 0.35), xlim=(1, 30))
    loss.grid(alpha=0.3)
for rate, loss in zip(axes[::2, 0], axes[1::2, 0], strict=True):
    rate.set(ylabel="rate", ylim=(0, None))
    loss.set_ylabel("validation loss")
for axis in axes[-1]:
    axis.set_xlabel("epoch")
figure.savefig(options.figures / "schedules.png", dpi=120)

# %%
# The figures have been saved to files. If there is a screen, they are also shown.
print(f"Figures are in {options.figures.resolve()}")
if plt.get_backend().lower() != "agg":
    plt.show()
