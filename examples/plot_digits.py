"""
Handwritten digits from end to end
==================================

The default network learns to read handwritten digits, from pixels to a saved model. The pixels need
no scaling, and no parameter is set. Learning curves, metrics, a confusion matrix and the mistakes
show how good the network is and where it is wrong.
"""

# %%
# The data are the 1797 small images that come with scikit-learn. One fifth of them are test images.
# The first cell is the whole task.
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier
from skscratch.datasets import load_digits

digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.data, digits.target, test_size=0.2, stratify=digits.target, random_state=0
)
model = ScratchMLPClassifier(random_state=0).fit(X_train, y_train)
print(f"accuracy on {len(y_test)} new images: {model.score(X_test, y_test):.3f}")

# %%
# The first images of each digit, one digit per row.
import numpy as np

from skscratch.plotting import ImageGridDisplay, TrainingCurvesDisplay

first = [np.flatnonzero(digits.target == digit)[:12] for digit in digits.target_names]
samples = ImageGridDisplay(images=digits.images[np.concatenate(first)]).plot(n_cols=12)
_ = samples.ax_.set_title(f"{len(digits.data)} images of {len(first)} digits")

# %%
# The learning curves. Each of the eight ensemble members has its own validation rows. These rows
# determine which epoch the member keeps. The curves are means over the members. ``verbose=True``
# prints them while the network learns.
curves = TrainingCurvesDisplay.from_estimator(model)

# %%
# The misclassified test images, most confident mistakes first.
wrong = np.count_nonzero(model.predict(X_test) != y_test)
print(f"{wrong} of {len(y_test)} test images are misclassified")
mistakes = ImageGridDisplay.from_estimator(
    model, X_test, y_test, image_shape=digits.images.shape[1:], only_errors=True, n_cols=6
)
_ = mistakes.ax_.set_title("Misclassified test images, most confident mistakes first")

# %%
# The metrics. F1, precision and recall are averages over the ten digits.
import pandas as pd
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

rows = {}
for part, X, y in (("train", X_train, y_train), ("test", X_test, y_test)):
    predicted = model.predict(X)
    precision, recall, f1, _ = precision_recall_fscore_support(y, predicted, average="macro")
    accuracy = accuracy_score(y, predicted)
    rows[part] = {"accuracy": accuracy, "macro F1": f1, "precision": precision, "recall": recall}
print(pd.DataFrame(rows).T.round(4).to_string())

# %%
# The confusion matrix of the test images. The shade of blue is proportional to the 0.3rd power of
# the count. Otherwise all mistakes would look white.
import matplotlib.pyplot as plt
from matplotlib.colors import PowerNorm
from sklearn.metrics import ConfusionMatrixDisplay

figure, axis = plt.subplots(figsize=(6, 5.6), layout="constrained")
blues = {"cmap": "Blues", "im_kw": {"norm": PowerNorm(0.3)}, "colorbar": False}
ConfusionMatrixDisplay.from_estimator(model, X_test, y_test, ax=axis, **blues)
_ = axis.set_title("Confusion matrix of the test images")

# %%
# The model is saved and loaded again. The loaded model predicts the same.
import tempfile
from pathlib import Path

import joblib

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.joblib"
    joblib.dump(model, path)
    loaded = joblib.load(path)
    assert np.array_equal(loaded.predict_proba(X_test), model.predict_proba(X_test))
    print(f"Saved ({path.stat().st_size / 1e3:.0f} kB) and loaded again: the same predictions")

# %%
# For the larger images of MNIST, download a file of `"MNIST in CSV"
# <https://www.kaggle.com/datasets/oddrationale/mnist-in-csv>`_. Then replace ``load_digits()``
# above by ``load_mnist_csv("mnist_train.csv")`` from :mod:`skscratch.datasets`. Everything else
# stays.
#
# A script without a screen cannot show its figures, so they are saved as well.
for number in plt.get_fignums():
    Path("figures").mkdir(exist_ok=True)
    plt.figure(number).savefig(f"figures/digits_{number}.png", dpi=120)
plt.show()
