"""Validation rows: the loss and the score on them, and the temperature that they ask for."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_softmax

from skscratch.core.losses import (
    CLASS_LOSSES,
    LOSSES,
    LogisticCrossEntropy,
    SoftmaxCrossEntropy,
)
from skscratch.core.optimizers import EMA
from skscratch.training import validation as module
from skscratch.training.data import ValidationRows
from skscratch.training.scaling import Scaling
from skscratch.training.validation import Evaluator, fit_temperature, mean_loss

SOFTMAX = SoftmaxCrossEntropy()


def drawn(loss, n, sharpness=1.0, seed=0):
    """Logits, too sharp by a factor, and targets drawn from what the logits should have been."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 3))
    if loss != SOFTMAX.name:
        y = (rng.random(z.shape) < expit(z)).astype(float)
    else:
        y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    return sharpness * z, y, np.ones(n)


# Regressors have no temperature.
losses = pytest.mark.parametrize("loss", sorted(CLASS_LOSSES))
every_loss = pytest.mark.parametrize("loss", sorted(LOSSES))


@losses
@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_many_rows_find_by_how_much_logits_are_too_sharp(loss, sharpness):
    assert_allclose(
        fit_temperature(LOSSES[loss], [drawn(loss, 50_000, sharpness)]), sharpness, rtol=0.03
    )


@pytest.mark.parametrize("n", [20, 400])
def test_it_is_where_the_loss_and_what_it_costs_to_leave_1_are_least(n):
    z, y, w = drawn(SOFTMAX.name, n, 2.0)
    log_T = np.linspace(-1.5, 1.5, 3001)
    objective = [
        -log_softmax(z / np.exp(t), axis=1)[np.arange(n), y].sum() + 10 * t**2 for t in log_T
    ]
    assert_allclose(
        np.log(fit_temperature(SOFTMAX, [(z, y, w)])), log_T[np.argmin(objective)], atol=0.002
    )


@losses
def test_few_rows_move_it_little(loss):
    """Ten rows that are all right ask for certainty."""
    z, _, w = drawn(loss, 10)
    y = z.argmax(axis=1) if loss == SOFTMAX.name else (z > 0).astype(float)
    assert 0.7 < fit_temperature(LOSSES[loss], [(z, y, w)]) < 1


@losses
def test_weights_count_like_repeated_rows(loss):
    z, y, _ = drawn(loss, 200, 2.0)
    counts = np.random.default_rng(1).integers(0, 3, 200)
    repeated = fit_temperature(
        LOSSES[loss], [(z.repeat(counts, 0), y.repeat(counts, 0), np.ones(counts.sum()))]
    )
    assert_allclose(
        fit_temperature(LOSSES[loss], [(z, y, counts.astype(float))]), repeated, rtol=1e-6
    )


@losses
def test_what_it_gets_is_left_alone(loss):
    z, y, w = (
        array.astype(np.float32 if array.dtype.kind == "f" else int) for array in drawn(loss, 50)
    )
    before = z.copy(), y.copy(), w.copy()
    fit_temperature(LOSSES[loss], [(z, y, w)])
    for array, own in zip((z, y, w), before, strict=True):
        assert_array_equal(array, own)


def test_logits_that_lie_as_a_forward_pass_leaves_them():
    z, y, w = drawn(SOFTMAX.name, 300, 2.0)
    by_columns = fit_temperature(SOFTMAX, [(np.asfortranarray(z), y, w)])
    assert by_columns == fit_temperature(SOFTMAX, [(z, y, w)])


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


@losses
@pytest.mark.parametrize("kept", [2**19, 100])
def test_rows_may_come_some_at_a_time(loss, kept, monkeypatch):
    """Whether they are few and kept, or asked for again and again."""
    monkeypatch.setattr(module, "KEPT", kept)
    z, y, _ = drawn(loss, 500, 2.0)
    w = np.random.default_rng(1).random(500)
    chunks = Chunks(z, y, w, 64)
    expected = fit_temperature(LOSSES[loss], [(z, y, w)])
    assert_allclose(fit_temperature(LOSSES[loss], chunks), expected, rtol=1e-6)
    assert (chunks.visits > 5) is (kept == 100)


class Scores:
    """A scorer that writes down what it is to score on."""

    def __init__(self, score):
        self.score, self.seen = score, []

    def on(self, data, rows):
        self.seen.append((data, rows))
        return lambda params: self.score(params, rows)


@pytest.fixture
def rows_at_a_time(monkeypatch):
    """Return a function that says into batches of how many rows data are divided."""
    return lambda n: monkeypatch.setattr(module, "rows_per_buffer", lambda arch, X: n)


def linear_loss(data, theta):
    """Return the linear model's mean loss over all rows."""
    z = data.X @ theta[:3, None] + theta[3]
    return np.logaddexp(0, np.where(data.y, -z, z)).mean()


class TestEvaluator:
    @pytest.fixture(autouse=True)
    def _six_rows_at_a_time(self, rows_at_a_time):
        rows_at_a_time(6)

    def follow(self, state, data, scorer=None):
        for _ in range(4):
            state.record(1.0, 0.0)
        return Evaluator(state, ValidationRows(data, np.arange(20)), scorer, state.current)

    def visit(self, state, data, evaluator):
        """Return the loss and the share of right rows at four places, and what is watched there."""
        losses, scores, watched = [], [], []
        for w in (0.0, 1.0, 5.0, -1.0):
            state.theta[:] = [w, w, w, 0]
            losses.append(linear_loss(data, state.theta))
            scores.append(((data.X.sum(axis=1, keepdims=True) * w > 0) == data.y).mean())
            state.record(1.0, 0.0)
            (loss,), (score,) = evaluator.evaluate()
            watched.append(loss)
            assert score == state.history["validation_score"][-1]
        return losses, scores, watched

    def test_the_loss_and_the_share_of_right_rows_are_recorded(self, state, data):
        losses, scores, watched = self.visit(state, data, self.follow(state, data))
        assert_allclose(state.history["validation_loss"][4:], losses)
        assert_allclose(state.history["validation_score"][4:], scores)
        assert_allclose(watched, losses)
        assert np.isnan(state.history["validation_score"][:4]).all()

    def test_a_score_of_ones_own_is_what_counts(self, state, data):
        """What is watched is to fall, a score is to rise."""
        scorer = Scores(lambda params, rows: -abs(params.weights[0][0, 0] - 1))
        losses, _, watched = self.visit(state, data, self.follow(state, data, scorer))
        assert watched == [1, 0, 4, 2]
        assert state.history["validation_score"][4:] == [-1, 0, -4, -2]
        assert_allclose(state.history["validation_loss"][4:], losses)
        ((source, rows),) = scorer.seen
        assert source is data
        assert_array_equal(rows, np.arange(20))

    def test_a_scorer_gets_a_network_for_inputs_as_they_are(self, new, data):
        state = new.state(weight=3.0)
        state.scaling = Scaling(np.ones(3), np.full(3, 2.0))
        scorer = Scores(lambda params, rows: params.weights[0].sum() + params.biases[0][0])
        _, (score,) = self.follow(state, data, scorer).evaluate()
        assert score == 3 * 3 / 2 - 3 * 3 / 2
        state.theta[3] = 7
        assert self.follow(state, data, scorer).evaluate()[1] == [7]

    def test_rows_are_brought_to_scale(self, new, data):
        state = new.state(weight=3.0)
        state.scaling = Scaling(np.ones(3), np.full(3, 2.0))
        losses, _ = self.follow(state, data).evaluate()
        assert_allclose(losses, linear_loss(new.data((data.X - 1) / 2), state.theta))

    def test_evaluation_changes_nothing_but_the_history(self, state, data):
        before = copy.deepcopy(state.state_dict())
        self.follow(state, data).evaluate()
        state.load_state_dict({"counted": before["counted"]})
        assert repr(state.state_dict()) == repr(before)
        assert not state.keeps_best
        assert state.best is None

    def test_the_average_is_evaluated_where_there_is_one(self, state, data):
        state.ema = EMA(state.theta, 0.9, np.full(4, 1.0))
        evaluator = self.follow(state, data)
        state.theta[:], state.ema.mean[:] = 99, [2, 2, 2, 0]
        assert_allclose(evaluator.evaluate()[0], linear_loss(data, state.ema.mean))

    def test_neither_dropout_nor_smoothing_is_measured(self, new, data):
        hard = replace(new.deep, loss=LogisticCrossEntropy(smoothing=0.4))
        losses = []
        for arch in (hard, replace(new.deep, dropout=())):
            state = new.state(arch, 0.5)
            before = state.dropout.bit_generator.state
            losses.append(self.follow(state, data).evaluate()[0])
            assert state.dropout.bit_generator.state == before
        z = 4 * 0.5 * np.tanh(0.5 * data.X.sum(axis=1, keepdims=True))
        assert_allclose(losses, np.logaddexp(0, np.where(data.y, -z, z)).mean())

    def test_rows_without_a_place_among_the_validation_rows_do_not_count(self, new, data):
        state = new.state(weight=1.0)
        state.record(1.0, 0.0)
        rows = np.array([3, 11, 2])
        losses, _ = Evaluator(state, ValidationRows(data, rows), None, state.theta).evaluate()
        assert_allclose(losses, linear_loss(new.data(data.X[rows], data.y[rows]), state.theta))


class TestEvaluatorOfMembers:
    def follow(self, ensemble, state, loss="softmax_cross_entropy", rows=None, scorer=None):
        data = ensemble.data(loss, ensemble.weights)
        rows = ValidationRows(data, ensemble.rows if rows is None else rows)
        return Evaluator(state, rows, scorer, state.theta)

    @pytest.mark.parametrize("batch_size", [1, 5, 17])
    @pytest.mark.parametrize("shared", [False, True])
    def test_each_is_judged_by_its_rows_however_they_are_divided(
        self, batch_size, shared, ensemble, rows_at_a_time
    ):
        rows_at_a_time(batch_size)
        state, w = ensemble.state(), ensemble.weights
        state.record(1.0, 0.0)
        given = ensemble.rows[0] if shared else ensemble.rows
        losses, scores = self.follow(ensemble, state, rows=given).evaluate()
        each = zip(ensemble.alone(state), np.broadcast_to(given, (3, 17)), strict=True)
        for i, (one, rows) in enumerate(each):
            z = ensemble.logits(one.arch, *one.params, ensemble.X[rows])
            y = ensemble.targets[SOFTMAX.name][rows]
            loss = np.log(np.exp(z).sum(axis=1)) - z[np.arange(17), y]
            assert_allclose(losses[i], np.average(loss, weights=w[rows]))
            assert_allclose(scores[i], np.average(z.argmax(axis=1) == y, weights=w[rows]))
        assert_allclose(state.history["validation_loss"], losses.mean())
        assert_allclose(state.history["validation_score"], scores.mean())
        assert len(set(losses)) == 3

    def test_a_score_of_ones_own_is_what_counts(self, ensemble):
        """It is that of the rows that each member has held out."""
        state, first = ensemble.state(), ensemble.rows[:, 0].tolist()
        values = dict(zip(first, (1.0, 2.0, 6.0), strict=True))
        assert len(values) == 3
        state.record(1.0, 0.0)
        scorer = Scores(lambda params, rows: values[rows[0]])
        watched, scores = self.follow(ensemble, state, scorer=scorer).evaluate()
        assert watched.tolist() == [-1, -2, -6]
        assert scores.tolist() == [1, 2, 6]
        assert state.history["validation_score"] == [3]

    @pytest.mark.parametrize("shared", [False, True])
    def test_a_scorer_gets_the_parameters_of_each_member(self, shared, ensemble):
        state = ensemble.state()
        state.record(1.0, 0.0)
        scorer = Scores(lambda params, rows: params.biases[-1][0])
        rows = ensemble.rows[0] if shared else None
        _, scores = self.follow(ensemble, state, rows=rows, scorer=scorer).evaluate()
        assert_array_equal(scores, state.params.biases[-1][:, 0])
        assert len(scorer.seen) == (1 if shared else 3)

    @losses
    def test_the_temperature_is_that_of_the_rows_of_all(self, loss, ensemble, rows_at_a_time):
        """Each row with the logits of the member that has not seen it; not those of now."""
        rows_at_a_time(5)
        state, parts = ensemble.state(loss=loss), []
        theta, evaluator = state.theta.copy(), self.follow(ensemble, state, loss)
        for one, rows in zip(ensemble.alone(state), ensemble.rows, strict=True):
            z = ensemble.logits(one.arch, *one.params, ensemble.X[rows])
            parts.append((z, ensemble.targets[loss][rows], ensemble.weights[rows]))
        state.theta[:] = 0
        pooled = tuple(map(np.concatenate, zip(*parts, strict=True)))
        assert_allclose(
            evaluator.temperature(theta), fit_temperature(LOSSES[loss], [pooled]), rtol=1e-6
        )

    @losses
    def test_rows_of_the_user_ask_for_the_temperature_of_the_mean(self, loss, ensemble):
        state, rows = ensemble.state(loss=loss), ensemble.rows[0]
        evaluator = self.follow(ensemble, state, loss, rows)
        z = np.mean(
            [ensemble.logits(o.arch, *o.params, ensemble.X[rows]) for o in ensemble.alone(state)],
            axis=0,
        )
        expected = z, ensemble.targets[loss][rows], ensemble.weights[rows]
        assert_allclose(
            evaluator.temperature(state.theta),
            fit_temperature(LOSSES[loss], [expected]),
            rtol=1e-6,
        )


@every_loss
def test_the_mean_loss_is_that_of_the_merged_network_on_all_rows(loss, ensemble, monkeypatch):
    """Of inputs as they are, with weights, at other parameters than those of now."""
    monkeypatch.setattr(module, "rows_per_buffer", lambda arch, X: 8)
    state, w = ensemble.state(loss=loss), ensemble.weights
    state.scaling = Scaling(np.arange(4) / 2, np.exp2(np.arange(4)))
    scaled = (ensemble.X - state.scaling.center) / state.scaling.scale
    z = np.mean([ensemble.logits(o.arch, *o.params, scaled) for o in ensemble.alone(state)], axis=0)
    theta, data = state.theta.copy(), ensemble.data(loss, w)
    state.theta[:] = 0
    expected = LOSSES[loss].forward(z, ensemble.targets[loss], w / w.sum())
    assert_allclose(mean_loss(state, data, theta), expected)
