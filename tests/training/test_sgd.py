"""A stochastic fit from its first epoch to its last, without any estimator."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core.network import views
from skscratch.core.optimizers import Adam, Momentum
from skscratch.core.schedules import Adaptive, Constant
from skscratch.training.checkpoint import CheckpointFile
from skscratch.training.config import EarlyStopping
from skscratch.training.outcome import Diverged, End
from skscratch.training.sgd import StochasticFit
from skscratch.training.state import Streams
from skscratch.training.validation import mean_loss

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 3))
# noisy labels, so that no loss falls for ever
Y = (X.sum(axis=1, keepdims=True) + RNG.normal(size=(40, 1)) > 0) * 1.0


def stopping(fraction=0.25, n_updates=0, temperature=False, refit=None):
    return EarlyStopping(fraction, n_updates, temperature, refit)


class Planned:
    """A learning rate of 0.1, but for the updates that have one of their own."""

    def __init__(self, rates):
        self.rates = rates

    def __call__(self, step):
        rate = self.rates.get(step, 0.1)
        if isinstance(rate, BaseException):
            raise rate
        return rate

    def after_plateau(self, scale):
        return 0.0


@pytest.fixture
def fit(new):
    """Return a function that makes a fit of forty rows, in batches of ten unless told otherwise."""

    def make(state=None, data=None, hooks=None, file=None, **params):
        params = {"batch_size": 10, "max_iter": 5, "tol": 0.0} | params
        state = new.state() if state is None else state
        config, hooks = new.config(state.arch, **params), hooks or new.hooks()
        data = new.data(X, Y) if data is None else data
        return StochasticFit(config, config.stochastic, state, data, hooks, file)

    return make


@pytest.fixture
def course(new):
    """Return a function to the parameters after each of some epochs on all rows."""

    def train(n_epochs, state=None, data=None, rows=None, **params):
        state = new.state() if state is None else state
        data = new.data(X, Y) if data is None else data
        runner, thetas = new.runner(state, data, rows, **{"batch_size": 10} | params), []
        for _ in range(n_epochs):
            runner.epoch()
            thetas.append(runner.current.copy())
        return thetas

    return train


class TestMaxIter:
    def test_it_trains_for_so_many_epochs(self, fit, course):
        run = fit(max_iter=5)
        run.run()
        assert run.outcome.end is End.MAX_ITER
        assert_array_equal(run.state.theta, course(5)[-1])
        assert run.state.result is run.state.theta
        assert (run.state.n_epochs, run.state.n_samples_seen) == (5, 200)
        assert run.hooks.begun == ["epoch"] * 5
        assert run.hooks.ended == [1, 2, 3, 4, 5]
        assert run.hooks.outcomes == [run.outcome]

    def test_its_outcome_says_where_it_began(self, fit, new):
        """Epochs of former runs do not count as epochs of this one."""
        state = new.state(weight=2.0)
        for loss in (1.0, 0.9, 0.8):
            state.record(loss, 0.0)
        state.history.keep_last(2)
        run = fit(state, max_iter=4)
        run.run()
        outcome = run.outcome
        assert_array_equal(outcome.theta_before, [2, 2, 2, 0])
        assert (outcome.n_epochs_before, outcome.n_recorded_before) == (3, 2)
        assert (state.n_epochs, len(state.history)) == (7, 6)
        assert (outcome.diverged_epoch, outcome.best_epochs) == (None, None)
        assert (outcome.refit_updates, outcome.lbfgs) == (None, None)

    @pytest.mark.parametrize(
        ("n", "rate", "expected"),
        [(2, 0.1, True), (math.inf, 0.1, False), (3, 1e-9, True), (2, 0.0, False)],
    )
    def test_it_is_unfinished_while_the_loss_falls(self, n, rate, expected, fit):
        """At rate 0 the loss stands still; with this tol every epoch is an improvement."""
        params = {"schedule": Constant(rate), "batch_size": 40, "tol": -10.0}
        run = fit(n_iter_no_change=n, **params)
        run.run()
        assert run.outcome.end is End.MAX_ITER
        assert run.outcome.unfinished is expected

    def test_epochs_of_former_runs_do_not_count(self, fit, new):
        """Neither the progress that they made nor their higher learning rate."""
        state = new.state()
        for loss in (9.0, 8.0, 7.0):
            state.record(loss, 0.0, learning_rate=0.1)
        params = {"schedule": Constant(0.004), "batch_size": 40, "tol": -10.0}
        run = fit(state, n_iter_no_change=2, **params)
        run.run()
        assert run.outcome.end is End.MAX_ITER
        assert run.outcome.unfinished

    @pytest.mark.parametrize("right", [True, False])
    def test_with_early_stopping_it_is_unfinished_while_the_validation_loss_falls(
        self, right, fit, new
    ):
        """That of wrong labels rises."""
        own = new.data(X[:10], Y[:10] if right else 1 - Y[:10])
        early = stopping(None, n_updates=math.inf)
        run = fit(data=new.data(X, Y, validation=own), n_iter_no_change=4, early_stopping=early)
        run.run()
        assert run.outcome.end is End.MAX_ITER
        assert run.outcome.unfinished is right


class TestNoProgress:
    def test_patience_ends_it(self, fit):
        """Nothing improves by more than tol; the first epoch always does."""
        run = fit(tol=10.0, n_iter_no_change=3, max_iter=50)
        run.run()
        assert run.outcome.end is End.NO_PROGRESS
        assert run.hooks.ended == [1, 2, 3, 4]
        assert run.hooks.outcomes == [run.outcome]
        assert not run.outcome.unfinished

    def test_a_schedule_may_go_on_at_a_lower_rate(self, fit):
        run = fit(tol=10.0, n_iter_no_change=3, max_iter=50, schedule=Adaptive(0.1))
        run.run()
        rates = np.array(run.state.history["learning_rate"])
        assert run.outcome.end is End.NO_PROGRESS
        assert_allclose(rates[:4], 0.1)
        assert_allclose(rates[4:7], 0.02)
        assert rates[-1] < 1e-6 < rates[-4]

    def test_updates_are_counted_with_early_stopping(self, fit):
        """Thirty rows are three updates an epoch; thirteen updates without progress are five."""
        early = stopping(n_updates=13)
        run = fit(tol=10.0, n_iter_no_change=1, max_iter=50, early_stopping=early)
        run.run()
        assert run.outcome.end is End.NO_PROGRESS
        assert run.state.n_epochs == 6


class TestCallback:
    def test_it_ends_training(self, fit, new, course):
        run = fit(hooks=new.hooks(stop_after=2))
        run.run()
        assert run.outcome.end is End.CALLBACK
        assert run.hooks.ended == [1, 2]
        assert run.hooks.outcomes == [run.outcome]
        assert_array_equal(run.state.result, course(2)[-1])
        assert not run.state.keeps_best

    def test_it_counts_more_than_patience_that_ends_at_once(self, fit, new):
        run = fit(tol=10.0, n_iter_no_change=1, hooks=new.hooks(stop_after=2))
        run.run()
        assert run.outcome.end is End.CALLBACK

    def test_with_early_stopping_the_best_are_the_result(self, fit, new):
        run = fit(early_stopping=stopping(), hooks=new.hooks(stop_after=3))
        run.run()
        assert run.outcome.end is End.CALLBACK
        assert run.state.result is run.best.theta


class TestInterrupt:
    def test_ctrl_c_in_a_hook_leaves_the_best_epoch(self, fit, new, course):
        """The second of three epochs, whose loss is the lowest: the third has gone astray."""
        schedule = Planned({8: -3.0, 9: -3.0})
        run = fit(schedule=schedule, hooks=new.hooks(raise_after=3))
        with pytest.raises(KeyboardInterrupt):
            run.run()
        losses = run.state.history["loss"]
        assert np.argmin(losses) == 1
        assert run.outcome.end is End.INTERRUPT
        assert run.hooks.outcomes == [run.outcome]
        assert run.state.n_epochs == len(losses) == 3
        assert_array_equal(run.state.result, course(2)[-1])
        assert run.outcome.best_epochs.tolist() == [2]

    def test_ctrl_c_within_an_epoch_leaves_those_that_are_complete(self, fit, course):
        run = fit(schedule=Planned({10: KeyboardInterrupt()}))
        with pytest.raises(KeyboardInterrupt):
            run.run()
        assert run.outcome.end is End.INTERRUPT
        assert run.state.n_epochs == len(run.state.history) == 2
        assert run.state.n_samples_seen == 80
        assert_array_equal(run.state.result, course(2)[-1])

    def test_ctrl_c_between_the_loss_and_the_score_does_not_count_the_epoch(self, fit):
        """The epoch is in the history already when its validation rows are scored."""

        class Interrupts:
            def on(self, data, rows):
                scores = iter([0.5, 0.4])
                return lambda params: next(scores, None) or interrupt()

        def interrupt():
            raise KeyboardInterrupt

        run = fit(early_stopping=stopping(), scorer=Interrupts())
        with pytest.raises(KeyboardInterrupt):
            run.run()
        assert run.state.n_epochs == len(run.state.history) == 2
        assert run.state.n_samples_seen == 60
        assert run.outcome.best_epochs.tolist() == [1]
        assert run.state.best_validation_score == 0.5

    def test_ctrl_c_in_the_first_epoch_leaves_the_start(self, fit, new):
        state = new.state(weight=2.0)
        run = fit(state, schedule=Planned({1: KeyboardInterrupt()}))
        with pytest.raises(KeyboardInterrupt):
            run.run()
        assert state.n_epochs == 0
        assert_array_equal(state.result, [2, 2, 2, 0])
        assert run.outcome.best_epochs is None
        assert run.hooks.outcomes == [run.outcome]

    def test_ctrl_c_in_a_refit_leaves_the_best_of_the_search(self, fit, new):
        run = fit(early_stopping=stopping(refit=10), hooks=new.hooks(raise_after=7))
        with pytest.raises(KeyboardInterrupt):
            run.run()
        assert run.outcome.end is End.INTERRUPT
        assert run.state.n_epochs == 7
        assert run.state.result is run.best.theta
        assert run.hooks.begun == ["epoch"] * 5 + ["refit epoch"] * 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
class TestDivergence:
    def test_in_the_first_epoch_it_is_an_error(self, fit, new):
        state = new.state()
        state.record(1.0, 0.0)
        run = fit(state, schedule=Planned({1: math.inf}))
        with pytest.raises(Diverged) as caught:
            run.run()
        assert caught.value.epoch == 2
        assert (run.hooks.ended, run.hooks.outcomes) == ([], [])
        assert state.n_epochs == 1

    def test_later_the_best_parameters_are_the_result(self, fit, course):
        run = fit(schedule=Planned({10: 1e200}))
        run.run()
        assert run.outcome.end is End.DIVERGED
        assert run.outcome.diverged_epoch == 3
        assert run.hooks.ended == [1, 2]
        assert run.hooks.outcomes == [run.outcome]
        assert run.state.n_epochs == len(run.state.history) == 2
        assert_array_equal(run.state.result, course(2)[-1])
        assert (run.state.optimizer, run.state.ema) == (None, None)

    def test_unless_the_start_was_better(self, fit):
        rates = dict.fromkeys(range(4), -0.5) | {5: 1e200}
        run = fit(schedule=Planned(rates))
        with pytest.raises(Diverged) as caught:
            run.run()
        assert caught.value.epoch == 2
        assert run.hooks.outcomes == []

    def test_in_a_search_there_is_no_refit(self, fit):
        """It would go astray in the same way."""
        run = fit(early_stopping=stopping(refit=10), schedule=Planned({7: 1e200}))
        run.run()
        assert run.outcome.end is End.DIVERGED
        assert run.outcome.diverged_epoch == 3
        assert run.outcome.refit_updates is None
        assert run.hooks.begun == ["epoch"] * 3
        assert run.state.result is run.best.theta

    def test_in_a_refit_the_best_of_the_search_are_the_result(self, fit, new):
        """Update 2 goes well in the search, but not in the refit."""
        rates, hooks = {}, new.hooks()

        def begin_epoch(state, name="epoch"):
            rates.update({2: 1e200} if name == "refit epoch" else {})

        hooks.begin_epoch = begin_epoch
        run = fit(early_stopping=stopping(refit=10), schedule=Planned(rates), hooks=hooks)
        run.run()
        assert run.outcome.end is End.DIVERGED
        assert run.outcome.diverged_epoch == 6
        assert run.outcome.refit_updates is None
        assert hooks.ended == [1, 2, 3, 4, 5]
        assert run.state.result is run.best.theta

    def test_a_validation_loss_that_overflows_is_one_too(self, fit, new):
        """The training rows are fine, the user's validation rows are not."""
        own = new.data(np.full((3, 3), 1e308), np.zeros((3, 1)))
        run = fit(new.state(weight=1.0), new.data(X, Y, validation=own))
        run.run()
        assert run.outcome.end is End.MAX_ITER, "where the training loss decides"
        early = stopping(None)
        run = fit(new.state(weight=1.0), new.data(X, Y, validation=own), early_stopping=early)
        with pytest.raises(Diverged):
            run.run()


class TestEarlyStopping:
    def fit(self, fit, **params):
        return fit(early_stopping=stopping(**params), max_iter=30, n_iter_no_change=8)

    def test_the_parameters_with_the_lowest_validation_loss_are_the_result(self, fit, course, new):
        """On the rows that are not held out, by the stream of the seed."""
        run = self.fit(fit)
        run.run()
        rows, held_out = new.data(X, Y).split(0.25, Streams.of_seed(0).holdout)
        losses = run.state.history["validation_loss"]
        best = len(losses) - 1 - int(np.argmin(losses[::-1]))
        thetas = course(len(losses), rows=rows)
        assert_array_equal(run.state.result, thetas[best])
        assert run.state.keeps_best
        assert run.outcome.best_epochs.tolist() == [best + 1]
        own = new.data(X[held_out.rows], Y[held_out.rows])
        for theta, loss in zip(thetas, losses, strict=True):
            assert_allclose(mean_loss(run.state, own, theta), loss)
        score = ((X[held_out.rows] @ thetas[best][:3, None] + thetas[best][3] > 0) == own.y).mean()
        assert_allclose(run.state.best_validation_score, score)

    def test_after_a_former_run_epochs_are_counted_on(self, fit, new):
        """From the updates of the same optimizer, three epochs of four."""
        state = new.state()
        runner = new.runner(state, new.data(X, Y), batch_size=10)
        for _ in range(3):
            runner.epoch()
        own = new.data(X[:9], 1 - Y[:9])
        data, early = new.data(X, Y, validation=own), stopping(None)
        run = fit(state, data, early_stopping=early, n_iter_no_change=3)
        run.run()
        assert state.optimizer.n_updates == 12 + 4 * len(run.hooks.ended)
        assert run.outcome.best_epochs.tolist() == [4]

    def test_the_score_decides_if_there_is_a_scorer(self, fit):
        class Scores:
            """A score that is best after the third epoch."""

            def on(self, data, rows):
                scores = iter([0.1, 0.2, 0.9, *[0.3] * 30])
                return lambda params: next(scores)

        run = fit(early_stopping=stopping(), max_iter=30, n_iter_no_change=4, scorer=Scores())
        run.run()
        assert run.outcome.end is End.NO_PROGRESS
        assert run.outcome.best_epochs.tolist() == [3]
        assert run.state.best_validation_score == 0.9
        assert run.state.n_epochs == 7

    def test_without_it_the_training_loss_decides_and_nothing_is_kept(self, fit, new):
        own = new.data(X[:9], 1 - Y[:9])
        run = fit(data=new.data(X, Y, validation=own))
        run.run()
        assert np.isfinite(run.state.history["validation_loss"]).all()
        assert not run.state.keeps_best
        assert run.state.best_validation_score is None
        assert run.outcome.best_epochs is None

    def test_the_validation_set_of_the_user_spares_the_rows(self, fit, new, course):
        own = new.data(X[:9], 1 - Y[:9])
        early = stopping(None)
        run = fit(data=new.data(X, Y, validation=own), early_stopping=early, n_iter_no_change=3)
        run.run()
        assert run.outcome.best_epochs.tolist() == [1]
        assert_array_equal(run.state.result, course(1)[-1])

    def test_members_are_kept_when_each_was_best(self, fit, ensemble):
        state, data = ensemble.state(), ensemble.data()
        run = fit(
            state, data, early_stopping=stopping(0.3), max_iter=25, rule=Adam(0.9, 0.99, 1e-8)
        )
        assert run.runner.batches.rows.shape == (3, 14)
        run.run()
        assert run.outcome.best_epochs.shape == (3,)
        assert (run.outcome.best_epochs >= 1).all()
        assert (run.outcome.best_epochs <= 25).all()
        assert len(set(run.outcome.best_epochs.tolist())) > 1
        assert_allclose(run.state.best_validation_score, run.best.metadata["score"].mean())

    @pytest.mark.parametrize("members", [1, 3])
    def test_logits_are_divided_by_the_temperature(self, members, fit, ensemble, new):
        """Those of the last layer of the best parameters, after the end of training."""
        results = []
        for temperature in (False, True):
            state = ensemble.state() if members == 3 else new.state(weight=3.0)
            data = ensemble.data() if members == 3 else new.data(X, Y)
            early = stopping(0.3, temperature=temperature)
            run = fit(state, data, early_stopping=early)
            run.run()
            results.append((run, views(run.state.result.copy(), state.arch.sizes, members)))
        (plain, before), (_, after) = results
        T = plain.evaluator.temperature(plain.best.theta)
        assert abs(T - 1) > 0.01
        assert_allclose(after.weights[-1], before.weights[-1] / T)
        assert_allclose(after.biases[-1], before.biases[-1] / T)
        for own, other in zip(after.weights[:-1], before.weights[:-1], strict=True):
            assert_array_equal(own, other)


PATIENT = {"max_iter": 20, "n_iter_no_change": 5, "rule": Momentum(0.5)}


class TestRefit:
    def test_it_trains_on_all_rows_for_as_many_updates_as_the_best(self, fit, new):
        """From the same start, in the same stream, in batches of its own size."""
        run = fit(new.state(weight=0.5), early_stopping=stopping(refit=16), **PATIENT)
        run.run()
        n_updates, other = run.best.metadata["t"][0], new.state(weight=0.5)
        runner = new.runner(other, new.data(X, Y), batch_size=16, rule=Momentum(0.5))
        while other.optimizer is None or other.optimizer.n_updates < n_updates:
            runner.epoch(n_updates - runner.optimizer.state.n_updates)
        n = run.hooks.begun.count("epoch")
        assert n_updates == 3 * (np.argmin(run.state.history["validation_loss"][:n]) + 1)
        assert_array_equal(run.state.theta, other.theta)
        assert run.state.result is run.state.theta
        assert not run.state.keeps_best
        assert run.outcome.refit_updates == run.state.optimizer.n_updates == n_updates
        assert run.outcome.end in (End.MAX_ITER, End.NO_PROGRESS)
        assert run.outcome.best_epochs is None

    def test_its_epochs_are_counted_on(self, fit):
        run = fit(early_stopping=stopping(refit=16), **PATIENT)
        run.run()
        begun, n_updates = run.hooks.begun, run.outcome.refit_updates
        n = begun.count("epoch")
        assert begun == ["epoch"] * n + ["refit epoch"] * -(-n_updates // 3)
        assert run.hooks.ended == [*range(1, len(begun) + 1)]
        assert run.state.n_epochs == len(run.state.history) == len(begun)
        assert np.isnan(run.state.history["validation_loss"][n:]).all()
        assert run.hooks.outcomes == [run.outcome]

    def test_a_callback_that_ends_it_leaves_the_best_of_the_search(self, fit, new):
        run = fit(early_stopping=stopping(refit=16), max_iter=5, hooks=new.hooks(stop_after=6))
        run.run()
        assert run.outcome.end is End.CALLBACK
        assert run.state.result is run.best.theta

    def test_after_a_callback_that_ends_the_search_there_is_none(self, fit, new):
        run = fit(early_stopping=stopping(refit=16), hooks=new.hooks(stop_after=3))
        run.run()
        assert run.outcome.end is End.CALLBACK
        assert "refit epoch" not in run.hooks.begun
        assert run.outcome.refit_updates is None


@pytest.fixture
def checkpoint_file(tmp_path):
    """Return a function to the file of a fit; every call names the same path."""

    def make():
        owner = dict.fromkeys(CheckpointFile.PARTS, "") | {"fitted network": None}
        owner |= {"seed": 0, "parameters": {}}
        return CheckpointFile(tmp_path / "run", 1, None, owner, {}, False, 0)

    return make


class TestCheckpoints:
    EARLY = stopping(refit=16)

    @pytest.mark.parametrize("cut", [1, 3, 5, 6, 7])
    @pytest.mark.parametrize("ema_decay", [0.0, 0.9])
    def test_an_interrupted_fit_goes_on_exactly(self, cut, ema_decay, fit, new, checkpoint_file):
        """In the search, at its end, and in the refit."""
        params = {"early_stopping": self.EARLY, "ema_decay": ema_decay, "rule": Momentum(0.5)}
        whole = fit(**params)
        whole.run()
        hooks = new.hooks()
        with pytest.raises(KeyboardInterrupt):
            fit(hooks=Killed(hooks, cut), file=checkpoint_file(), **params).run()
        # whatever the new state began with
        later = fit(new.state(weight=9.0), file=checkpoint_file(), **params)
        later.run()
        assert later.state.n_epochs == whole.state.n_epochs
        assert_array_equal(later.state.result, whole.state.result)
        assert later.state.history["loss"] == whole.state.history["loss"]
        assert later.state.keeps_best == whole.state.keeps_best
        assert_array_equal(later.outcome.theta_before, whole.outcome.theta_before)
        assert later.outcome.refit_updates == whole.outcome.refit_updates

    def test_patience_goes_on_with_it(self, fit, new, checkpoint_file):
        """It lasts for three epochs after the first, two of which the first fit has used."""
        params = {"tol": 10.0, "n_iter_no_change": 3, "max_iter": 20}
        with pytest.raises(KeyboardInterrupt):
            fit(hooks=Killed(new.hooks(), 3), file=checkpoint_file(), **params).run()
        later = fit(file=checkpoint_file(), **params)
        later.run()
        assert later.outcome.end is End.NO_PROGRESS
        assert (later.hooks.resumed, later.hooks.ended) == ([3], [4])

    @pytest.mark.parametrize("early", [None, stopping(), EARLY], ids=["none", "search", "refit"])
    def test_a_fit_that_had_ended_is_not_trained_again(self, early, fit, checkpoint_file):
        params = {"early_stopping": early, "tol": 10.0, "n_iter_no_change": 1}
        first = fit(file=checkpoint_file(), **params)
        first.run()
        assert first.outcome.end is End.NO_PROGRESS
        assert first.hooks.resumed == []
        again = fit(file=checkpoint_file(), **params)
        again.run()
        assert again.outcome.end is End.EARLIER
        assert (again.hooks.begun, again.hooks.ended) == ([], [])
        assert again.hooks.outcomes == [again.outcome]
        assert_array_equal(again.state.result, first.state.result)
        for name in ("n_epochs", "n_samples_seen", "keeps_best", "best_validation_score"):
            assert getattr(again.state, name) == getattr(first.state, name)


class Killed:
    """Hooks that end the process after an epoch is saved: before the next one begins."""

    def __init__(self, hooks, n_epochs):
        self.hooks, self.n_epochs = hooks, n_epochs

    def resume(self, state):
        self.hooks.resume(state)

    def begin_epoch(self, state, name="epoch"):
        if state.n_epochs == self.n_epochs:
            raise KeyboardInterrupt
        self.hooks.begin_epoch(state, name)

    def end_epoch(self, state):
        return self.hooks.end_epoch(state)

    def end_training(self, state, outcome):
        self.hooks.end_training(state, outcome)
