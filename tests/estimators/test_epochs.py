"""An epoch from an estimator's parameters: alone, as ``partial_fit`` trains, and in a fit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core.optimizers import Momentum
from skscratch.core.schedules import Constant
from skscratch.estimators._callbacks import NoCallbacks
from skscratch.training import loop
from skscratch.training.lbfgs import LBFGSFit
from skscratch.training.loop import LEAST_ROWS, EpochRunner, train_one_epoch
from skscratch.training.outcome import Diverged
from skscratch.training.sgd import StochasticFit

short = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # fits of a fixed length on purpose
)

ROWS = np.arange(0, 90, 2)
RATE = Constant(0.5)


def make(config, state, data, rows=ROWS, **kwargs):
    options = config.stochastic
    return EpochRunner(config, options, state, data, rows, options.batch_size, **kwargs)


def hooks_of(model, config, state):
    hooks = NoCallbacks(model)
    hooks.begin(config, state, keep_optimizer=True)
    return hooks


def whole_fit(model, config, state, data):
    kind = LBFGSFit if config.stochastic is None else StochasticFit
    kind(config, config.optimizer, state, data, hooks_of(model, config, state)).run()


def one_epoch(model, config, state, data):
    hooks = hooks_of(model, config, state)
    train_one_epoch(config, config.optimizer, state, data, hooks)


class TestEpochRunner:
    def test_it_takes_what_the_parameters_say(self, binary, small, start):
        """One step against the same by the rule, from the same gradient."""
        model = small(
            solver=Momentum(0.5),
            learning_rate=RATE,
            alpha=9.0,
            weight_decay=0.25,
            max_grad_norm=0.01,
            ema_decay=0.5,
        )
        config, run, data = start(model, *binary)
        before = run.theta.copy()
        make(config, run, data).epoch()
        n = run.W.size
        norm = run.history["gradient_norm"][0]
        step = (before - run.theta) / 0.5
        step[:n] -= (0.25 + 9.0 / 45) * before[:n]
        assert norm > 0.01
        assert_allclose(np.linalg.norm(step), 0.01)
        assert_array_equal(run.ema.mean, run.theta)
        assert run.optimizer.rule == "Momentum"

    def test_by_default_nothing_is_clipped_decayed_or_averaged(self, binary, small, start):
        model = small(alpha=0.0, solver=Momentum(0.0), learning_rate=RATE)
        config, run, data = start(model, *binary)
        before = run.theta.copy()
        make(config, run, data).epoch()
        assert_allclose(np.linalg.norm(before - run.theta), 0.5 * run.history["gradient_norm"][0])
        assert run.ema is None

    def test_it_trains_on_the_rows_that_it_is_given(self, binary, small, start):
        model = small(batch_size=20, shuffle=False)
        config, run, data = start(model, *binary)
        batches = [(batch.X.copy(), batch.y.copy()) for batch in make(config, run, data).batches]
        assert [len(X) for X, _ in batches] == [20, 20, 5]
        assert_array_equal(np.vstack([X for X, _ in batches]), data.X[ROWS])
        assert_array_equal(np.vstack([y for _, y in batches]), data.y[ROWS])

    def test_it_shuffles_by_the_runs_stream(self, binary, small, start):
        model = small(batch_size=20)
        config, run, data = start(model, *binary)
        order = ROWS.copy()
        rng = np.random.default_rng()
        rng.bit_generator.state = run.shuffle.bit_generator.state
        rng.shuffle(order)
        seen = np.vstack([batch.X.copy() for batch in make(config, run, data).batches])
        assert_array_equal(seen, data.X[order])


class TestPenalty:
    def l2(self, start, model, X, y, rows=ROWS, weight=None):
        config, state, data = start(model, X, y, weight)
        return make(config, state, data, rows, least_rows=1).l2

    def test_it_is_alpha_over_the_number_of_rows(self, binary, small, start):
        assert self.l2(start, small(alpha=9.0), *binary) == 9 / 45
        assert self.l2(start, small(alpha=9.0), *binary, np.arange(90)) == 9 / 90

    def test_few_rows_count_as_more(self, binary, small, start):
        config, state, data = start(small(alpha=9.0), *binary)
        assert make(config, state, data, np.arange(5)).l2 == 9 / LEAST_ROWS
        assert make(config, state, data, np.arange(90)).l2 == 9 / 90

    def test_it_is_alpha_over_the_weight_of_the_rows(self, binary, small, start):
        weight = np.linspace(0, 2, 90) ** 0.5
        in_rows = weight[ROWS].sum() / weight[1:].mean()  # a row of mean weight counts as one
        l2 = self.l2(start, small(alpha=9.0), *binary, weight=weight)
        assert_allclose(l2, 9 / in_rows)

    def test_a_sum_that_float32_cannot_hold(self, binary, small, start):
        X, y = binary
        weight = np.full(90, 3e38)
        l2 = self.l2(start, small(alpha=9.0), X.astype(np.float32), y, np.arange(90), weight)
        assert l2 == 9 / 90


@short
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_one_epoch_is_the_first_of_a_fit(task, solver, small, start):
    model = small(solver=solver, batch_size=16, alpha=0)  # a call counts as 200 rows at least
    runs = []
    for train in (whole_fit, one_epoch):
        config, run, data = start(model.set_params(max_iter=1), *task)
        train(model, config, run, data)
        runs.append(run)
    assert_array_equal(runs[0].theta, runs[1].theta)
    assert runs[0].history["loss"] == runs[1].history["loss"]
    assert [run.n_epochs for run in runs] == [1, 1]
    assert [run.n_samples_seen for run in runs] == [90, 90]


@short
def test_a_fit_takes_as_many_epochs_as_it_may(binary, small, start):
    model = small(max_iter=4)
    config, run, data = start(model, *binary)
    whole_fit(model, config, run, data)
    assert run.n_epochs == len(run.history) == 4
    assert run.optimizer.rule == "Adam"


@short
def test_lbfgs_leaves_nothing_for_an_optimizer_to_remember(binary, small, start):
    model = small(solver="lbfgs", max_iter=4)
    config, run, data = start(model, *binary)
    whole_fit(model, config, run, data)
    assert run.n_epochs == len(run.history) == 4
    assert run.optimizer is None


def test_one_epoch_holds_no_rows_out_and_knows_no_end(binary, small, start):
    """What decides over a fit is for a fit."""
    model = small(early_stopping=True, validation_fraction=0.4, max_iter=1)
    plain = small()
    runs = []
    for each in (model, plain):
        config, run, data = start(each, *binary, is_partial=True)
        for _ in range(3):
            one_epoch(each, config, run, data)
        runs.append(run)
    assert_array_equal(runs[0].theta, runs[1].theta)
    assert runs[0].n_samples_seen == 270
    assert not runs[0].keeps_best


def test_one_epoch_leaves_out_rows_without_weight(binary, small, start):
    model = small(batch_size=10)
    config, run, data = start(model, *binary, np.arange(90) % 3)
    one_epoch(model, config, run, data)
    assert run.n_samples_seen == 60
    assert run.optimizer.n_updates == 6


def test_one_epoch_that_diverges_is_an_error(binary, small, start):
    model = small(learning_rate_init=1e300, activation="identity", batch_size=4)
    config, run, data = start(model, *binary)
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="epoch 1"):
        one_epoch(model, config, run, data)
    assert run.n_epochs == 0
    with pytest.raises(ValueError, match="learning_rate_init"):
        model.partial_fit(*binary, classes=[0, 1])


def test_one_epoch_is_one_line_if_asked_for(binary, small, start, capsys):
    model = small(verbose=True)
    config, run, data = start(model, *binary)
    one_epoch(model, config, run, data)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_calls_of_partial_fit_do_not_make_the_history_grow_without_end(binary, small, monkeypatch):
    monkeypatch.setattr(loop, "EPOCHS_REMEMBERED", 3)
    X, y = binary
    model, losses = small(), []
    for _ in range(5):
        losses.append(model.partial_fit(X, y, classes=[0, 1]).loss_)
    assert model.n_iter_ == 5
    assert model.loss_curve_ == losses[-3:]
    assert model.best_loss_ == min(losses)
    assert {len(column) for column in model.history_.values()} == {3}


@short
def test_a_fit_remembers_every_epoch(binary, small, monkeypatch):
    monkeypatch.setattr(loop, "EPOCHS_REMEMBERED", 3)
    assert len(small(max_iter=5).fit(*binary).loss_curve_) == 5
