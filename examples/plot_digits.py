"""
Handwritten digits from end to end
==================================

This example leads from pixels to a saved model. It shows the data, scales and splits them, and
trains a network with live progress. Then it shows learning curves, metrics, confusion matrices
and misclassified images. Finally it saves the model and loads it again.

The data are the 1797 small digits that come with scikit-learn. The script also runs on the
"MNIST in CSV" files of https://www.kaggle.com/datasets/oddrationale/mnist-in-csv::

    python plot_digits.py --mnist mnist_train.csv
"""

# %%
# Command-line options.
import argparse
import tempfile
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    accuracy_score,
    precision_recall_fscore_support,
)
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier
from skscratch.datasets import load_digits, load_mnist_csv
from skscratch.plotting import ImageGridDisplay, TrainingCurvesDisplay

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
# The data, and the settings for each of the two data sets: plain gradient descent for MNIST, Adam
# for the small digits.
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
        "ema_decay": 0,
        "standardize": False,
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
        "alpha": 1,
        "ema_decay": 0.99,
    }
    epochs = options.epochs or 30
print(f"{len(digits.data)} images of {digits.images.shape[1]}x{digits.images.shape[2]} pixels")

# %%
# The number of images of each digit.
counts = pd.Series(digits.target).value_counts().sort_index()
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
axis.bar_label(axis.bar(counts.index.astype(str), counts))
axis.set(xlabel="digit", ylabel="images", title="Label distribution")
axis.margins(y=0.1)
figure.savefig(options.figures / "digits_labels.png", dpi=120)

# %%
# The first images of each digit, one digit per row.
first = [np.flatnonzero(digits.target == digit)[:12] for digit in digits.target_names]
samples = ImageGridDisplay(images=digits.images[np.concatenate(first)]).plot(n_cols=12)
samples.ax_.set_title("Sample images")
# sphinx_gallery_thumbnail_number = 2
samples.figure_.savefig(options.figures / "digits_samples.png", dpi=120)

# %%
# Pixels are divided by their largest possible value, to 0...1. This value is known beforehand, so
# scaling before the split leaks nothing. One fifth of the images are test images, stratified by
# digit.
X = digits.data.astype(np.float32) / digits.pixel_max
X_train, X_test, y_train, y_test = train_test_split(
    X, digits.target, test_size=0.2, stratify=digits.target, random_state=options.seed
)
parts = {"train": (X_train, y_train), "test": (X_test, y_test)}

# %%
# Training. The test rows are passed as validation rows, and scored after each epoch. They have no
# influence on the model: early stopping is off, and no epoch is chosen by its score. So they
# remain test rows, although the output and the figure call them validation. ``n_members=1``
# trains a single network, so the curves show this network.
model = ScratchMLPClassifier(
    **settings,
    max_iter=epochs,
    n_iter_no_change=np.inf,
    early_stopping=False,
    n_members=1,
    verbose=True,
    random_state=options.seed,
)
model.fit(X_train, y_train, X_val=X_test, y_val=y_test)
print(f"{epochs} epochs of training took {model.history_['seconds'].sum():.1f} s")

# %%
# The learning curves.
curves = TrainingCurvesDisplay.from_estimator(model)
curves.figure_.suptitle("Learning curves; validation rows are the test rows")
curves.figure_.savefig(options.figures / "digits_learning_curves.png", dpi=120)

# %%
# The metrics. F1, precision and recall are averages over the ten digits.
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
# The confusion matrices. The shade of blue is proportional to the 0.3rd power of the count.
# Otherwise all mistakes would look white.
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
# The misclassified test images, most confident mistakes first.
wrong = np.count_nonzero(predicted["test"] != y_test)
print(f"{wrong} of {len(y_test)} test images are misclassified")
mistakes = ImageGridDisplay.from_estimator(
    model,
    X_test,
    y_test,
    image_shape=digits.images.shape[1:],
    only_errors=True,
    max_images=18,
    n_cols=6,
)
mistakes.ax_.set_title("Misclassified test images, most confident mistakes first")
mistakes.figure_.savefig(options.figures / "digits_misclassified.png", dpi=120)

# %%
# The model is saved and loaded again. The loaded model predicts the same.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.joblib"
    joblib.dump(model, path)
    loaded = joblib.load(path)
    assert np.array_equal(loaded.predict_proba(X_test), model.predict_proba(X_test))
    print(f"Saved ({path.stat().st_size / 1e3:.0f} kB) and loaded again: the same predictions")

# %%
# The figures have been saved to files. If there is a screen, they are also shown.
print(f"Figures are in {options.figures.resolve()}")
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "FigureCanvas.* is non-interactive")
    plt.show()
