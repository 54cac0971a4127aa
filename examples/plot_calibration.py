"""
Probabilities that can be trusted
=================================

Of the rows with a predicted probability of 0.8, eight tenths should be of class 1: then the
probabilities are calibrated. A reliability diagram shows whether they are. The default network is
calibrated: eight members are averaged, and a temperature is fitted on the validation rows. The
average alone is often calibrated. The temperature then changes little, and with some seeds it makes
the calibration a little worse. A network without validation rows is too sure, and scikit-learn's
``CalibratedClassifierCV`` corrects it.
"""

# %%
# The default network on 2000 rows of generated data. The labels are drawn from known probabilities,
# so nobody can have a lower log-loss than the formula. The calibration error is the mean distance
# between predicted probability and share of class 1, over ten bins.
import numpy as np
from sklearn.metrics import log_loss

from skscratch import ScratchMLPClassifier


def make_rows(n, rng):
    """Return features (n, 6), labels (n,) and the probabilities (n,) of class 1."""
    X = rng.uniform(-2, 2, size=(n, 6))
    z = 2 * np.sin(2 * X[:, 0]) * X[:, 1] + X[:, 2] ** 2 - X[:, 3] * X[:, 4] - 1
    p = 1 / (1 + np.exp(-z))
    return X, (rng.random(n) < p).astype(int), p


def reliability(y, p):
    """Return mean probability, share of class 1 and number of rows, for each of ten bins."""
    bins = np.minimum((10 * p).astype(int), 9)
    n = np.bincount(bins, minlength=10)
    mean, share = np.bincount(bins, p, 10) / n, np.bincount(bins, y, 10) / n
    return mean, share, n


def measure(y, p):
    """Return the log-loss and the calibration error."""
    mean, share, n = reliability(y, p)
    return {"log-loss": log_loss(y, p), "calibration error": float(n @ abs(mean - share)) / len(y)}


rng = np.random.default_rng(0)
X, y, _ = make_rows(2000, rng)
X_test, y_test, p_test = make_rows(20_000, rng)
network = ScratchMLPClassifier(random_state=0).fit(X, y)
for name, p in (("the formula", p_test), ("default", network.predict_proba(X_test)[:, 1])):
    print(name, {key: round(value, 3) for key, value in measure(y_test, p).items()})

# %%
# Four networks, each without and with a correction. The first three are corrected by the
# temperature of ``temperature_scaling``. The last network trains until its training loss stalls,
# without a penalty. No rows are held out, so there is no temperature. ``CalibratedClassifierCV``
# fits three such networks. For each network, it fits a logistic curve to the rows that were not
# used to train this network.
import pandas as pd
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV

one = ScratchMLPClassifier(n_members=1, random_state=0)
smooth = ScratchMLPClassifier(label_smoothing=0.2, random_state=0)
sure = ScratchMLPClassifier(early_stopping=False, alpha=0, random_state=0)
pairs = {
    name: (clone(model).set_params(temperature_scaling=False), model)
    for name, model in (("default", network), ("one member", one), ("label smoothing", smooth))
}
pairs["no early stopping"] = (sure, CalibratedClassifierCV(sure, cv=3))
predicted = {
    name: [model.fit(X, y).predict_proba(X_test)[:, 1] for model in pair]
    for name, pair in pairs.items()
}
rows = {
    f"{name}, {kind}": measure(y_test, p)
    for name, both in predicted.items()
    for kind, p in zip(("as it is", "corrected"), both, strict=True)
}
print(pd.DataFrame(rows).T.round(3).to_string())

# %%
# The reliability diagrams. A curve flatter than the diagonal means that the network is too sure,
# and a steeper curve that it is not sure enough. The default network needs next to no correction.
# A single member is too sure. With label smoothing, the network is not sure enough. Without early
# stopping, the network is far too sure, and the corrected network has a far lower log-loss.
import matplotlib.pyplot as plt

figure, axes = plt.subplots(2, 2, figsize=(6.4, 7), sharex=True, sharey=True, layout="constrained")
for axis, (name, both) in zip(axes.flat, predicted.items(), strict=True):
    axis.plot([0, 1], [0, 1], color="black", ls=":", label="calibrated")
    styles = (("as it is", "#D55E00", "o-"), ("corrected", "#0072B2", "s-"))
    for p, (kind, color, style) in zip(both, styles, strict=True):
        mean, share, _ = reliability(y_test, p)
        axis.plot(mean, share, style, ms=5, color=color, label=kind)
    axis.set(title=name, aspect="equal", xlim=(0, 1), ylim=(0, 1))
    axis.grid(alpha=0.3)
figure.supxlabel("predicted probability")
figure.supylabel("share of class 1")
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
plt.show()
