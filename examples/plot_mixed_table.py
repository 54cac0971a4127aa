"""
A table of numbers, names and gaps
==================================

Most tables are not images: a column holds a number, the next a name, and some cells are
empty.  scikit-learn's ``ColumnTransformer`` makes numbers of them all, and a grid search
chooses the network.  The table is drawn from a formula, so that what the model has learnt
can be compared with the truth.
"""

# %%
# Options for those who run this file as a script.

# sphinx_gallery_thumbnail_number = 2
import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skscratch import ScratchMLPClassifier

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise SystemExit('This example draws figures: pip install "skscratch[plot]"') from error

parser = argparse.ArgumentParser(description="A grid search on a table of mixed types.")
parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for the figures")
options = parser.parse_args()
options.figures.mkdir(parents=True, exist_ok=True)


# %%
# Who renews a subscription to the town's hired bicycles?  Those with a student plan do while
# they are young, those with a family plan in the middle of life, the others at any age.  Who
# does not use the app has no count of rides, and rarely renews: that the cell is empty says
# something.  Ages are missing by mere chance.
def true_probability(table):
    """Return the probability of a renewal for every row."""
    age, plan, rides, district = (table[name].to_numpy() for name in table)
    of_plan = np.select(
        [plan == "student", plan == "family"],
        [3 - 0.2 * (age - 20), 2 - ((age - 42) / 9) ** 2],
        default=0.3,
    )
    of_rides = np.where(np.isnan(rides), -1.5, 0.5 * np.log1p(np.nan_to_num(rides)) - 0.8)
    of_district = np.where(np.isin(district, ["Harbour", "Old Town"]), 0.5, 0)
    return 1 / (1 + np.exp(-(of_plan + of_rides + of_district)))


rng = np.random.default_rng(0)
n = 4000
districts = ["Harbour", "Old Town", "Mills", "Station", "Heath", "Quarry"]
truth = pd.DataFrame(
    {
        "age": rng.integers(18, 75, n).astype(float),
        "plan": rng.choice(["standard", "student", "family"], n),
        "rides": np.where(rng.random(n) < 0.25, np.nan, rng.lognormal(2, 1, n).round()),
        "district": rng.choice(districts, n, p=[0.3, 0.25, 0.2, 0.15, 0.07, 0.03]),
    }
)
probability = true_probability(truth)
renewed = np.where(rng.random(n) < probability, "yes", "no")
table = truth.assign(age=truth["age"].mask(rng.random(n) < 0.1))
print(table.head().to_string(index=False))

# %%
# Numbers: gaps are filled with the median, a column of their own says where they were, and
# all is scaled.  Names: a column for each.  The columns are found by their types.
numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
preprocess = make_column_transformer(
    (numbers, make_column_selector(dtype_include="number")),
    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
)
model = make_pipeline(
    preprocess,
    ScratchMLPClassifier(
        solver="adam",
        learning_rate="cosine",
        learning_rate_init=0.01,
        batch_size=64,
        alpha=0,
        ema_decay=0,
        max_iter=20,
        early_stopping=False,
        n_members=1,
        random_state=0,
    ),
)

# %%
# The grid holds logistic regression too: it is the network without a hidden layer.
grid = {
    "scratchmlpclassifier__hidden_layer_sizes": [(), (8,), (32,), (32, 32)],
    "scratchmlpclassifier__weight_decay": [0, 0.1, 0.3, 1, 3],
}
X_train, X_test, y_train, y_test, _, p_test = train_test_split(
    table, renewed, probability, test_size=0.4, stratify=renewed, random_state=0
)
search = GridSearchCV(model, grid, cv=3, scoring="neg_log_loss")
search.fit(X_train, y_train)
results = pd.DataFrame(search.cv_results_)
results["loss"] = -results["mean_test_score"]
results.columns = [name.split("__")[-1] for name in results.columns]
results["hidden_layer_sizes"] = results["hidden_layer_sizes"].map(str)
losses = results.pivot_table("loss", "hidden_layer_sizes", "weight_decay", sort=False)
print(losses.round(4).to_string())

# %%
# Hidden layers pay.  Two of them, with a little weight decay, do best; without it they overfit.
figure, axis = plt.subplots(figsize=(7, 3.8), layout="constrained")
lowest = losses.min(axis=None)
picture = axis.imshow(losses, cmap="cividis_r", vmax=losses.loc["()"].min(), aspect="auto")
for (row, column), loss in np.ndenumerate(losses):
    weight = "bold" if loss == lowest else "normal"
    color = "white" if picture.norm(loss) > 0.5 else "black"
    axis.text(column, row, f"{loss:.3f}", ha="center", va="center", color=color, weight=weight)
axis.set(
    xticks=range(losses.shape[1]),
    yticks=range(losses.shape[0]),
    xticklabels=losses.columns,
    yticklabels=losses.index,
    xlabel="weight_decay",
    ylabel="hidden_layer_sizes",
    title="Log loss in cross-validation: the lower the better",
)
axis.spines[:].set_visible(False)
figure.savefig(options.figures / "mixed_table_search.png", dpi=120)

# %%
# On rows that the search has not seen, the best network comes most of the way from logistic
# regression to the formula itself, which knows every age.
linear = model.set_params(scratchmlpclassifier__hidden_layer_sizes=()).fit(X_train, y_train)
models = {"logistic regression": linear, "best network": search.best_estimator_}
test_losses = {
    **{name: log_loss(y_test, model.predict_proba(X_test)) for name, model in models.items()},
    "the formula": log_loss(y_test, p_test),
}
print(search.best_params_)
print(pd.Series(test_losses, name="test loss").round(4).to_string())

# %%
# What they believe of subscribers with ten rides from the Mills, as their age and plan vary.
figure, axes = plt.subplots(1, 3, figsize=(8, 3.4), sharey=True, layout="constrained")
ages = np.linspace(18, 75, 100)
for axis, plan in zip(axes, ("student", "family", "standard"), strict=True):
    people = pd.DataFrame({"age": ages, "plan": plan, "rides": 10.0, "district": "Mills"})
    axis.plot(ages, true_probability(people), color="black", ls=":", lw=2, label="the formula")
    for (name, model), color in zip(models.items(), ("#E69F00", "#0072B2"), strict=True):
        axis.plot(ages, model.predict_proba(people)[:, 1], color=color, lw=2, label=name)
    axis.set(xlabel="age", title=f"{plan} plan", ylim=(0, 1))
    axis.grid(alpha=0.3)
axes[0].set_ylabel("probability of renewal")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
figure.savefig(options.figures / "mixed_table_beliefs.png", dpi=120)

# %%
# The figures are in files by now; where there is a screen, they are shown as well.
print(f"Figures are in {options.figures.resolve()}")
if plt.get_backend().lower() != "agg":
    plt.show()
