"""The docstring of the class, taken apart."""

import inspect
import re

from skscratch import ScratchMLPClassifier

__all__ = ["section"]


def section(name):
    """Return name and type of each entry of a section that is described, in order."""
    body = re.split(r"\n(\w[\w ]*)\n-{4,}\n", inspect.getdoc(ScratchMLPClassifier))
    entries = body[body.index(name) + 1]
    return re.findall(r"^(\w[\w, ]*) : (.+)\n(?: {4}.+\n?)+", entries, re.MULTILINE)
