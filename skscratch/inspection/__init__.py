"""Explanations of fitted networks, from the networks' own derivatives.

``contributions`` divides a prediction among the columns of X. ``ContributionsDisplay`` draws that,
and ``ContributionImportance`` makes one number per column of it. ``input_gradient`` returns the
derivatives themselves.
"""

from skscratch.inspection._contributions import Contributions, contributions
from skscratch.inspection._display import ContributionsDisplay
from skscratch.inspection._gradient import input_gradient
from skscratch.inspection._importance import ContributionImportance

__all__ = [
    "ContributionImportance",
    "Contributions",
    "ContributionsDisplay",
    "contributions",
    "input_gradient",
]
