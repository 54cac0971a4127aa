"""
Training curves of a grid search
================================

The result of a grid search has one score for each fit, but no training curves. Callbacks observe
every fit. In this example, one callback logs a score after each epoch. Another ends a fit when the
loss reaches a target or stalls. Callbacks need ``pip install "scikit-learn>=1.9"``.
"""

# %%
# The default network with a callback that logs the log-loss on the training rows.
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_digits

from skscratch import ScratchMLPClassifier

X, y = load_digits(return_X_y=True)
watched = ScoringMonitor(scoring="neg_log_loss")
default = ScratchMLPClassifier(random_state=0).set_callbacks(watched).fit(X[:600], y[:600])
log = watched.get_logs().data_as_pandas
losses = -log.loc[log["task_name"] == "epoch", "neg_log_loss"]
print(f"{len(losses)} epochs")
print(f"log-loss {losses.iloc[0]:.2f} after the first epoch, {losses.iloc[-1]:.3f} after the last")

# %%
# In a search, callbacks are set on the network, because only the network is trained in epochs. They
# are not set on the pipeline or the search. The search clones the network for every fit. The clones
# share the callbacks. The searched network is a single small one, and only the callback stops it.
# The highest learning rate is too high on purpose. The warning that such fits learn nothing is
# expected.
import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skscratch.callbacks import EarlyStopping

MAX_ITER, TARGET, N_SPLITS = 40, 0.05, 3
single = {"hidden_layer_sizes": (32,), "n_members": 1, "early_stopping": False, "ema_decay": 0}
single |= {"alpha": 1e-4, "batch_size": 64, "max_iter": MAX_ITER, "n_iter_no_change": np.inf}
network = ScratchMLPClassifier(**single, random_state=0)
monitor = ScoringMonitor(scoring="neg_log_loss")
network.set_callbacks(monitor, EarlyStopping("loss", target=TARGET, patience=8))
rates = [0.0003, 0.003, 0.03, 0.3]
search = GridSearchCV(
    make_pipeline(MinMaxScaler(), network),
    {"scratchmlpclassifier__learning_rate_init": rates},
    cv=N_SPLITS,
    return_train_score=True,
    scoring="neg_log_loss",
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    search.fit(X, y)

# %%
# Each row of the log has the path of its tasks: the search, the number of the fit, the step of
# the pipeline. The fits are numbered candidate by candidate, fold by fold. The final fit on all
# rows is not among these numbers.
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
# The last losses in the log equal the losses that the search reports. The curves show more. With
# the lowest learning rate, the loss was still falling after the last epoch. With the highest, the
# loss never fell. The two rates in between reached the target, one of them in a quarter of the
# epochs. (The target applies to the mean loss during the epoch, which is slightly higher than the
# loss at its end.)
import matplotlib.pyplot as plt

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

# %%
# The callback saved epochs: it ended the other fits before ``max_iter``.
figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
names = [str(rate) for rate in rates]
axis.barh(names, N_SPLITS * MAX_ITER, color="whitesmoke", edgecolor="silver", label="allowed")
axis.bar_label(axis.barh(names, table["epochs"], color="#0072B2", label="trained"), padding=3)
axis.set(xlabel="epochs in three folds", ylabel="learning_rate_init", xlim=(0, 150))
axis.invert_yaxis()
axis.legend(loc="center right")
plt.show()
