"""
Handwritten digits from end to end
==================================

From the pixels to a saved model: look at the data, scale and split them, train with live
progress, look at the learning curves, the metrics, the confusion matrices and the mistakes,
save the model and load it again.

The digits are the 1797 small ones that come with scikit-learn.  The same script runs on the
"MNIST in CSV" files of https://www.kaggle.com/datasets/oddrationale/mnist-in-csv::

    python plot_digits.py --mnist mnist_train.csv
"""

# %%
# Options for those who run this file as a script.
import argparse
import tempfile
import warnings
from math import ceil
from pathlib import Path
from time import perf_counter

import joblib
import numpy as np
import pandas as pd
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    accuracy_score,
    log_loss,
    precision_recall_fscore_support,
)
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier
from skscratch.datasets import load_digits, load_mnist_csv

try:
    import matplotlib.pyplot as plt
    from matplotlib.colors import PowerNorm
except ModuleNotFoundError as error:
    raise SystemExit('This example draws figures: pip install "skscratch[plot]"') from error

parser = argparse.ArgumentParser(description="Handwritten digits from end to end.")
parser.add_argument("--mnist", type=Path, metavar="PATH", help='a file of "MNIST in CSV"')
parser.add_argument("--epochs", type=int, help="passes over the training data")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for the figures")
options = parser.parse_args()
options.figures.mkdir(parents=True, exist_ok=True)

# %%
# The data, and the settings for each of the two sets: plain gradient descent for MNIST,
# Adam for the small digits.
if options.mnist:
    digits = load_mnist_csv(options.mnist)
    settings = {
        "hidden_layer_sizes": (64,),
        "activation": "tanh",
        "solver": "sgd",
        "momentum": 0,
        "batch_size": 128,
        "learning_rate_init": 1.28,
        "alpha": 0,
    }
    epochs = options.epochs or 50
else:
    digits = load_digits()
    settings = {
        "hidden_layer_sizes": (64,),
        "activation": "tanh",
        "solver": "adam",
        "batch_size": 32,
        "learning_rate_init": 0.01,
    }
    epochs = options.epochs or 30
print(f"{len(digits.data)} images of {digits.images.shape[1]}x{digits.images.shape[2]} pixels")

# %%
# Are some digits rarer than others?
counts = pd.Series(digits.target).value_counts().sort_index()
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
axis.bar_label(axis.bar(counts.index.astype(str), counts))
axis.set(xlabel="digit", ylabel="images", title="Label distribution")
axis.margins(y=0.1)
figure.savefig(options.figures / "digits_labels.png", dpi=120)

# %%
# The first images of each digit, one digit a row.
figure, axes = plt.subplots(10, 12, figsize=(7, 6.5), layout="constrained")
for digit, row in enumerate(axes):
    for axis, image in zip(row, digits.images[digits.target == digit], strict=False):
        axis.imshow(image, cmap="gray_r")
for axis in axes.flat:
    axis.set_axis_off()
figure.suptitle("Sample images")
figure.savefig(options.figures / "digits_samples.png", dpi=120)

# %%
# Pixels are scaled to 0...1 by the largest value a pixel can have.  That is known
# beforehand, not learnt from the data, so it can be done before the split.  One fifth of the
# images, the same share of each digit, is kept aside for testing.
X = digits.data.astype(np.float32) / digits.pixel_max
X_train, X_test, y_train, y_test, _, images_test = train_test_split(
    X,
    digits.target,
    digits.images,
    test_size=0.2,
    stratify=digits.target,
    random_state=options.seed,
)
parts = {"train": (X_train, y_train), "test": (X_test, y_test)}

# %%
# Training, one epoch a call of ``partial_fit``, so that loss and accuracy can be taken on
# both parts after each.  The time reported at the end is that of training alone.
model = ScratchMLPClassifier(**settings, random_state=options.seed)
history, seconds = [], 0.0
for epoch in range(1, epochs + 1):
    start = perf_counter()
    model.partial_fit(X_train, y_train, classes=digits.target_names)
    seconds += perf_counter() - start
    row = {"epoch": epoch}
    for part, (features, labels) in parts.items():
        probability = model.predict_proba(features)
        row[f"{part} loss"] = log_loss(labels, probability, labels=model.classes_)
        row[f"{part} accuracy"] = np.mean(model.classes_[probability.argmax(axis=1)] == labels)
    history.append(row)
    print(
        "epoch {epoch:3d}   loss: train {train loss:.4f}, test {test loss:.4f}   "
        "accuracy: train {train accuracy:.4f}, test {test accuracy:.4f}".format(**row),
        flush=True,
    )
print(f"{epochs} epochs of training took {seconds:.1f} s")

# %%
# The learning curves.
curves = pd.DataFrame(history).set_index("epoch")
figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for axis, quantity in zip(axes, ("loss", "accuracy"), strict=True):
    for part in parts:
        axis.plot(curves.index, curves[f"{part} {quantity}"], marker=".", label=part)
    axis.set(xlabel="epoch", ylabel=quantity, title=f"{quantity.capitalize()} after each epoch")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.grid(alpha=0.3)
axes[0].set_ylim(bottom=0)
axes[0].legend(loc="upper right")
axes[1].legend(loc="lower right")
figure.savefig(options.figures / "digits_learning_curves.png", dpi=120)

# %%
# The metrics; F1, precision and recall are averages over the ten digits.
predicted = {part: model.predict(features) for part, (features, _) in parts.items()}
metrics = pd.DataFrame(index=list(parts), columns=["accuracy", "macro F1", "precision", "recall"])
for part, (_, labels) in parts.items():
    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, predicted[part], average="macro", zero_division=0
    )
    accuracy = accuracy_score(labels, predicted[part])
    metrics.loc[part] = [accuracy, f1, precision, recall]
print(metrics.astype(float).round(4).to_string())

# %%
# Which digits are taken for which?  Shades of blue go with the 0.3rd power of the counts:
# the mistakes would all look white otherwise.
figure, axes = plt.subplots(1, 2, figsize=(12, 6.3), layout="compressed")
for axis, (part, (_, labels)) in zip(axes, parts.items(), strict=True):
    ConfusionMatrixDisplay.from_predictions(
        labels,
        predicted[part],
        cmap="Blues",
        im_kw={"norm": PowerNorm(0.3)},
        colorbar=False,
        ax=axis,
    )
    axis.set_title(f"Confusion matrix, {part}: {len(labels)} images")
figure.savefig(options.figures / "digits_confusion.png", dpi=120)

# %%
# The mistakes on the test part of which the model is most certain.
certainty = model.predict_proba(X_test).max(axis=1)
wrong = np.flatnonzero(predicted["test"] != y_test)
shown = wrong[np.argsort(-certainty[wrong])][:18]
print(f"{len(wrong)} of {len(y_test)} test images are misclassified")
rows = max(1, ceil(len(shown) / 6))
figure, axes = plt.subplots(rows, 6, figsize=(9, 0.4 + 1.7 * rows), layout="constrained")
for axis, i in zip(axes.flat, shown, strict=False):
    axis.imshow(images_test[i], cmap="gray_r")
    axis.set_title(f"true {y_test[i]}, predicted {predicted['test'][i]}", fontsize=9)
for axis in axes.flat:
    axis.set_axis_off()
figure.suptitle("Misclassified test images, the most certain mistakes first")
figure.savefig(options.figures / "digits_misclassified.png", dpi=120)

# %%
# The model is saved and loaded again: it predicts the same.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.joblib"
    joblib.dump(model, path)
    loaded = joblib.load(path)
    assert np.array_equal(loaded.predict_proba(X_test), model.predict_proba(X_test))
    print(f"Saved ({path.stat().st_size / 1e3:.0f} kB) and loaded again: the same predictions")

# %%
# The figures are in files by now; where there is a screen, they are shown as well.
print(f"Figures are in {options.figures.resolve()}")
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "FigureCanvas.* is non-interactive")
    plt.show()
