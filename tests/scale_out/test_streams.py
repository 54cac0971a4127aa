"""Training on data that come in parts: the values, and memory that more parts do not fill."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skscratch import ScratchMLPClassifier
from skscratch.datasets import load_mnist_csv

CHUNK = 2000


def new_model():
    return ScratchMLPClassifier(
        (32,), solver="sgd", learning_rate_init=0.1, batch_size=100, random_state=0
    )


def train_on_csv(path, n_chunks):
    """Train on the first chunks of an MNIST file, read one after the other."""
    model = new_model()
    with pd.read_csv(path, chunksize=CHUNK, nrows=CHUNK * n_chunks, dtype=np.uint8) as chunks:
        for chunk in chunks:
            X = chunk.drop(columns="label").astype(np.float32) / 255
            model.partial_fit(X, chunk["label"], classes=range(10))
    return model


def blocks(n_blocks):
    """Return Dask arrays of so many blocks of 4 MB, made as they are needed."""
    from dask import array as da

    X = da.random.default_rng(0).normal(size=(10_000 * n_blocks, 50), chunks=(10_000, 50))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def train_on_blocks(n_blocks):
    import dask

    model = new_model()
    X, y = blocks(n_blocks)
    for pair in zip(X.blocks, y.blocks, strict=True):
        model.partial_fit(*dask.compute(*pair, scheduler="sync"), classes=[0, 1])
    return model


def peak(train, *args):
    """Return the most memory in MB that is held at a time, after a call that has warmed up."""
    train(*args[:-1], 1)
    tracemalloc.start()
    train(*args)
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return highest / 1e6


@pytest.fixture
def mnist_file(mnist_dir):
    return mnist_dir / "mnist_train.csv.gz"


class TestCsv:
    """A chunk is 1.6 MB as bytes, 6.3 MB as float32."""

    def test_chunks_train_as_slices_of_an_array_do(self, mnist_dir):
        path = mnist_dir / "mnist_test.csv.gz"
        X, y = load_mnist_csv(path, return_X_y=True)
        names = np.array(load_mnist_csv(path).feature_names, dtype=object)
        expected = new_model()
        for start in range(0, len(X), CHUNK):
            rows = slice(start, start + CHUNK)
            table = pd.DataFrame(X[rows].astype(np.float32) / 255, columns=names)
            expected.partial_fit(table, y[rows], classes=range(10))
        found = train_on_csv(path, 5)
        assert found.n_iter_ == 5
        for ours, theirs in zip(found.coefs_, expected.coefs_, strict=True):
            assert_array_equal(ours, theirs)
        assert_array_equal(found.feature_names_in_, names)

    def test_one_pass_learns_the_digits(self, mnist_file, mnist_dir):
        model = train_on_csv(mnist_file, 10)
        X, y = load_mnist_csv(mnist_dir / "mnist_test.csv.gz", return_X_y=True)
        table = pd.DataFrame(X.astype(np.float32) / 255, columns=model.feature_names_in_)
        assert model.score(table, y) > 0.88

    def test_more_chunks_take_no_more_memory(self, mnist_file):
        few, many = (peak(train_on_csv, mnist_file, n) for n in (2, 5))
        assert many < few + 1


class TestDask:
    """A block is 4 MB."""

    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("dask.array", reason='needs "skscratch[distributed]"')

    def test_blocks_train_as_slices_of_an_array_do(self):
        X, y = (array.compute(scheduler="sync") for array in blocks(3))
        expected = new_model()
        for start in range(0, len(X), 10_000):
            rows = slice(start, start + 10_000)
            expected.partial_fit(X[rows], y[rows], classes=[0, 1])
        found = train_on_blocks(3)
        assert expected.score(X, y) > 0.6
        for ours, theirs in zip(found.coefs_, expected.coefs_, strict=True):
            assert_array_equal(ours, theirs)

    def test_more_blocks_take_no_more_memory(self):
        few, many = (peak(train_on_blocks, n) for n in (2, 8))
        assert many < few + 1
