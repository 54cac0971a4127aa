"""How the scripts in examples/ are run for the gallery."""

import ast
import importlib.util
import re
import tempfile
from pathlib import Path

__all__ = ["settings"]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class Order:
    """What to read first comes first, the rest by the names of the files."""

    FIRST = ("plot_banded_sum.py", "plot_digits.py")

    def __init__(self, folder):
        self.folder = folder

    def __repr__(self):
        return "Order()"

    def __call__(self, name):
        return (self.FIRST.index(name) if name in self.FIRST else len(self.FIRST), name)


class Arguments:
    """The command line of an example: its figures go to a folder of no consequence."""

    def __repr__(self):
        return "Arguments()"

    def __call__(self, gallery_conf, script_vars):
        source = Path(script_vars["src_file"]).read_text()
        folder = Path(tempfile.gettempdir()) / "figures"  # printed, so the same every time
        return ["--figures", str(folder)] if '"--figures"' in source else []


def settings(here):
    """Return the settings of sphinx-gallery for a site in the folder here."""
    return {
        "examples_dirs": [str(EXAMPLES)],
        "gallery_dirs": ["gallery"],
        "backreferences_dir": "api/backreferences",
        "doc_module": ("skscratch",),
        "reference_url": {"skscratch": None},
        "filename_pattern": runnable(),
        "reset_argv": Arguments(),
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
