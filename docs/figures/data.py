"""Figure: what a forgotten scaler costs."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier

X, y = load_wine(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, random_state=0)
figure, (left, right) = plt.subplots(1, 2, figsize=(5.4, 3), layout="constrained")
for standardize in (True, False):
    model = ScratchMLPClassifier(
        (20,), learning_rate_init=0.01, batch_size=32, max_iter=50, early_stopping=False,
        n_iter_no_change=np.inf, standardize=standardize, random_state=0,
    )  # fmt: skip
    history = model.fit(X_train, y_train, X_val=X_val, y_val=y_val).history_
    epochs = range(1, model.n_iter_ + 1)
    left.plot(epochs, history["loss"], label=f"standardize={standardize}")
    right.plot(epochs, history["validation_score"], label=f"standardize={standardize}")
left.set(xlabel="epoch", ylabel="training loss", yscale="log")
right.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0, 1.03))
right.legend(fontsize=9)
