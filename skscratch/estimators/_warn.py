"""Warnings that point at the user's line, however deep they arise."""

import sys
import warnings

__all__ = ["warn"]

PACKAGES = ("skscratch", "sklearn")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn where the user called this package, or scikit-learn, which called it."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in PACKAGES:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
