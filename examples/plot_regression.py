"""
Regression from end to end
==========================

The progress of diabetes within a year is predicted from ten measurements of a patient. Measurements
and target are in their own units: the default network scales both. The predictions are compared
with linear regression and with the mean, and the residuals are checked for what the model has not
explained. Last, the target is changed to another unit, and the model stays as good.
"""

# %%
# The default network on 442 patients. A quarter of them are kept for the test.
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPRegressor

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
network = ScratchMLPRegressor(random_state=0).fit(X_train, y_train)
print(f"target: mean {y.mean():.0f}, standard deviation {y.std():.0f}")
print(f"R² on new patients: {network.score(X_test, y_test):.2f}")

# %%
# Five-fold cross-validation beside other models. On these 442 patients, the network is as good as
# linear regression: little in the data bends. The loss ``"absolute_error"`` predicts the median of
# a patient instead of the mean. Here its mean absolute error is the same.
import pandas as pd
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict, cross_validate

models = {
    "network": network,
    "network, absolute error": ScratchMLPRegressor("absolute_error", random_state=0),
    "linear regression": LinearRegression(),
    "mean of y": DummyRegressor(),
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
import matplotlib.pyplot as plt
from sklearn.metrics import PredictionErrorDisplay

predicted = cross_val_predict(network, X, y, cv=folds)
figure, axes = plt.subplots(1, 2, figsize=(8.5, 4), layout="constrained")
for axis, kind in zip(axes, ("actual_vs_predicted", "residual_vs_predicted"), strict=True):
    PredictionErrorDisplay.from_predictions(
        y,
        predicted,
        kind=kind,
        ax=axis,
        scatter_kwargs={"alpha": 0.5, "s": 16, "color": "#0072B2"},
        line_kwargs={"color": "#D55E00", "alpha": 1},
    )
axes[0].set_title("measured against predicted")
_ = axes[1].set_title("residuals")

# %%
# Residuals of each third of the predictions.
thirds = pd.qcut(predicted, 3, labels=["low", "middle", "high"])
residuals = pd.Series(y.to_numpy() - predicted)
by_third = residuals.groupby(thirds, observed=True).agg(["mean", "std"])
print("Residuals by size of the prediction")
print(by_third.round(1).to_string())

# %%
# The training curves of the first network. The losses are those of the standardised target. All
# eight members stop at the same epoch. Each member keeps the parameters of the epoch that is best
# on its own validation rows. The curves are means over the members.
from skscratch.plotting import TrainingCurvesDisplay

curves = TrainingCurvesDisplay.from_estimator(network)

# %%
# The same target in another unit. The scale is folded into the last layer, so its weights are those
# of a network for this unit.
from sklearn.base import clone

print("R2 on new patients, for the target in other units")
for unit in (1e-6, 1.0, 1e6):
    other = clone(network).fit(X_train, y_train * unit)
    print(f"times {unit:g}  {other.score(X_test, y_test * unit):.3f}")
plt.show()
