"""matplotlib without a screen, and small fitted networks."""

from functools import partial

import numpy as np
import pytest

from tests.models import USUAL, small

matplotlib = pytest.importorskip("matplotlib", reason='plots need "skscratch[plot]"')


@pytest.fixture(autouse=True)
def _no_screen():
    """Settings are restored after every test, or one that a display changed would be usual."""
    with matplotlib.rc_context({"backend": "Agg"}):
        yield


@pytest.fixture(scope="session")
def data():
    """X (90, 16), images of 4 by 4 pixels, y in three classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 16))
    return X, (X @ rng.normal(size=(16, 3))).argmax(axis=1)


@pytest.fixture(name="small", scope="session")
def _small():
    """Return an unfitted network that is trained for exactly six epochs; keywords override."""
    endless = {"max_iter": 6, "tol": 0, "n_iter_no_change": np.inf}
    return partial(
        small,
        hidden_layer_sizes=(5,),
        solver="adam",
        learning_rate_init=0.05,
        **endless,
        batch_size="auto",
        **USUAL,
    )


@pytest.fixture(scope="session")
def fitted(data, small):
    """A network with the history of a validation set."""
    return small().fit(*data, X_val=data[0][:30], y_val=data[1][:30])
