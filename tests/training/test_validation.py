"""The temperature that held-out logits ask for."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_softmax

from skscratch.core.losses import LOSSES
from skscratch.training import temperature as module
from skscratch.training.validation import temperature


def drawn(link, n, sharpness=1.0, seed=0):
    """Logits, too sharp by a factor, and targets drawn from what the logits should have been."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 3))
    if link == "logistic":
        y = (rng.random(z.shape) < expit(z)).astype(float)
    else:
        y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    return sharpness * z, y, np.ones(n)


links = pytest.mark.parametrize("link", sorted(LOSSES))


@links
@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_many_rows_find_by_how_much_logits_are_too_sharp(link, sharpness):
    assert_allclose(
        temperature(LOSSES[link], [drawn(link, 50_000, sharpness)]), sharpness, rtol=0.03
    )


@pytest.mark.parametrize("n", [20, 400])
def test_it_is_where_the_loss_and_what_it_costs_to_leave_1_are_least(n):
    z, y, w = drawn("softmax", n, 2.0)
    log_T = np.linspace(-1.5, 1.5, 3001)
    objective = [
        -log_softmax(z / np.exp(t), axis=1)[np.arange(n), y].sum() + 10 * t**2 for t in log_T
    ]
    assert_allclose(
        np.log(temperature(LOSSES["softmax"], [(z, y, w)])), log_T[np.argmin(objective)], atol=0.002
    )


@links
def test_few_rows_move_it_little(link):
    """Ten rows that are all right ask for certainty."""
    z, _, w = drawn(link, 10)
    y = z.argmax(axis=1) if link == "softmax" else (z > 0).astype(float)
    assert 0.7 < temperature(LOSSES[link], [(z, y, w)]) < 1


@links
def test_weights_count_like_repeated_rows(link):
    z, y, _ = drawn(link, 200, 2.0)
    counts = np.random.default_rng(1).integers(0, 3, 200)
    repeated = temperature(
        LOSSES[link], [(z.repeat(counts, 0), y.repeat(counts, 0), np.ones(counts.sum()))]
    )
    assert_allclose(temperature(LOSSES[link], [(z, y, counts.astype(float))]), repeated, rtol=1e-6)


@links
def test_what_it_gets_is_left_alone(link):
    z, y, w = (
        array.astype(np.float32 if array.dtype.kind == "f" else int) for array in drawn(link, 50)
    )
    before = z.copy(), y.copy(), w.copy()
    temperature(LOSSES[link], [(z, y, w)])
    for array, copy in zip((z, y, w), before, strict=True):
        assert_array_equal(array, copy)


def test_logits_that_lie_as_a_forward_pass_leaves_them():
    z, y, w = drawn("softmax", 300, 2.0)
    by_columns = temperature(LOSSES["softmax"], [(np.asfortranarray(z), y, w)])
    assert by_columns == temperature(LOSSES["softmax"], [(z, y, w)])


class Chunks:
    """Rows some at a time, in the same buffers, as batches come."""

    def __init__(self, z, y, w, n):
        self.z, self.y, self.w, self.n, self.visits = z, y, w, n, 0

    def __iter__(self):
        self.visits += 1
        y, w = np.empty_like(self.y[: self.n]), np.empty_like(self.w[: self.n])
        for i in range(0, len(self.z), self.n):
            z = self.z[i : i + self.n]
            y[: len(z)], w[: len(z)] = self.y[i : i + self.n], self.w[i : i + self.n]
            yield z.copy(), y[: len(z)], w[: len(z)]


@links
@pytest.mark.parametrize("kept", [2**19, 100])
def test_rows_may_come_some_at_a_time(link, kept, monkeypatch):
    """Whether they are few and kept, or asked for again and again."""
    monkeypatch.setattr(module, "KEPT", kept)
    z, y, _ = drawn(link, 500, 2.0)
    w = np.random.default_rng(1).random(500)
    chunks = Chunks(z, y, w, 64)
    expected = temperature(LOSSES[link], [(z, y, w)])
    assert_allclose(temperature(LOSSES[link], chunks), expected, rtol=1e-6)
    assert (chunks.visits > 5) is (kept == 100)
