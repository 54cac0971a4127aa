"""Pages that are made of what exists: the reference, and links that also work beside the files."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import skscratch

__all__ = ["own_members", "setup"]

# For readers of the code: a page per module. All else is for users: a page per name.
FLOORS = ("core", "training")
HIDDEN = ("estimators",)  # skscratch itself exports what is there
HOOKS = {"setup", "teardown", "on_fit_task_begin", "on_fit_task_end"}  # scikit-learn calls them

# Links as they are right in the repository, and the pages that they lead to in the site.
LINKS = [
    (r"\]\((?:\.\./)*CONTRIBUTING\.md", r"](/project/contributing.md"),
    (r"\]\((?:\.\./)*CHANGELOG\.md", r"](/project/changelog.md"),
    (r"\]\((?:\.\./)*examples/(plot_\w+)\.py\)", r"](/gallery/\1.rst)"),
    (r"\]\((?:\.\./)*skscratch/(core|training)/(\w+)\.py\)", r"](/api/skscratch.\1.\2.rst)"),
]


def setup(app):
    app.connect("config-inited", write_reference)
    app.connect("source-read", lambda app, page, source: source.append(within_site(source.pop())))
    app.connect(
        "include-read", lambda app, path, parent, text: text.append(within_site(text.pop()))
    )
    return {"parallel_read_safe": True}


def within_site(text):
    for pattern, page in LINKS:
        text = re.sub(pattern, page, text)
    return text


def write_reference(app, config):
    """Write a page per public package and per module of the floors to api/."""
    folder = Path(app.srcdir) / "api"
    pages = {name: package_page(name) for name in public_packages()}
    pages |= {name: module_page(name) for floor in FLOORS for name in modules(floor)}
    for old in folder.glob("skscratch*.rst"):
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


def heading(name):
    return f"{name}\n{'=' * len(name)}\n\n"


def package_page(name):
    module = importlib.import_module(name)
    names = [n for n in module.__all__ if callable(getattr(module, n))]
    data = [n for n in module.__all__ if not n.startswith("_") and n not in names]
    text = heading(name) + f".. automodule:: {name}\n\n.. currentmodule:: {name}\n\n"
    text += ".. autosummary::\n   :toctree: generated\n   :nosignatures:\n\n"
    text += "".join(f"   {n}\n" for n in names)
    return text + "".join(f"\n.. autodata:: {n}\n   :no-value:\n" for n in data)


def module_page(name):
    return heading(name) + f".. automodule:: {name}\n   :members:\n"


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
    functions = {
        name: inspect.unwrap(getattr(member, "fget", member))
        for name, member in inspect.getmembers(kind)
        if not name.startswith("_") and name not in HOOKS
    }
    here = [n for n, f in functions.items() if getattr(f, "__module__", "").startswith("skscratch")]
    rooms = [parent.__module__ for parent in kind.__mro__]
    return sorted(
        here,
        key=lambda n: (rooms.index(functions[n].__module__), functions[n].__code__.co_firstlineno),
    )
