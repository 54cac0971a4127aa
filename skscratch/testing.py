"""Checks for custom objects: activations, update rules, losses, initializers, schedules, scorers.

The estimators run the same checks on custom objects, once per fit.
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
