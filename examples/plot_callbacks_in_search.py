"""
The curves behind a grid search
===============================

The table of a grid search has one score for each fit, and does not say how it came about.
With scikit-learn 1.9 and later, callbacks look into every fit: one that logs a score after
each epoch, and one that ends a fit when it is good enough or gets no further.
"""

# %%
# Options for those who run this file as a script.
import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skscratch import ScratchMLPClassifier
from skscratch.callbacks import EarlyStopping

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise SystemExit('This example draws figures: pip install "skscratch[plot]"') from error
try:
    from sklearn.callback import ScoringMonitor
except ModuleNotFoundError as error:
    raise SystemExit('This example needs callbacks: pip install "scikit-learn>=1.9"') from error

parser = argparse.ArgumentParser(description="Callbacks that follow a grid search.")
parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for the figures")
options = parser.parse_args()
options.figures.mkdir(parents=True, exist_ok=True)

# %%
# Callbacks are set on the network, which has the epochs, and not on the pipeline or the
# search.  The search clones the network for every fit; the clones share the callbacks.
MAX_ITER, TARGET = 40, 0.05
monitor = ScoringMonitor(scoring="neg_log_loss")
network = ScratchMLPClassifier(
    (32,),
    solver="adam",
    learning_rate="constant",
    batch_size=64,
    alpha=1e-4,
    ema_decay=0,
    max_iter=MAX_ITER,
    n_iter_no_change=np.inf,  # when to stop is left to the callback
    early_stopping=False,
    n_members=1,
    random_state=0,
)
network.set_callbacks(monitor, EarlyStopping("loss", target=TARGET, patience=8))
rates = [0.0003, 0.003, 0.03, 0.3]
N_SPLITS = 3
search = GridSearchCV(
    make_pipeline(MinMaxScaler(), network),
    {"scratchmlpclassifier__learning_rate_init": rates},
    cv=N_SPLITS,
    return_train_score=True,
    scoring="neg_log_loss",
)
X, y = load_digits(return_X_y=True)
# The highest rate is meant to be too high; that fits with it learn nothing is no news.
warnings.filterwarnings("ignore", category=ConvergenceWarning)
search.fit(X, y)

# %%
# Each row of the log knows the path of tasks that led to it: the search, the number of the
# fit, the step of the pipeline.  The fits are counted candidate by candidate, fold by fold;
# the last one, on all rows, is apart from them.
log = monitor.get_logs().data_as_pandas
curves, refit = {}, None
for path, rows in log[log["task_name"] == "epoch"].groupby("parent_task_id_path"):
    losses = -rows["neg_log_loss"].to_numpy()
    if path[1] == 0:
        candidate, fold = divmod(path[2], N_SPLITS)
        curves[rates[candidate], fold] = losses
    else:
        refit = losses
table = pd.DataFrame(
    {
        "epochs": {rate: sum(len(curves[rate, i]) for i in range(N_SPLITS)) for rate in rates},
        "last in the log": {
            rate: np.mean([curves[rate, i][-1] for i in range(N_SPLITS)]) for rate in rates
        },
        "train loss": dict(zip(rates, -search.cv_results_["mean_train_score"], strict=True)),
        "test loss": dict(zip(rates, -search.cv_results_["mean_test_score"], strict=True)),
    }
)
print(table.round(4).to_string())
print(f"Best: {search.best_params_['scratchmlpclassifier__learning_rate_init']}")

# %%
# The log ends with the very losses that the search reports.  The curves say more: the lowest
# rate was on a good way and ran out of epochs, the highest never got anywhere, and the two
# between them reached the target, one of them in a quarter of the epochs.  (The target is for
# the loss that is summed up while the epoch goes on, a little above that at its end.)
figure, axes = plt.subplots(1, 4, figsize=(8, 3.6), sharey=True, layout="constrained")
for axis, rate in zip(axes, rates, strict=True):
    for fold, color in enumerate(("#0072B2", "#E69F00", "#009E73")):
        losses = curves[rate, fold]
        axis.semilogy(range(1, len(losses) + 1), losses, color=color, label=f"fold {fold + 1}")
        axis.plot(len(losses), losses[-1], "o", color=color)
    if rate == search.best_params_["scratchmlpclassifier__learning_rate_init"]:
        axis.plot(range(1, len(refit) + 1), refit, color="black", ls="--", label="all rows")
        best = axis
    axis.axhline(TARGET, color="gray", ls=":", label="target")
    axis.set(title=f"rate {rate}", xlabel="epoch", xlim=(0, MAX_ITER + 2))
    axis.grid(alpha=0.3)
axes[0].set_ylabel("log loss on the training rows")
figure.legend(*best.get_legend_handles_labels(), loc="outside lower center", ncols=5)
figure.savefig(options.figures / "search_curves.png", dpi=120)

# %%
# Epochs that were not needed: the callback ended the other fits before ``max_iter``.
figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
names = [str(rate) for rate in rates]
axis.barh(names, N_SPLITS * MAX_ITER, color="whitesmoke", edgecolor="silver", label="allowed")
axis.bar_label(axis.barh(names, table["epochs"], color="#0072B2", label="trained"), padding=3)
axis.set(xlabel="epochs in three folds", ylabel="learning_rate_init", xlim=(0, 150))
axis.invert_yaxis()
axis.legend(loc="center right")
figure.savefig(options.figures / "search_epochs.png", dpi=120)

# %%
# The figures are in files by now; where there is a screen, they are shown as well.
print(f"Figures are in {options.figures.resolve()}")
if plt.get_backend().lower() != "agg":
    plt.show()
