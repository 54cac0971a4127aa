"""Which cases of a product of parameters are tried in every run."""

from itertools import combinations

__all__ = ["cover"]


def cover(cases):
    """Return the places of cases which together have every pair of values that any case has.

    A case is a dict; the values of two parameters at a time are a pair.
    """
    pairs = [set(combinations(sorted(case.items()), min(2, len(case)))) for case in cases]
    missing, chosen = set().union(*pairs), []
    while missing:
        best = max(range(len(cases)), key=lambda i: len(pairs[i] & missing))
        missing -= pairs[best]
        chosen.append(best)
    return chosen
