"""Rates as functions of the step."""

import pytest

from skscratch.core.schedules import SCHEDULES, Adaptive, Constant, InvScaling


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


@pytest.mark.parametrize("name", sorted({*SCHEDULES} - {"adaptive"}))
def test_other_schedules_end_training_on_a_plateau(name):
    params = {"learning_rate_init": 0.1} | ({"power_t": 0.5} if name == "invscaling" else {})
    assert SCHEDULES[name](**params).after_plateau(1.0) == 0
