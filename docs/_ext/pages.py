"""Pages that are made of what exists: the reference, and links that also work beside the files."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import parameters
from links import within_site
from sphinx.pycode import ModuleAnalyzer

import skscratch

__all__ = ["own_members", "setup"]

# For readers of the code: a page per module. All else is for users: a page per name.
FLOORS = ("core", "training")
HIDDEN = ("estimators",)  # skscratch itself exports what is there
HOOKS = {"setup", "teardown", "on_fit_task_begin", "on_fit_task_end"}  # scikit-learn calls them

# The blank lines with which many examples end are for doctest.
END_OF_BLOCK = re.compile(r"^(```python\n(?:(?!```).*\n)*?)\n+(?=```$)", re.MULTILINE)


def setup(app):
    app.connect("config-inited", write_reference)
    app.connect("autodoc-skip-member", is_left_out)
    app.connect("source-read", lambda app, page, source: source.append(adapted(source.pop())))
    app.connect("include-read", lambda app, path, parent, text: text.append(adapted(text.pop())))
    return {"parallel_read_safe": True}


def adapted(text):
    return END_OF_BLOCK.sub(r"\1", within_site(text))


def is_left_out(app, what, name, member, skip, options):
    """Leave out the fields of named tuples, which have no docstrings of their own."""
    return True if "Alias for field number" in (inspect.getdoc(member) or "") else None


def write_reference(app, config):
    """Write a page per public package and per module of the floors, and their list, to api/."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    pages = {name: package_page(name) for name in public_packages()}
    pages |= {name: module_page(name) for floor in FLOORS for name in modules(floor)}
    pages["parameters"] = parameters.page()
    pages["index"] = index_page()
    for old in folder.glob("*.rst"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text() != text:  # an untouched page is not read again
            path.write_text(text)


def public_packages():
    names = [module.name for module in pkgutil.iter_modules(skscratch.__path__)]
    public = [name for name in names if not name.startswith("_")]
    return ["skscratch", *(f"skscratch.{n}" for n in public if n not in {*FLOORS, *HIDDEN})]


def modules(floor):
    package = importlib.import_module(f"skscratch.{floor}")
    return [m.name for m in pkgutil.iter_modules(package.__path__, f"skscratch.{floor}.")]


def index_page():
    parts = [heading("Reference", "="), "What users import. It keeps its names and meanings.\n\n"]
    parts += [":doc:`parameters` is a table of the estimators' parameters and defaults.\n\n"]
    for name in public_packages():
        public, constants = exports(name)
        parts += [heading(name, "-"), table(f"~{name}.{n}" for n in public)]
        parts += [f":data:`~{name}.{n}` {constant_doc(name, n)}\n\n" for n in constants]
    parts += [heading("For readers of the code", "-"), "What these modules hold may change.\n\n"]
    for floor in FLOORS:
        package = importlib.import_module(f"skscratch.{floor}")
        text = inspect.getdoc(package)
        parts += [heading(package.__name__, "~"), text, "\n\n", table(modules(floor))]
    users, readers = public_packages(), [name for floor in FLOORS for name in modules(floor)]
    parts += [
        contents("What users import", ["parameters", *users]),
        contents("For readers of the code", readers),
    ]
    return "".join(parts)


def package_page(name):
    public, constants = exports(name)
    text = heading(name, "=") + f".. automodule:: {name}\n\n.. currentmodule:: {name}\n\n"
    text += table(public, "   :toctree: generated\n")
    return text + "".join(f".. data:: {n}\n\n   {constant_doc(name, n)}\n\n" for n in constants)


def exports(package):
    """Return the names of a package's classes and functions, and those of its constants."""
    module = importlib.import_module(package)
    names = [name for name in module.__all__ if not name.startswith("_")]
    public = [name for name in names if callable(getattr(module, name))]
    return public, [name for name in names if name not in public]


def constant_doc(package, name):
    """Return the comment ``#:`` above the constant, in the module that defines it."""
    path = importlib.import_module(package).__path__
    for module in (m.name for m in pkgutil.iter_modules(path, f"{package}.")):
        if name in getattr(importlib.import_module(module), "__all__", ()):
            docs = ModuleAnalyzer.for_module(module).find_attr_docs()
            return " ".join(docs["", name]).strip()
    raise LookupError(f"{package}.{name}")


def module_page(name):
    return heading(name, "=") + f".. automodule:: {name}\n   :members:\n"


def heading(title, line):
    return f"{title}\n{line * len(title)}\n\n"


def table(names, option=""):
    lines = "".join(f"   {name}\n" for name in names)
    return f".. autosummary::\n{option}   :nosignatures:\n\n{lines}\n"


def contents(caption, names):
    lines = "".join(f"   {name}\n" for name in names)
    return f".. toctree::\n   :hidden:\n   :caption: {caption}\n\n{lines}\n"


def own_members():
    """Return, by the full names of public classes, what is written here of their public members.

    scikit-learn's site documents what they inherit from scikit-learn.
    """
    exports = [
        getattr(module, name)
        for module in map(importlib.import_module, public_packages())
        for name in module.__all__
    ]
    classes = [export for export in exports if inspect.isclass(export)]
    return {_full_name(kind): _members(kind) for kind in classes}


def _full_name(kind):
    """Return the name by which users import a class."""
    package = kind.__module__.split("._")[0].replace(".estimators", "")
    return f"{package}.{kind.__qualname__}"


def _members(kind):
    """Return pairs of "method" or "property" and a name: what is inherited first, then by line."""
    members = {
        name: member
        for name, member in inspect.getmembers(kind)
        if not name.startswith("_") and name not in HOOKS
    }
    rooms = [parent.__module__ for parent in reversed(kind.__mro__)]
    found = []
    for name, member in members.items():
        function = inspect.unwrap(getattr(member, "fget", member))
        if getattr(function, "__module__", "").startswith("skscratch"):
            is_property = isinstance(member, property)
            place = rooms.index(function.__module__), function.__code__.co_firstlineno
            found.append((is_property, place, name))
    return [
        ("property" if is_property else "method", name) for is_property, _, name in sorted(found)
    ]
