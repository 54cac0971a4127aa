"""Figure: the spread over seeds, and how the last bit grows."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skscratch import ScratchMLPClassifier

X, y = load_digits(return_X_y=True)
X = X / 16
options = {"hidden_layer_sizes": (32,), "learning_rate_init": 0.01, "batch_size": 64}
figure, (left, right) = plt.subplots(1, 2, figsize=(5.4, 3.2), layout="constrained")
for row, units in enumerate((32, 40)):
    models = [
        ScratchMLPClassifier(
            **{**options, "hidden_layer_sizes": (units,)}, n_members=1, max_iter=10,
            n_iter_no_change=np.inf, early_stopping=False, random_state=seed,
        )
        for seed in range(10)
    ]  # fmt: skip
    scores = [model.fit(X[:900], y[:900]).score(X[900:], y[900:]) for model in models]
    left.plot(scores, [row] * 10, "o", alpha=0.5)
    left.plot(np.mean(scores), row, "k|", markersize=20)
left.set(xlabel="test accuracy", yticks=[0, 1], yticklabels=["32 units", "40 units"], ylim=(-1, 2))
left.set_title("ten seeds")

for rate in (0.001, 0.01, 0.1):
    pair = [
        ScratchMLPClassifier(
            **{**options, "learning_rate_init": rate}, n_members=1, dtype=dtype, random_state=0
        )
        for dtype in ("float32", "float64")
    ]
    differences = []
    for _ in range(15):
        single, double = (model.partial_fit(X, y, classes=range(10)) for model in pair)
        differences.append(abs(single.coefs_[0] - double.coefs_[0]).max())
    right.plot(range(1, 16), differences, "o-", markersize=3, label=f"{rate}")
right.set(xlabel="epoch", ylabel="largest difference of a weight", yscale="log")
right.set_title("float32 and float64")
right.legend(title="learning_rate_init", fontsize=8, title_fontsize=8)
