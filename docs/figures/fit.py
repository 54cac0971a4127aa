"""Figure: the path of one default fit through the files, traced while it runs."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import skscratch

PACKAGE = Path(skscratch.__file__).parent
FLOORS = {"estimators": "#d7e3f4", "training": "#dff0d8", "core": "#fdebd0"}
# Calls that are named in the figure.
NAMED = {
    "BaseScratchMLP.fit", "check_training_data", "ScratchMLPClassifier._encode", "resolve",
    "TrainingState.start", "warn_of_unused", "StochasticFit.__init__", "Dataset.split",
    "EpochRunner.__init__", "Evaluator.__init__", "BestWeights.__init__", "StochasticFit.run",
    "train_epoch", "ShuffledBatches.__iter__", "loss_and_gradient", "forward",
}  # fmt: skip
calls = []


def note(frame, event, argument):
    path, code = Path(frame.f_code.co_filename), frame.f_code
    if event == "call" and path.is_relative_to(PACKAGE):
        calls.append((path.relative_to(PACKAGE).as_posix(), code.co_qualname))
        if code.co_qualname == "forward" and path.name == "network.py":
            sys.setprofile(None)


rng = np.random.default_rng(0)
X = rng.normal(size=(120, 5))
model = skscratch.ScratchMLPClassifier(random_state=0)
sys.setprofile(note)
model.fit(X, X[:, 0] > 0)

steps = [calls[0]]
for file, name in calls[1:]:
    if file != steps[-1][0]:
        steps.append((file, name))
    elif name in NAMED:
        steps[-1] = (file, name)
files = list(dict.fromkeys(file for file, _ in steps))
order = [f for floor in ("", *FLOORS) for f in files if f.rpartition("/")[0] == floor]
rows = {file: i for i, file in enumerate(order)}

figure, axis = plt.subplots(figsize=(10, 6.4), layout="constrained")
for floor, color in FLOORS.items():
    own = [rows[file] for file in order if file.startswith(floor)]
    axis.axhspan(min(own) - 0.5, max(own) + 0.5, color=color)
places = [rows[file] for file, _ in steps]
axis.plot(places, color="0.35", linewidth=0.8)
axis.plot(places, ".", color="black")
for i, (file, name) in enumerate(steps):
    if name in NAMED:
        label = name.replace(".__init__", "").replace("BaseScratchMLP.", "")
        label = label.replace("ScratchMLPClassifier.", "").replace(".__iter__", "")
        axis.annotate(
            label,
            (i, rows[file]),
            (-64, -12) if label == "train_epoch" else (4, 4),
            textcoords="offset points",
            fontsize=8,
            bbox={
                "boxstyle": "round,pad=0.1",
                "facecolor": "white",
                "edgecolor": "none",
                "alpha": 0.8,
            },
        )
axis.set_yticks(range(len(order)), order, fontsize=8)
axis.invert_yaxis()
axis.set_xlim(-1, len(steps) + 7)
axis.set_xlabel("changes of file, from the call of fit to the first forward pass")
