"""Checks for those who write an activation, an update rule, a loss or the like of their own.

The estimators make the same checks, once a fit, of the objects that they are given.
"""

from skscratch.estimators._objects import (
    check_activation,
    check_initializer,
    check_loss,
    check_schedule,
    check_scorer,
    check_update_rule,
)

__all__ = [
    "check_activation",
    "check_initializer",
    "check_loss",
    "check_schedule",
    "check_scorer",
    "check_update_rule",
]
