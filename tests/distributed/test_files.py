"""The blocks of the page that stream files, as they stand: on threads, and on ranks of MPI."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits

from skscratch import ScratchMLPClassifier
from skscratch.distributed import data_parallel
from tests.distributed import job
from tests.distributed.threads import assert_same_bits, on_ranks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scale-out.md"
X, y = load_digits(return_X_y=True, as_frame=True)
TABLE = X.astype(int).assign(label=y)
# rows of a part, of a row group of a file, and of the two files
PART, GROUP, ENDS = 200, 130, [0, 1100, 1797]


def block(kind):
    """Return the page's block that reads such files, with parts for a small data set."""
    found = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (text,) = (block for block in found if f"rows{{rank}}.{kind}" in block)
    assert text.count("20_000") == text.count("(512, 512)") == 1
    return text.replace("20_000", str(PART)).replace("(512, 512)", "(32,)")


@pytest.fixture(params=["csv", "parquet"])
def kind(request, tmp_path, monkeypatch):
    """The ending of two files in the working directory, each with rows of its own."""
    if request.param == "parquet":
        pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    monkeypatch.chdir(tmp_path)
    for rank in range(2):
        own = TABLE[slice(*ENDS[rank : rank + 2])]
        if request.param == "csv":
            own.to_csv(f"rows{rank}.csv", index=False)
        else:
            content = pyarrow.Table.from_pandas(own, preserve_index=False)
            parquet.write_table(content, f"rows{rank}.parquet", row_group_size=GROUP)
            assert parquet.ParquetFile(f"rows{rank}.parquet").num_row_groups > 2
    return request.param


def rows_of(part, rank):
    """Return the rows of a rank in a part, none if its file has ended."""
    first, end = ENDS[rank : rank + 2]
    return list(range(min(first + PART * part, end), min(first + PART * (part + 1), end)))


def trained(rows_of_part):
    """Return the model of five passes over arrays."""
    model = ScratchMLPClassifier((32,), batch_size=4096, random_state=0)
    for _ in range(5):
        for part in range(6):
            own = TABLE.iloc[rows_of_part(part)]
            model.partial_fit(own.drop(columns="label"), own["label"], classes=range(10))
    return model


def test_the_model_is_that_of_arrays(kind):
    def run(ranks):
        names = {"MPI": SimpleNamespace(COMM_WORLD=ranks), "rank": ranks.rank}
        names |= {"ScratchMLPClassifier": ScratchMLPClassifier, "data_parallel": data_parallel}
        exec(block(kind), names)
        return names["model"]

    models = on_ranks(run, 2)
    assert_same_bits(models)
    assert models[0].n_iter_ == 30
    on_arrays = on_ranks(lambda ranks: trained(lambda part: rows_of(part, ranks.rank)), 2)
    for own, other in zip(models[0].coefs_, on_arrays[1].coefs_, strict=True):
        assert_array_equal(own, other)
    one = trained(lambda part: rows_of(part, 0) + rows_of(part, 1))
    assert_allclose(models[0].coefs_[0], one.coefs_[0], rtol=1e-3, atol=1e-4)
    assert models[0].score(X.astype(int), y) > 0.5


@pytest.mark.skipif(job.MISSING, reason=job.WHY)
def test_the_block_runs_under_mpi(kind):
    script = block(kind) + "np.save(f'coefs{rank}.npy', model.coefs_[0])"
    status, _, err = job.run(script, 2)
    assert status == 0, err
    assert_array_equal(*(np.load(f"coefs{rank}.npy") for rank in range(2)))
    expected = on_ranks(lambda ranks: trained(lambda part: rows_of(part, ranks.rank)), 2)[0]
    assert_allclose(np.load("coefs0.npy"), expected.coefs_[0], rtol=1e-3, atol=1e-4)
