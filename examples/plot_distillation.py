"""
A small network learns from boosted trees
=========================================

Distillation trains one model on the predictions of another. The teacher here is gradient boosting,
trained on 1000 rows with labels. The student is a network, trained on rows without labels. The
teacher predicts probabilities for them. With ``soft_labels=True``, the network learns from these
probabilities. From the teacher's most probable classes alone, it learns to be too sure.
"""

# %%
# Command-line options.
import argparse
import pickle
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.calibration import calibration_curve
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss

from skscratch import ScratchMLPClassifier

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise SystemExit('This example draws figures: pip install "skscratch[plot]"') from error

parser = argparse.ArgumentParser(description="A network learns from boosted trees.")
parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for the figures")
options = parser.parse_args()
options.figures.mkdir(parents=True, exist_ok=True)


# %%
# Six features decide on the probability of a class. Rows are cheap, and labels are not: 1000 rows
# have one, 20,000 have none, and 20,000 are for the test.
def make_rows(n, rng):
    """Return features (n, 6) and labels (n,)."""
    X = rng.uniform(-2, 2, size=(n, 6))
    z = 3 * np.sin(2 * X[:, 0]) * X[:, 1] + X[:, 2] ** 2 - 1.5 * (X[:, 3] > 0) - 1
    return X, (rng.random(n) < 1 / (1 + np.exp(-2 * z))).astype(int)


rng = np.random.default_rng(0)
X, y = make_rows(1000, rng)
X_unlabelled, _ = make_rows(20_000, rng)
X_test, y_test = make_rows(20_000, rng)

# %%
# The teacher predicts probabilities for the rows without labels. One student learns from them. A
# second student learns from the classes that are most probable by the teacher, and a third network
# learns from the 1000 labels alone.
teacher = HistGradientBoostingClassifier(learning_rate=0.05, random_state=0).fit(X, y)
P = teacher.predict_proba(X_unlabelled)
soft = ScratchMLPClassifier(random_state=0, soft_labels=True).fit(X_unlabelled, P)
hard = ScratchMLPClassifier(random_state=0).fit(X_unlabelled, P.argmax(axis=1))
alone = ScratchMLPClassifier(random_state=0).fit(X, y)

# %%
# The student of the probabilities has a lower log-loss than its teacher, because a network is
# smooth, and so is the truth. Its file is smaller, and it predicts faster.
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
        "ms for 20,000 rows": 1000 * seconds,
    }
print(pd.DataFrame(rows).T.round(3).to_string())

# %%
# On the left, the calibration: of the rows with a predicted probability of 0.9, nine tenths should
# be of class 1. The student of classes is too sure. On the right, the log-loss by the number of
# rows that the teacher labels.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
colors = dict(zip(models, ("gray", "#0072B2", "#D55E00", "#009E73"), strict=True))
left.plot([0, 1], [0, 1], color="black", lw=1, ls="--")
for name in ("student of probabilities", "student of classes"):
    share, mean = calibration_curve(y_test, models[name].predict_proba(X_test)[:, 1], n_bins=10)
    left.plot(mean, share, "o-", color=colors[name], label=name)
left.set(xlabel="predicted probability", ylabel="share of class 1")
left.legend()

sizes, curves = [500, 1000, 2000, 5000, 10_000, 20_000], {"soft": [], "hard": []}
for n in sizes:
    by_soft = ScratchMLPClassifier(random_state=0, soft_labels=True).fit(X_unlabelled[:n], P[:n])
    by_hard = ScratchMLPClassifier(random_state=0).fit(X_unlabelled[:n], P[:n].argmax(axis=1))
    curves["soft"].append(log_loss(y_test, by_soft.predict_proba(X_test)))
    curves["hard"].append(log_loss(y_test, by_hard.predict_proba(X_test)))
right.plot(sizes, curves["soft"], "o-", color="#0072B2", label="student of probabilities")
right.plot(sizes, curves["hard"], "o-", color="#D55E00", label="student of classes")
for name in ("teacher", "network on 1000 labels"):
    right.axhline(rows[name]["log-loss"], color=colors[name], ls="--", label=name)
right.set(xscale="log", xlabel="rows labelled by the teacher", ylabel="test log-loss")
right.set_xticks(sizes, sizes)
right.minorticks_off()
right.grid(alpha=0.3)
right.legend(fontsize=9)
figure.savefig(options.figures / "distillation_student.png", dpi=120)

# %%
# The figure has been saved to a file. If there is a screen, it is also shown.
print(f"Figures are in {options.figures.resolve()}")
if plt.get_backend().lower() != "agg":
    plt.show()
