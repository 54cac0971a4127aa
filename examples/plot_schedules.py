"""
Learning-rate schedules, and averaged weights
=============================================

With a high learning rate, training progresses fast but never converges, because every batch
pulls the network in another direction. There are two remedies. The default network keeps its rate
and averages its weights over the last updates. A schedule begins with a high learning rate and ends
with a low one. This example compares the average with six schedules.
"""

# %%
# Two half moons that overlap slightly. No network can classify all points correctly, so the
# gradients of the batches always differ. The default network averages its weights, and needs no
# schedule.
from sklearn.datasets import make_moons
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier

X, y = make_moons(4000, noise=0.25, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X, y, train_size=1000, stratify=y, random_state=0)
default = ScratchMLPClassifier(random_state=0).fit(X_train, y_train)
print(f"log-loss of the default network: {log_loss(y_val, default.predict_proba(X_val)):.3f}")

# %%
# One smaller network for all schedules, with 30 epochs and a higher rate than the default, and with
# two seeds each. With ``n_iter_no_change=inf``, all fits run to the last epoch. Averaging is off,
# except in the variant "averaged", which sets ``ema_decay``.
import numpy as np
import pandas as pd

SEEDS = range(2)
schedules = {
    "constant": {},
    "averaged": {"learning_rate": "constant", "ema_decay": 0.99},
    "invscaling": {"power_t": 0.25},
    "step": {"decay_rate": 0.1},
    "exponential": {"decay_rate": 0.01},
    "cosine": {},
}
training = {"hidden_layer_sizes": (32, 32), "n_members": 1, "batch_size": 16, "max_iter": 30}
training |= {"learning_rate_init": 0.02, "early_stopping": False, "n_iter_no_change": np.inf}
histories = {
    name: [
        ScratchMLPClassifier(
            **{"learning_rate": name, "ema_decay": 0, **settings, **training}, random_state=seed
        )
        .fit(X_train, y_train, X_val=X_val, y_val=y_val)
        .history_
        for seed in SEEDS
    ]
    for name, settings in schedules.items()
}

# %%
# The validation loss after the last epoch, and its range over the last five epochs. With the
# constant learning rate and without an average, both depend on chance. Otherwise, both are lower.
rows = {}
for name, runs in histories.items():
    late = np.array([history["validation_loss"][-5:] for history in runs])
    rows[name] = {"last": late[:, -1].mean(), "spread": np.ptp(late, axis=1).mean()}
print(pd.DataFrame(rows).T.round(4).to_string())

# %%
# Top: the learning rate at the end of each epoch. Bottom: the validation loss, with both seeds in
# blue, and both seeds of the constant learning rate in grey.
import matplotlib.pyplot as plt

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
plt.show()
