"""How the scripts in examples/ are run for the gallery."""

import ast
import importlib.util
import re
from pathlib import Path

__all__ = ["settings"]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class Order:
    """What to read first comes first, the rest by the names of the files."""

    FIRST = ("digits", "regression", "quantiles", "calibration", "explanations", "members")
    FIRST += ("boosting", "mixed_table", "imbalanced")

    def __init__(self, folder):
        self.folder = folder

    def __repr__(self):
        return "Order()"

    def __call__(self, name):
        topic = name.removeprefix("plot_").removesuffix(".py")
        return (self.FIRST.index(topic) if topic in self.FIRST else len(self.FIRST), topic)


def settings(here):
    """Return the settings of sphinx-gallery for a site in the folder here."""
    return {
        "examples_dirs": [str(EXAMPLES)],
        "gallery_dirs": ["gallery"],
        "backreferences_dir": "api/backreferences",
        "doc_module": ("skscratch",),
        "reference_url": {"skscratch": None},
        "filename_pattern": runnable(),
        "within_subsection_order": "gallery.Order",
        "copyfile_regex": r".*\.rst",
        "remove_config_comments": True,
        "min_reported_time": 10,
        "write_computation_times": False,
        "show_signature": False,
    }


def runnable():
    """Return a pattern for the examples all of whose imports are installed here.

    The others are shown as well, without their output.
    """
    paths = EXAMPLES.rglob("plot_*.py")
    names = [re.escape(path.name) for path in paths if not missing(path.read_text())]
    return "(^|/)(" + "|".join(names) + ")$"


def missing(source):
    """Return the packages that a script imports and that are not installed."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    packages = {name.split(".")[0] for name in names}
    return sorted(package for package in packages if importlib.util.find_spec(package) is None)
