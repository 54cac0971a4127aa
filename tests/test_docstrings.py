"""Docstrings of the public interface have every section that setup.cfg asks for."""

import configparser
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import skscratch

validate = pytest.importorskip("numpydoc.validate", reason="numpydoc is in the extra docs").validate

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {"core", "training", "estimators"}
HOOKS = {"setup", "teardown", "on_fit_task_begin", "on_fit_task_end"}  # scikit-learn calls them


def checks():
    """Return the codes of the checks, as numpydoc's own command reads them."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return {code.strip() for code in config["tool:numpydoc_validation"]["checks"].split(",")}


def packages():
    found = [module.name for module in pkgutil.iter_modules(skscratch.__path__)]
    public = [name for name in found if not name.startswith("_") and name not in FLOORS]
    return ["skscratch", *(f"skscratch.{name}" for name in public)]


def members(kind):
    """Return the names of public methods and properties that are written here."""
    found = {
        name: getattr(member, "fget", member)
        for name, member in inspect.getmembers(kind)
        if not name.startswith("_") and name not in HOOKS
    }
    return [n for n, f in found.items() if getattr(f, "__module__", "").startswith("skscratch")]


def names():
    """Yield whatever users import, and the members of classes, by dotted name."""
    for package in packages():
        module = importlib.import_module(package)
        for name in module.__all__:
            if callable(export := getattr(module, name)):
                yield f"{package}.{name}"
                if inspect.isclass(export):
                    yield from (f"{package}.{name}.{member}" for member in members(export))


def faults(name):
    """Return what is wrong; for members less than for classes, on whose pages they stand."""
    validated = validate(name)
    not_asked = set()
    if is_member(name):
        not_asked |= {"SA01"}
        if validated["type"] == "property":
            not_asked |= {"EX01"}
    return [fault for fault in validated["errors"] if fault[0] in checks() - not_asked]


def is_member(name):
    return name.split(".")[-2][0].isupper()


@pytest.mark.parametrize("name", [*names()])
def test_docstring_is_complete(name):
    assert not faults(name)


def test_missing_sections_are_found():
    """A hook of a callback says what it does, and no more."""
    found = {code for code, _ in faults("skscratch.callbacks.EarlyStopping.setup")}
    assert found == {"PR01", "EX01"}
