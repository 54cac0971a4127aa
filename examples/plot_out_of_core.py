"""
More rows than memory: learning from a stream
=============================================

A file that does not fit in memory is read in chunks, and ``partial_fit`` learns from one chunk
at a time. Each chunk is first used for testing and then for training. The resulting accuracy,
chunk after chunk, is called prequential accuracy. It also reveals a change in the data.
"""

# %%
# The data: ten sensors, as whole numbers, and whether the machine needs service. The label depends
# on two products of two readings. The default network learns from 30 chunks of 2500 rows. Scaling
# needs a scaler that learns chunk by chunk as well.

# sphinx_gallery_thumbnail_number = 2
import numpy as np
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier

CHUNK, N_SENSORS = 2500, 10


def make_chunk(rng):
    """Return readings (2500, 10) and labels (2500,)."""
    readings = rng.integers(-99, 100, (CHUNK, N_SENSORS))
    return readings, readings[:, 0] * readings[:, 1] > readings[:, 2] * readings[:, 3]


rng = np.random.default_rng(0)
model, scaler = ScratchMLPClassifier(random_state=0), StandardScaler()
for _ in range(30):
    X, y = make_chunk(rng)
    model.partial_fit(scaler.partial_fit(X).transform(X), y, classes=[False, True])
X, y = make_chunk(rng)
print(f"accuracy on the next chunk: {model.score(scaler.transform(X), y):.3f}")

# %%
# Now the chunks come from a file. Suppose that 8 MB of memory are allowed. The file is written in
# chunks too. After two thirds of the rows, two sensors are swapped.
import tempfile
from pathlib import Path

import pandas as pd

ALLOWED = 8  # MB
N_CHUNKS, CHANGE = 99, 66
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "machine.csv"
names = [*(f"sensor {i}" for i in range(N_SENSORS)), "service"]
rng = np.random.default_rng(0)
for i in range(N_CHUNKS):
    readings, service = make_chunk(rng)
    if i >= CHANGE:
        readings[:, [1, 2]] = readings[:, [2, 1]]
    piece = pd.DataFrame(np.column_stack([readings, service]), columns=names)
    piece.to_csv(path, mode="a", header=i == 0, index=False)

# %%
# The memory of the whole table.
import tracemalloc

tracemalloc.start()
table = pd.read_csv(path).to_numpy(float)
_, whole = tracemalloc.get_traced_memory()
tracemalloc.stop()
del table

# %%
# The stream. A copy of the model just before the change is kept for comparison: it is not trained
# any further.
import copy

model, scaler, frozen = ScratchMLPClassifier(random_state=0), StandardScaler(), None
rows = []
tracemalloc.start()
for i, piece in enumerate(pd.read_csv(path, chunksize=CHUNK)):
    X, y = piece[names[:-1]].to_numpy(float), piece["service"].to_numpy()
    if i == CHANGE:
        frozen = copy.deepcopy((scaler, model))
    row = {"chunk": i}
    if i > 0:  # first testing ...
        row["learning"] = model.score(scaler.transform(X), y)
        row["frozen"] = frozen[1].score(frozen[0].transform(X), y) if frozen else np.nan
    model.partial_fit(scaler.partial_fit(X).transform(X), y, classes=[0, 1])  # ... then training
    _, row["peak"] = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    rows.append(row)
tracemalloc.stop()
stream = pd.DataFrame(rows).set_index("chunk")
megabytes = pd.Series(
    {
        "allowed": ALLOWED,
        "the file": path.stat().st_size / 1e6,
        "the whole table": whole / 1e6,
        "the stream, at most": stream["peak"].max() / 1e6,
    },
    name="MB",
)
folder.cleanup()
print(megabytes.round(1).to_string())

# %%
# The file alone is larger than the allowed memory. The stream stays below the limit, whatever the
# number of rows.
import matplotlib.pyplot as plt

seen = (stream.index + 1) * CHUNK / 1000
figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
axis.axhline(megabytes["the whole table"], color="#D55E00", label="reading the whole table, peak")
kept = (len(names) * 8 * CHUNK / 1e6) * (stream.index + 1)
axis.fill_between(seen, kept, color="#E69F00", alpha=0.3, lw=0, label="the rows so far, if kept")
axis.axhline(ALLOWED, color="black", ls=":", label="allowed")
axis.plot(seen, stream["peak"] / 1e6, color="#0072B2", lw=2, label="the stream, peak in a chunk")
axis.set(xlabel="thousand rows", ylabel="memory in MB", xlim=(0, seen.max()))
axis.set_ylim(bottom=0)
axis.legend(loc="center left")

# %%
# The accuracy falls at once when the sensors are swapped. The model that continues to learn
# recovers. The frozen model does not.
periods = {
    "first chunk": slice(1, 1),
    "before the change": slice(CHANGE - 10, CHANGE - 1),
    "just after": slice(CHANGE, CHANGE),
    "at the end": slice(N_CHUNKS - 10, N_CHUNKS - 1),
}
accuracy = pd.DataFrame(
    {name: stream.loc[period, ["learning", "frozen"]].mean() for name, period in periods.items()}
)
print(accuracy.T.round(3).to_string())
figure, axis = plt.subplots(figsize=(7, 3.8), layout="constrained")
for name, color in {"frozen": "#D55E00", "learning": "#0072B2"}.items():
    axis.plot(seen, stream[name], ".-", color=color, label=name)
axis.axvline(CHANGE * CHUNK / 1000, color="gray", ls=":", label="two sensors are swapped")
axis.axhline(0.5, color="gray", lw=0.8)
axis.set(xlabel="thousand rows", ylabel="prequential accuracy", xlim=(0, seen.max()))
axis.grid(alpha=0.3)
axis.legend(loc="center left", bbox_to_anchor=(0.1, 0.4))
plt.show()
