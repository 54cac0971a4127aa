"""
Without Python: a pipeline as an ONNX graph
===========================================

A trained model may have to run in a browser, on a phone, or in a service in another language.
``skscratch.onnx.to_onnx`` converts a network, and the scikit-learn steps before it, to an ONNX
graph. ONNX Runtime runs the graph on all these platforms.
"""

# %%
# Command-line options.
import argparse
import tempfile
from pathlib import Path
from timeit import repeat

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier
from skscratch.onnx import to_onnx

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise SystemExit('This example draws figures: pip install "skscratch[plot]"') from error
try:
    import onnxruntime
    import skl2onnx  # noqa: F401
except ModuleNotFoundError as error:
    raise SystemExit('This example needs ONNX: pip install "skscratch[onnx]"') from error

parser = argparse.ArgumentParser(description="A pipeline as an ONNX graph.")
parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for the figures")
options = parser.parse_args()
options.figures.mkdir(parents=True, exist_ok=True)

# %%
# An ordinary pipeline. It is trained in float32, because the graph computes in float32.
X, y = load_digits(return_X_y=True)
X = X.astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
model = make_pipeline(
    StandardScaler(),
    ScratchMLPClassifier(
        (64, 32),
        activation=["gelu", "tanh"],
        solver="adam",
        learning_rate="cosine",
        learning_rate_init=0.005,
        batch_size=64,
        alpha=1,
        ema_decay=0,
        max_iter=30,
        early_stopping=False,
        n_members=1,
        random_state=0,
    ),
)
model.fit(X_train, y_train)

# %%
# The graph is saved to a file, and the runtime loads the file. From here on, skscratch is not
# needed.
graph = to_onnx(model, X_train[:1])
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.onnx"
    path.write_bytes(graph.SerializeToString())
    print(f"{path.stat().st_size / 1e3:.0f} kB: {', '.join(n.op_type for n in graph.graph.node)}")
    threads = onnxruntime.SessionOptions()
    threads.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, threads)
labels, probabilities = session.run(None, {"X": X_test})

# %%
# The outputs of the graph and of the pipeline agree.
expected = model.predict_proba(X_test)
difference = np.abs(probabilities - expected).max()
print(f"labels that differ: {np.sum(labels != model.predict(X_test))} of {len(labels)}")
print(f"largest difference of a probability: {difference:.1e}")
print(f"accuracy of the graph: {np.mean(labels == y_test):.3f}")

# %%
# Left: the digit with the least confident prediction. Middle: its probabilities by both. Right:
# all probabilities of the test set, over many powers of ten.
hardest = expected.max(axis=1).argmin()
figure, axes = plt.subplots(1, 3, figsize=(8, 3), width_ratios=[1, 1.4, 1.4], layout="constrained")
axes[0].imshow(X_test[hardest].reshape(8, 8), cmap="gray_r")
axes[0].set_title(f"labelled {y_test[hardest]}")
axes[0].set_axis_off()
pair = {"pipeline": (expected, "#E69F00", -0.2), "graph": (probabilities, "#0072B2", 0.2)}
for name, (values, color, shift) in pair.items():
    axes[1].bar(np.arange(10) + shift, values[hardest], width=0.4, color=color, label=name)
axes[1].set(xlabel="digit", ylabel="probability", xticks=range(10), ylim=(0, 1))
axes[1].legend()
axes[2].loglog(expected.ravel(), probabilities.ravel(), ".", ms=4, color="#0072B2", alpha=0.3)
axes[2].axline((1e-5, 1e-5), (1, 1), color="black", lw=0.8, zorder=0)
axes[2].set(xlabel="probability by the pipeline", ylabel="by the graph", aspect=1)
axes[2].grid(alpha=0.3)
figure.savefig(options.figures / "onnx_probabilities.png", dpi=120)

# %%
# The time of a call, on one thread. For single rows, the pipeline spends most of its time on
# checks of the input. The graph makes no such checks.
n_rows = [1, 4, 16, 64, 256, 1024]
rows = np.resize(X_test, (n_rows[-1], X.shape[1]))
calls = {
    "pipeline": lambda some: model.predict_proba(some),
    "graph": lambda some: session.run(["probabilities"], {"X": some}),
}


def seconds_of(call, n):
    """Return the time of a call with n rows."""
    return min(repeat(lambda: call(rows[:n]), number=5, repeat=7)) / 5


seconds = pd.DataFrame(
    {name: {n: seconds_of(call, n) for n in n_rows} for name, call in calls.items()}
)
print((1e6 * seconds).round(1).rename_axis("rows").to_string(), "microseconds")
figure, axis = plt.subplots(figsize=(6, 3.8), layout="constrained")
for (name, times), color in zip(seconds.items(), ("#D55E00", "#0072B2"), strict=True):
    axis.loglog(n_rows, 1e6 * times, "o-", color=color, label=name)
axis.set(xlabel="rows in a call", ylabel="microseconds", xticks=n_rows, xticklabels=n_rows)
axis.minorticks_off()
axis.grid(alpha=0.3)
axis.legend()
figure.savefig(options.figures / "onnx_times.png", dpi=120)

# %%
# The figures have been saved to files. If there is a screen, they are also shown.
print(f"Figures are in {options.figures.resolve()}")
if plt.get_backend().lower() != "agg":
    plt.show()
