"""
A small network learns from boosted trees
=========================================

Distillation trains one model on the predictions of another. The teacher here is gradient boosting,
trained on 1000 rows with labels. The student is a network, trained on rows without labels. The
teacher predicts probabilities for the rows of the student. With ``soft_labels=True``, the student
learns from these probabilities. A student that learns from the most probable classes alone is
overconfident.
"""

# %%
# Six features decide on the probability of a class. Rows are cheap, and labels are not: 1000 rows
# have one, 8000 have none, and 10,000 are for the test. The default network and its teacher learn
# from the 1000 labels.
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from skscratch import ScratchMLPClassifier


def make_rows(n, rng):
    """Return features (n, 6) and labels (n,)."""
    X = rng.uniform(-2, 2, size=(n, 6))
    z = 3 * np.sin(2 * X[:, 0]) * X[:, 1] + X[:, 2] ** 2 - 1.5 * (X[:, 3] > 0) - 1
    return X, (rng.random(n) < 1 / (1 + np.exp(-2 * z))).astype(int)


rng = np.random.default_rng(0)
X, y = make_rows(1000, rng)
X_unlabelled, _ = make_rows(8000, rng)
X_test, y_test = make_rows(10_000, rng)
alone = ScratchMLPClassifier(random_state=0).fit(X, y)
teacher = HistGradientBoostingClassifier(learning_rate=0.05, random_state=0).fit(X, y)

# %%
# The teacher predicts probabilities for the rows without labels. One student learns from them.
# Another learns from the classes that are most probable by the teacher.
P = teacher.predict_proba(X_unlabelled)
soft = ScratchMLPClassifier(random_state=0, soft_labels=True).fit(X_unlabelled, P)
hard = ScratchMLPClassifier(random_state=0).fit(X_unlabelled, P.argmax(axis=1))

# %%
# The student of the probabilities has a lower log-loss than its teacher, because a network is
# smooth, and so is most of the truth. Its file is smaller, and it predicts faster.
import pickle
import time

import pandas as pd
from sklearn.metrics import log_loss

models = {
    "teacher": teacher, "student of probabilities": soft, "student of classes": hard,
    "network on 1000 labels": alone,
}  # fmt: skip
rows = {}
for name, model in models.items():
    start = time.perf_counter()
    p = model.predict_proba(X_test)
    seconds = time.perf_counter() - start
    rows[name] = {
        "accuracy": model.score(X_test, y_test),
        "log-loss": log_loss(y_test, p),
        "file in KiB": len(pickle.dumps(model)) / 1024,
        "ms for 10,000 rows": 1000 * seconds,
    }
print(pd.DataFrame(rows).T.round(3).to_string())

# %%
# On the left, the calibration: of the rows with a predicted probability of 0.9, nine tenths should
# be of class 1. The student of classes is too sure. On the right, the log-loss by the number of
# rows that the teacher labels.
import matplotlib.pyplot as plt
from sklearn.calibration import calibration_curve

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
colors = dict(zip(models, ("gray", "#0072B2", "#D55E00", "#009E73"), strict=True))
left.plot([0, 1], [0, 1], color="black", lw=1, ls="--")
for name in ("student of probabilities", "student of classes"):
    share, mean = calibration_curve(y_test, models[name].predict_proba(X_test)[:, 1], n_bins=10)
    left.plot(mean, share, "o-", color=colors[name], label=name)
left.set(xlabel="predicted probability", ylabel="share of class 1")
left.legend()

sizes, curves = [500, 2000, 8000], {"soft": [], "hard": []}
for n in sizes[:-1]:
    by_soft = ScratchMLPClassifier(random_state=0, soft_labels=True).fit(X_unlabelled[:n], P[:n])
    by_hard = ScratchMLPClassifier(random_state=0).fit(X_unlabelled[:n], P[:n].argmax(axis=1))
    curves["soft"].append(log_loss(y_test, by_soft.predict_proba(X_test)))
    curves["hard"].append(log_loss(y_test, by_hard.predict_proba(X_test)))
for kind, student in (("soft", "student of probabilities"), ("hard", "student of classes")):
    curves[kind].append(rows[student]["log-loss"])
right.plot(sizes, curves["soft"], "o-", color="#0072B2", label="student of probabilities")
right.plot(sizes, curves["hard"], "o-", color="#D55E00", label="student of classes")
for name in ("teacher", "network on 1000 labels"):
    right.axhline(rows[name]["log-loss"], color=colors[name], ls="--", label=name)
right.set(xscale="log", xlabel="rows labelled by the teacher", ylabel="test log-loss")
right.set_xticks(sizes, sizes)
right.minorticks_off()
right.grid(alpha=0.3)
right.legend(fontsize=9)
plt.show()
