"""Figure: losses by learning rate, and with and without averaging."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
network = {"hidden_layer_sizes": (64,), "batch_size": 64, "random_state": 0}
network |= {"n_members": 1, "alpha": 0, "ema_decay": 0}
figure, (left, right) = plt.subplots(1, 2, figsize=(5.4, 3.2), layout="constrained")
for rate in (1e-5, 1e-3, 1e-2, 1.0):
    model = ScratchMLPClassifier(**network, learning_rate_init=rate)
    for _ in range(10):
        model.partial_fit(X_train, y_train, classes=range(10))
    left.plot(range(1, 11), model.history_["loss"], "o-", markersize=3, label=f"{rate:g}")
left.set(xlabel="epoch", ylabel="training loss", yscale="log", xticks=[1, 5, 10])
left.legend(title="learning_rate_init", fontsize=8, title_fontsize=8)

noisy = {**network, "learning_rate_init": 0.02, "batch_size": 16, "max_iter": 20}
noisy |= {"early_stopping": False, "n_iter_no_change": np.inf}
for decay in (0, 0.99):
    model = ScratchMLPClassifier(**noisy | {"ema_decay": decay})
    model = model.fit(X_train[300:], y_train[300:], X_val=X_train[:300], y_val=y_train[:300])
    losses = model.history_["validation_loss"]
    right.plot(range(1, len(losses) + 1), losses, label=f"ema_decay={decay}")
right.set(xlabel="epoch", ylabel="validation loss", ylim=0, xticks=range(0, 21, 5))
right.legend(fontsize=8)
