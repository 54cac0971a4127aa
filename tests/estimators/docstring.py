"""The docstring of the class, taken apart."""

import inspect
import re

from skscratch import ScratchMLPClassifier

__all__ = ["descriptions", "section"]


def _entries(name, kind=ScratchMLPClassifier):
    body = re.split(r"\n(\w[\w ]*)\n-{4,}\n", inspect.getdoc(kind))
    return body[body.index(name) + 1]


def descriptions(name, kind):
    """Return the type and the description of each entry of a section, as one text, by name."""
    entries = re.split(r"^(?=\w[\w, ]* : )", _entries(name, kind), flags=re.MULTILINE)
    pairs = [entry.split(" : ", 1) for entry in entries if " : " in entry]
    return {name: " ".join(text.split()) for name, text in pairs}


def section(name):
    """Return name and type of each entry of a section that is described, in order."""
    entries = _entries(name)
    return re.findall(r"^(\w[\w, ]*) : (.+)\n(?: {4}.+\n?)+", entries, re.MULTILINE)
