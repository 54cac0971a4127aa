"""Figure: what a threshold finds, and what class weights do to probabilities."""

import matplotlib.pyplot as plt
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_classification
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier

X, y = make_classification(
    4000, 20, n_informative=6, weights=[0.95], flip_y=0.02, class_sep=0.8, random_state=1
)
X = X / X.std(axis=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
figure, (left, right) = plt.subplots(1, 2, figsize=(5.4, 3.2), layout="constrained")
for weight in (None, "balanced"):
    network = ScratchMLPClassifier(
        (32,), solver="adam", learning_rate_init=0.005, batch_size=128, max_iter=100,
        early_stopping=True, class_weight=weight, random_state=0,
    )  # fmt: skip
    p = network.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    if weight is None:
        precision, recall, thresholds = precision_recall_curve(y_test, p)
        left.plot(thresholds, recall[:-1], label="recall")
        left.plot(thresholds, precision[:-1], label="precision")
    observed, predicted = calibration_curve(y_test, p, n_bins=6)
    (line,) = right.plot(predicted, observed, "o-", markersize=4)
    place = (0.3, 0.85) if weight is None else (0.35, 0.1)
    right.text(*place, repr(weight), color=line.get_color(), ha="center")
left.axvline(0.5, color="gray", linestyle=":")
left.set(xlabel="threshold", ylabel="precision, recall", title="one model, all thresholds")
right.axline((0, 0), slope=1, color="gray", linestyle=":")
right.set(xlabel="predicted probability", ylabel="frequency of class 1", title="class_weight")
left.legend(fontsize=8)
