"""Few cases hold what a product of parameters holds, two at a time."""

from itertools import combinations, product

from tests.pairwise import cover

AXES = {"a": range(8), "b": range(3), "c": "xyz"}
CASES = [dict(zip(AXES, values, strict=True)) for values in product(*AXES.values())]


def pairs(cases):
    return {pair for case in cases for pair in combinations(case.items(), 2)}


def test_every_pair_of_values_is_in_a_case_that_is_kept():
    kept = [CASES[i] for i in cover(CASES)]
    assert pairs(kept) == pairs(CASES)


def test_few_cases_are_kept():
    """Fewer than 8 * 3 cannot hold all pairs of the first two parameters."""
    kept = cover(CASES)
    assert len({*kept}) == len(kept) == 24


def test_of_one_parameter_every_value_is_kept():
    assert sorted(cover([{"a": value} for value in range(5)])) == [*range(5)]


def test_of_two_parameters_all_is_kept():
    cases = [{"a": a, "b": b} for a, b in product(range(3), range(2))]
    assert sorted(cover(cases)) == [*range(6)]


def test_a_case_that_is_selected_alone_is_kept():
    assert cover(CASES[5:6]) == [0]
