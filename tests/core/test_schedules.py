"""Rates as functions of the step."""

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from skscratch.core.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    Exponential,
    Function,
    InvScaling,
    OneCycle,
    Step,
    WarmUp,
)

EXAMPLES = {
    "constant": Constant(0.1),
    "invscaling": InvScaling(0.1, power_t=0.5),
    "adaptive": Adaptive(0.1),
    "cosine": Cosine(0.1, decay_steps=20),
    "onecycle": OneCycle(0.1, decay_steps=20),
    "exponential": Exponential(0.1, decay_rate=0.5, decay_steps=20),
    "step": Step(0.1, decay_rate=0.5, decay_steps=20),
    "warmup": WarmUp(Cosine(0.1, decay_steps=15), warmup_steps=5),
    "function": Function(lambda step: 0.1 / (step + 1)),
}
every_schedule = pytest.mark.parametrize("schedule", EXAMPLES.values(), ids=EXAMPLES)


def test_every_schedule_of_the_table_has_an_example():
    assert {type(schedule) for schedule in EXAMPLES.values()} == {
        *SCHEDULES.values(),
        WarmUp,
        Function,
    }


@every_schedule
def test_rates_are_positive_floats_of_at_most_the_initial_one(schedule):
    rates = [schedule(step) for step in range(20)]
    assert {type(rate) for rate in rates} == {float}
    assert all(0 < rate <= 0.1 + 1e-15 for rate in rates)


@every_schedule
@pytest.mark.parametrize("step", [20, 21, 10**6])
def test_late_rates_are_not_negative(schedule, step):
    assert 0 <= schedule(step) <= 0.1


@pytest.mark.parametrize("name", sorted({*EXAMPLES} - {"adaptive"}))
def test_other_schedules_than_adaptive_end_training_on_a_plateau(name):
    assert EXAMPLES[name].after_plateau(1.0) == 0


@every_schedule
def test_schedules_are_values(schedule):
    """Two of the same fields are equal only if they are of the same kind; no field can change."""
    fields = vars(schedule)
    assert type(schedule)(**fields) == schedule
    assert hash(type(schedule)(**fields)) == hash(schedule)
    assert [other for other in EXAMPLES.values() if other == schedule] == [schedule]
    assert repr(schedule).startswith(f"{type(schedule).__name__}({next(iter(fields))}=")
    with pytest.raises(FrozenInstanceError):
        setattr(schedule, next(iter(fields)), 0.5)


def test_constant():
    assert {Constant(0.3)(step) for step in (0, 1, 10**6)} == {0.3}


def test_invscaling_counts_updates_from_the_full_rate():
    rates = [InvScaling(0.3, power_t=0.5)(step) for step in (0, 3, 99)]
    assert rates == pytest.approx([0.3, 0.15, 0.03])


def test_invscaling_underflows_to_nothing():
    assert InvScaling(0.3, power_t=1000.0)(10**6) == 0


def test_adaptive_divides_by_five_until_the_rate_is_tiny():
    schedule, scale, n_plateaus = Adaptive(0.001), 1.0, 0
    while scale := schedule.after_plateau(scale):
        n_plateaus += 1
        assert schedule(10) * scale == pytest.approx(0.001 / 5**n_plateaus)
    assert n_plateaus == 5  # 0.001 / 5**5 is the first rate below 1e-6


def test_cosine_is_half_a_wave_and_then_nothing():
    rates = [Cosine(0.4, decay_steps=12)(step) for step in (0, 3, 4, 6, 8, 12, 13, 24)]
    high = 0.2 * (1 + math.sqrt(0.5))
    assert rates == pytest.approx([0.4, high, 0.3, 0.2, 0.1, 0, 0, 0], abs=1e-15)
    assert Cosine(0.4, decay_steps=12)(24) == 0


def test_one_cycle_by_hand():
    """Of 20 steps, numbered to 19, the rate is highest at 0.3 · 20 - 1 = 5; half way down at 12."""
    schedule = OneCycle(0.1, decay_steps=20)
    low, last = 0.1 / 25, 0.1 / 25 / 10_000
    rates = [schedule(step) for step in (0, 5, 12, 19, 20, 1000)]
    assert rates == pytest.approx([low, 0.1, (0.1 + last) / 2, last, last, last], rel=1e-12)
    # a fifth of the way up
    assert schedule(1) == pytest.approx(low + (0.1 - low) * (1 - math.cos(math.pi / 5)) / 2)


@pytest.mark.parametrize("decay_steps", [1, 2, 3, 1 / 0.3, 4])
def test_the_shortest_cycles_end_at_the_last_rate(decay_steps):
    schedule = OneCycle(0.1, decay_steps)
    assert schedule(math.ceil(decay_steps) - 1) == pytest.approx(0.1 / 25 / 10_000)
    assert all(0 < schedule(step) <= 0.1 for step in range(5))


def test_exponential_has_the_decay_rate_at_the_decay_steps():
    schedule = Exponential(0.8, decay_rate=0.25, decay_steps=10)
    rates = [schedule(step) for step in (0, 5, 10, 20)]
    assert rates == pytest.approx([0.8, 0.4, 0.2, 0.05])
    assert schedule(10**9) == 0


def test_steps_go_down_at_multiples_of_the_decay_steps():
    rates = [Step(0.8, decay_rate=0.5, decay_steps=10)(step) for step in (0, 9, 10, 19, 20, 35)]
    assert rates == pytest.approx([0.8, 0.8, 0.4, 0.4, 0.2, 0.1])


def test_the_share_of_the_planned_updates():
    shares = {name: getattr(kind, "share", None) for name, kind in SCHEDULES.items()}
    decaying = {"cosine": 1.0, "onecycle": 1.0, "exponential": 1.0, "step": 1 / 3}
    assert shares == dict.fromkeys(("constant", "invscaling", "adaptive")) | decaying


def test_warm_up_is_a_line_that_meets_the_schedule():
    """Every step of the line is as high as the others, the one onto the schedule too."""
    schedule = WarmUp(InvScaling(0.5, power_t=1.0), warmup_steps=4)
    rates = [schedule(step) for step in range(7)]
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.25, 0.5 / 3])


def test_no_warm_up_is_the_schedule_itself():
    cosine = Cosine(0.1, decay_steps=9)
    assert [WarmUp(cosine, 0)(t) for t in range(10)] == [cosine(t) for t in range(10)]


def test_after_a_warm_up_the_schedule_decides_on_plateaus():
    assert WarmUp(Adaptive(0.1), 3).after_plateau(0.2) == Adaptive(0.1).after_plateau(0.2) == 0.04


@pytest.mark.parametrize(
    "value", [0, 1, 0.25, np.float32(0.25), np.int64(2), np.array(0.25), np.where(True, 0.5, 1)]
)
def test_functions_may_return_any_finite_number(value):
    rate = Function(lambda step: value)(3)
    assert rate == value
    assert type(rate) is float


NOT_RATES = [-0.1, math.nan, math.inf, None, "0.1", 1j, [0.1], np.array([0.1]), -np.float32(1)]


@pytest.mark.parametrize("value", NOT_RATES, ids=repr)
def test_functions_that_return_anything_else_are_named(value):
    with pytest.raises(ValueError, match=r"learning_rate.* step 3 ") as caught:
        Function(lambda step: value)(3)
    assert repr(value) in str(caught.value)
