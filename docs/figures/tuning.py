"""Figure: a random search, and the rounds of successive halving."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV, RandomizedSearchCV, train_test_split

from skscratch import ScratchMLPClassifier

X, y = load_digits(return_X_y=True)
X, _, y, _ = train_test_split(X / 16, y, train_size=600, stratify=y, random_state=0)
figure, (left, right) = plt.subplots(1, 2, figsize=(5.4, 3.4), layout="constrained")

network = ScratchMLPClassifier((32,), n_members=1, random_state=0)
space = {"learning_rate_init": loguniform(1e-4, 0.1), "alpha": loguniform(1e-4, 100)}
search = RandomizedSearchCV(network, space, n_iter=20, cv=3, scoring="neg_log_loss", random_state=0)
table = pd.DataFrame(search.fit(X, y).cv_results_)
rates = table["param_learning_rate_init"].astype(float)
colors = np.log10(table["param_alpha"].astype(float))
points = left.scatter(rates, -table["mean_test_score"], c=colors)
figure.colorbar(points, ax=left, label="log10(alpha)")
left.set(xlabel="learning_rate_init", ylabel="log-loss", xscale="log", yscale="log")
left.set_title("random search")
left.set_yticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
left.set_yticks([], minor=True)

network = ScratchMLPClassifier(
    (32,), n_members=1, n_iter_no_change=np.inf, early_stopping=False, random_state=0
)
halving = HalvingRandomSearchCV(
    network, {"learning_rate_init": loguniform(1e-4, 0.1)}, resource="max_iter",
    n_candidates=9, min_resources=6, max_resources=54, cv=3, random_state=0,
)  # fmt: skip
table = pd.DataFrame(halving.fit(X, y).cv_results_)
for rate, rounds in table.groupby("param_learning_rate_init"):
    right.plot(rounds["n_resources"], rounds["mean_test_score"], "o-", label=f"{rate:.2g}")
right.set(xlabel="epochs", ylabel="accuracy", xscale="log", xticks=[6, 18, 54])
right.set_xticks([], minor=True)
right.set_xticklabels([6, 18, 54])
right.legend(title="learning rate", fontsize=7, loc="lower right")
right.set_title("successive halving")
