"""Fixtures for every test, and how many cases a test is tried on."""

import os
import tempfile
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir
from threadpoolctl import threadpool_limits

from tests.pairwise import cover

# A case takes as long as it takes, and none is kept for the next time.
FIXED = {"derandomize": True, "database": None, "deadline": None}
settings.register_profile("default", max_examples=50, **FIXED)
settings.register_profile("exhaustive", max_examples=200, **FIXED)
settings.register_profile("nightly", max_examples=2000, database=None, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


# On a busy machine a worker of Dask may take longer to start than the 30 seconds that Dask waits.
os.environ.setdefault("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "300s")


def pytest_configure(config):
    """Keep what hypothesis writes out of the checkout, and processes out of each other's way."""
    folder = tempfile.TemporaryDirectory()
    config.add_cleanup(folder.cleanup)
    set_hypothesis_home_dir(folder.name)
    # Each process of several has a core; more BLAS threads than cores wait for each other.
    if hasattr(config, "workerinput"):
        threadpool_limits(1, user_api="blas")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark as exhaustive what a test marked pairwise can do without."""
    products = [item for item in items if item.get_closest_marker("pairwise")]
    for _, group in groupby(products, key=lambda item: item.nodeid.partition("[")[0]):
        cases = [*group]
        # a value is the same object in all its cases, and need not be hashable
        kept = cover([{k: id(v) for k, v in case.callspec.params.items()} for case in cases])
        for i in {*range(len(cases))} - {*kept}:
            cases[i].add_marker("exhaustive")


# Data too large for the repository may lie beside the checkout.
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def data_folder(name):
    """Return the folder of a data set; skip the test where there is none."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"needs the data in ../shared/data/{name}")
    return folder


@pytest.fixture(scope="session")
def mnist_dir():
    """The folder of mnist_train.csv.gz and mnist_test.csv.gz."""
    return data_folder("mnist")


@pytest.fixture(scope="session")
def tabular_dir():
    """The folder of the tabular data sets, ``<name>.csv.gz``."""
    return data_folder("tabular")


# Some of scikit-learn's own checks draw from the global random state, and so does MAPIE.
DRAW_THEMSELVES = (
    "test_scikit_learn_checks",
    "test_examples_print_what_they_show[guide/targets]",
)


@pytest.fixture(autouse=True)
def global_random_state_untouched(request):
    """No test, and nothing that it calls, draws from NumPy's global random state."""
    before = np.random.get_state()  # noqa: NPY002
    yield
    after = np.random.get_state()  # noqa: NPY002
    if not request.node.name.startswith(DRAW_THEMSELVES):
        assert all(map(np.array_equal, before, after)), "the global random state has moved"
