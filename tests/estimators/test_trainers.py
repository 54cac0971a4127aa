"""From an estimator's parameters to what trains a run."""

import math
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch import ScratchMLPClassifier
from skscratch.core.optimizers import Momentum
from skscratch.core.schedules import Constant, Cosine, Function, Step, WarmUp
from skscratch.estimators._trainers import LEAST_ROWS, new_schedule, new_trainer, penalty

ROWS = np.arange(0, 90, 2)
RATE = Constant(0.5)


def make(model, run, data, rows=ROWS, schedule=RATE):
    return new_trainer(model, run, data, rows, schedule, LEAST_ROWS)


class TestSchedule:
    @pytest.mark.parametrize(("n_rows", "steps"), [(10, 10), (50, 20), (90, 40), (101, 50)])
    def test_it_is_planned_for_as_many_updates_as_there_are_to_be(self, n_rows, steps):
        """Ten epochs in batches of 25, the last of which may be incomplete."""
        params = {"batch_size": 25, "learning_rate_init": 0.1, "learning_rate": "cosine"}
        model = ScratchMLPClassifier(max_iter=10, **params)
        assert new_schedule(model, n_rows, 0) == Cosine(0.1, steps)

    def test_automatic_batches_are_planned_for_too(self):
        model = ScratchMLPClassifier(max_iter=10, learning_rate="cosine", learning_rate_init=0.1)
        assert new_schedule(model, 400, 0) == Cosine(0.1, 10 * 4)

    def test_updates_of_earlier_runs_count(self):
        """The step of a schedule counts over the whole life of a model."""
        params = {"batch_size": 25, "learning_rate_init": 0.1, "learning_rate": "cosine"}
        model = ScratchMLPClassifier(max_iter=10, **params)
        assert new_schedule(model, 100, 60) == Cosine(0.1, 60 + 40)

    def test_warm_up_comes_first_and_is_no_part_of_the_decay(self):
        params = {"batch_size": 25, "learning_rate_init": 0.1, "learning_rate": "step"}
        model = ScratchMLPClassifier(max_iter=10, warmup_steps=10, **params)
        assert new_schedule(model, 100, 0) == WarmUp(Step(0.1, 0.1, 30 / 3), 10)

    def test_a_number_of_steps_of_ones_own_is_kept(self):
        model = ScratchMLPClassifier(
            learning_rate="cosine", learning_rate_init=0.1, decay_steps=7, warmup_steps=3
        )
        assert new_schedule(model, 100, 60) == WarmUp(Cosine(0.1, 7), 3)

    def test_a_function_is_a_schedule(self):
        schedule = new_schedule(ScratchMLPClassifier(learning_rate=math.sqrt), 100, 0)
        assert schedule == Function(math.sqrt)
        assert schedule(4) == 2


class TestTrainer:
    def test_it_takes_what_the_parameters_say(self, binary, small, start):
        """One step against the same by the rule, from the same gradient."""
        model = small(
            solver=Momentum(0.5), alpha=9.0, weight_decay=0.25, max_grad_norm=0.01, ema_decay=0.5
        )
        run, data = start(model, *binary)
        before = run.theta.copy()
        trainer = make(model, run, data)
        trainer.epoch()
        n = run.W.size
        norm = run.history["gradient_norm"][0]
        step = (before - run.theta) / 0.5
        step[:n] -= (0.25 + 9.0 / 45) * before[:n]
        assert norm > 0.01
        assert_allclose(np.linalg.norm(step), 0.01)
        assert_array_equal(run.mean, run.theta)
        assert run.memory["rule"] == "Momentum"

    def test_by_default_nothing_is_clipped_decayed_or_averaged(self, binary, small, start):
        model = small(alpha=0.0, solver=Momentum(0.0))
        run, data = start(model, *binary)
        before = run.theta.copy()
        make(model, run, data).epoch()
        assert_allclose(np.linalg.norm(before - run.theta), 0.5 * run.history["gradient_norm"][0])
        assert run.mean is None

    def test_it_trains_on_the_rows_that_it_is_given(self, binary, small, start):
        model = small(batch_size=20, shuffle=False)
        run, data = start(model, *binary)
        batches = [(batch.X.copy(), batch.y.copy()) for batch in make(model, run, data).batches]
        assert [len(X) for X, _ in batches] == [20, 20, 5]
        assert_array_equal(np.vstack([X for X, _ in batches]), data.X[ROWS])
        assert_array_equal(np.vstack([y for _, y in batches]), data.y[ROWS])

    def test_it_shuffles_by_the_runs_stream(self, binary, small, start):
        model = small(batch_size=20)
        run, data = start(model, *binary)
        order = ROWS.copy()
        rng = np.random.default_rng()
        rng.bit_generator.state = run.shuffle.bit_generator.state
        rng.shuffle(order)
        seen = np.vstack([batch.X.copy() for batch in make(model, run, data).batches])
        assert_array_equal(seen, data.X[order])

    def test_automatic_batches_are_those_of_the_rows_trained_on(self, start):
        """A quarter of 200 rows, not of all 300."""
        model = ScratchMLPClassifier()
        run, data = start(model, np.zeros((300, 1)), np.arange(300) % 2)
        assert make(model, run, data, rows=np.arange(200)).batches.batch_size == 50

    @pytest.mark.parametrize(("steps", "warns"), [(0, False), (4, False), (5, True), (99, True)])
    def test_a_rate_of_zero_from_here_on_is_worth_a_warning(
        self, binary, steps, warns, small, start
    ):
        model = small(learning_rate="cosine", decay_steps=5)
        run, data = start(model, *binary)
        slots = [np.zeros_like(run.theta) for _ in range(2)]
        run.memory = {"rule": "Adam", "units": [0.1, 0.001], "t": steps, "slots": slots}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            make(model, run, data, schedule=new_schedule(model, 45, 0))
        assert [w.category for w in caught] == [UserWarning] * warns
        if warns:
            assert f"learning_rate='cosine' is 0 from here on: after {steps} updates" in str(
                caught[0].message
            )
            assert "decay_steps" in str(caught[0].message)

    def test_a_function_may_begin_with_zero(self, binary, small, start):
        """Warnings are errors."""
        model = small(learning_rate=lambda step: 0.1 * step)
        run, data = start(model, *binary)
        trainer = make(model, run, data, schedule=new_schedule(model, 45, 0))
        assert trainer.optimizer.rate(0) == 0


class TestPenalty:
    def test_it_is_alpha_over_the_number_of_rows(self, binary, small, start):
        model = small(alpha=9.0)
        _, data = start(model, *binary)
        assert penalty(model, data, ROWS, least=1) == 9 / 45
        assert penalty(model, data, np.arange(90), least=1) == 9 / 90

    def test_few_rows_count_as_more(self, binary, small, start):
        model = small(alpha=9.0)
        _, data = start(model, *binary)
        assert penalty(model, data, np.arange(5), LEAST_ROWS) == 9 / LEAST_ROWS
        assert penalty(model, data, np.arange(90), LEAST_ROWS) == 9 / 90

    def test_it_is_alpha_over_the_weight_of_the_rows(self, binary, small, start):
        model, weight = small(alpha=9.0), np.linspace(0, 2, 90) ** 0.5
        _, data = start(model, *binary, weight)
        in_rows = weight[ROWS].sum() / weight[1:].mean()  # a row of mean weight counts as one
        assert_allclose(penalty(model, data, ROWS, least=1), 9 / in_rows)

    def test_a_sum_that_float32_cannot_hold(self, binary, small, start):
        X, y = binary
        model = small(alpha=9.0)
        _, data = start(model, X.astype(np.float32), y, np.full(90, 3e38))
        assert penalty(model, data, np.arange(90), least=1) == 9 / 90
