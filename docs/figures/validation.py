"""Figure: an overfitting network epoch by epoch, and probabilities without and with temperature."""

import matplotlib.pyplot as plt
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier

figure, (left, right) = plt.subplots(1, 2, figsize=(5.4, 3.4), layout="constrained")

X, y = make_classification(600, 20, n_informative=5, flip_y=0.1, random_state=0)
X = X / X.std(axis=0)
X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, random_state=0)
training = {"solver": "adam", "learning_rate_init": 0.01, "batch_size": 32, "max_iter": 60}
training |= {"hidden_layer_sizes": (64,), "n_members": 1, "random_state": 0}
training |= {"alpha": 0, "ema_decay": 0, "early_stopping": False}
for label, color, options in (("plain", "C0", {}), ("weight_decay=1", "C1", {"weight_decay": 1.0})):
    model = ScratchMLPClassifier(**training, **options)
    history = model.fit(X_train, y_train, X_val=X_val, y_val=y_val).history_
    epochs = range(1, model.n_iter_ + 1)
    left.plot(epochs, history["loss"], color=color, linestyle="--", label=f"{label}, training")
    left.plot(epochs, history["validation_loss"], color=color, label=f"{label}, validation")
    best = history["validation_loss"].argmin()
    left.plot(epochs[best], history["validation_loss"][best], "o", color=color)
left.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.4), title="curves")
left.legend(fontsize=8, loc="upper left")

# Label smoothing makes probabilities too cautious. The temperature finds that on validation rows.
X, y = make_classification(6000, 20, n_informative=5, flip_y=0, random_state=0)
X = X / X.std(axis=0)
for scaled, label in ((False, "no temperature"), (True, "with temperature")):
    model = ScratchMLPClassifier(label_smoothing=0.4, temperature_scaling=scaled, random_state=0)
    model = model.fit(X[:1000], y[:1000])
    p = model.predict_proba(X[1000:])[:, 1]
    observed, predicted = calibration_curve(y[1000:], p, n_bins=10)
    right.plot(predicted, observed, "o-", markersize=4, label=label)
right.axline((0, 0), slope=1, color="gray", linestyle=":")
right.set(xlabel="predicted probability", ylabel="frequency of class 1", title="calibration")
right.legend(fontsize=8, loc="lower right")
