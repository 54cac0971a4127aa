"""
Regression from end to end
==========================

The progress of diabetes within a year is predicted from ten measurements of a patient. The target
needs no scaling. The predictions are compared with linear regression and with the mean, and the
residuals are checked for what the model has not explained. Last, the target is changed to another
unit, and the model stays as good.
"""

# %%
# Command-line options.

# sphinx_gallery_thumbnail_number = 2
import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyRegressor
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.metrics import PredictionErrorDisplay
from sklearn.model_selection import KFold, cross_val_predict, cross_validate

from skscratch import ScratchMLPRegressor
from skscratch.plotting import TrainingCurvesDisplay

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise SystemExit('This example draws figures: pip install "skscratch[plot]"') from error

parser = argparse.ArgumentParser(description="A regression from end to end.")
parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for the figures")
options = parser.parse_args()
options.figures.mkdir(parents=True, exist_ok=True)

# %%
# The data: 442 patients, and a target between 25 and 346.
X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
print(X.describe().loc[["mean", "std"]].round(1).to_string())
print(f"target: mean {y.mean():.0f}, standard deviation {y.std():.0f}")

# %%
# Five-fold cross-validation. Features and target have different units, and the network scales
# both itself.
network = ScratchMLPRegressor(random_state=0)
models = {
    "mean of y": DummyRegressor(),
    "linear regression": LinearRegression(),
    "network": network,
    "network, absolute error": ScratchMLPRegressor("absolute_error", random_state=0),
}
folds = KFold(5, shuffle=True, random_state=0)
scoring = ["r2", "neg_root_mean_squared_error", "neg_mean_absolute_error"]
rows = {}
for name, model in models.items():
    scores = cross_validate(model, X, y, cv=folds, scoring=scoring)
    r2, rmse, mae = (scores[f"test_{measure}"].mean() for measure in scoring)
    rows[name] = {"R2": r2, "RMSE": -rmse, "mean absolute error": -mae}
print(pd.DataFrame(rows).T.round(3).to_string())

# %%
# Predictions for patients that the network was not trained on. On the left, the points would lie
# on the diagonal if the predictions were exact. On the right, the residuals are the measured minus
# the predicted values. They scatter around zero at every prediction, so the mean is about right.
# They are larger where the prediction is larger.
predicted = cross_val_predict(network, X, y, cv=folds)
figure, axes = plt.subplots(1, 2, figsize=(8.5, 4), layout="constrained")
for axis, kind in zip(axes, ("actual_vs_predicted", "residual_vs_predicted"), strict=True):
    PredictionErrorDisplay.from_predictions(
        y, predicted, kind=kind, ax=axis, scatter_kwargs={"alpha": 0.4, "s": 14}
    )
axes[0].set_title("measured against predicted")
axes[1].set_title("residuals")
figure.savefig(options.figures / "regression_errors.png", dpi=120)

# %%
# Residuals of each third of the predictions.
thirds = pd.qcut(predicted, 3, labels=["low", "middle", "high"])
residuals = pd.Series(y.to_numpy() - predicted)
by_third = residuals.groupby(thirds, observed=True).agg(["mean", "std"])
print("Residuals by size of the prediction")
print(by_third.round(1).to_string())

# %%
# The final network is trained on all rows. The losses are those of the standardised target. Each
# of the eight members stops by its own held-out rows, and the curves are means over the members.
network.fit(X, y)
importance = permutation_importance(network, X, y, n_repeats=10, random_state=0)
figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 4), layout="constrained")
TrainingCurvesDisplay.from_estimator(network, ax=left)
order = np.argsort(importance.importances_mean)
right.barh(X.columns[order], importance.importances_mean[order], color="#0072B2")
right.set(xlabel="decrease of R² if permuted", title="importance of the features")
figure.savefig(options.figures / "regression_training.png", dpi=120)

# %%
# The same target in another unit. The scale is folded into the last layer, so its weights are
# those of a network for this unit.
print("R2 on the last 142 rows, for the target in other units")
for unit in (1e-6, 1.0, 1e6):
    r2 = clone(network).fit(X[:300], y[:300] * unit).score(X[300:], y[300:] * unit)
    print(f"times {unit:g}  {r2:.3f}")

# %%
# The figures have been saved to files. If there is a screen, they are also shown.
print(f"Figures are in {options.figures.resolve()}")
if plt.get_backend().lower() != "agg":
    plt.show()
