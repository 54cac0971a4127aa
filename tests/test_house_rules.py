"""The house rules of CONTRIBUTING.md, as functions that return offences, empty when all is well.

Each rule runs over the project, and over a snippet that breaks it.
"""

import ast
import doctest
import importlib
import inspect
import io
import pkgutil
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import skscratch

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "skscratch"
SOURCES = sorted(PACKAGE.rglob("*.py"))
LOWER_FLOORS = [path for path in SOURCES if path.parent.name in {"core", "training"}]
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

# Lines of code: docstrings, comments and blank lines are not counted.
MAX_FILE, MAX_FUNCTION = 250, 40
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
NO_CODE |= {tokenize.ENDMARKER}
# Lowest first; a module imports from lower floors and from its own folder.
# Callbacks and plots do not import estimators.
FLOORS = [
    {"_ranks", "_version", "_warnings"},
    {"core"},
    {"training"},
    {"_compat", "_faults", "_kinds", "_typing"},
    {"callbacks", "plotting", "preprocessing"},
    {"estimators"},
    {"export", "onnx", "tuning"},
    {"_skops"},
]
WITHIN_CORE = {
    "network": {"layers", "activations", "losses"},
    "losses": {"activations", "regression_losses"},
}
CORE_NEEDS = {"numpy", "scipy"} | sys.stdlib_module_names
HOOKS = {"setup", "teardown", "on_fit_task_begin", "on_fit_task_end"}  # scikit-learn calls them
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
DOCUMENTED = (*FUNCTION, ast.ClassDef)
# What scikit-learn puts on estimators under private names.
OF_SCIKIT_LEARN = {
    "_callback_fit_ctx", "_get_param_names", "_init_callback_context", "_parent_callback_ctx",
    "_skl_callbacks", "_skl_callbacks_to_teardown", "_validate_params",
}  # fmt: skip
# What a default fit may enter before its first forward pass, and how often it may change files.
MOST_FILES, MOST_CHANGES = 25, 50
ONE_FIT = """
import sys
from pathlib import Path
import numpy as np
import skscratch

X = np.random.default_rng(0).normal(size=(120, 5))
model, package = skscratch.ScratchMLPClassifier(random_state=0), Path(skscratch.__file__).parent
entered = []


def note(frame, event, argument):
    path = Path(frame.f_code.co_filename)
    if event == "call" and path.is_relative_to(package):
        entered.append(str(path.relative_to(package)))
        if path.name == "network.py" and frame.f_code.co_name == "forward":
            sys.setprofile(None)


sys.setprofile(note)
model.fit(X, X[:, 0] > 0)
changes = sum(a != b for a, b in zip(entered, entered[1:]))
print(len({*entered}), changes)
"""
OPTIONAL = (
    "dask",
    "matplotlib",
    "mpi4py",
    "onnx",
    "pandas",
    "rich",
    "skl2onnx",
    "skops",
    "skrub",
    "torch",
)


def code_lines(source):
    """The numbers of the lines that hold code."""
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (*DOCUMENTED, ast.Module)) and ast.get_docstring(node) is not None:
            lines.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def long_file(source):
    n_lines = len(code_lines(source))
    return [f"{n_lines} lines of code"] if n_lines > MAX_FILE else []


def functions(source):
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, FUNCTION)]


def only_stores(function):
    """Whether a function is a constructor whose every statement is ``self.name = name``.

    scikit-learn asks for such a statement for each parameter.
    """
    statements = function.body[ast.get_docstring(function) is not None :]
    return function.name == "__init__" and all(
        isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == f"self.{ast.unparse(s.value)}"
        for s in statements
    )


def long_functions(source):
    lines = code_lines(source)
    return [
        f.name
        for f in functions(source)
        if not only_stores(f)
        and len(lines.intersection(range(f.body[0].lineno, f.end_lineno + 1))) > MAX_FUNCTION
    ]


def imports(tree):
    """Dotted names of all that is imported, inside functions too; ``.`` leads a relative one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def height(name):
    """Number of the floor that holds a folder or module; what is not listed is on top."""
    return next((i for i, floor in enumerate(FLOORS) if name in floor), len(FLOORS))


def upward_imports(source, path):
    """Imports from a floor that is not below; path is relative to the package."""
    here = Path(path).with_suffix("").parts[0]
    names = list(imports(ast.parse(source)))
    offences = [name for name in names if name.startswith(".")]
    for name in names:
        package, _, rest = name.partition(".")
        there = rest.split(".")[0]
        if package == "skscratch" and there != here and height(there) >= height(here):
            offences.append(name)
    return offences


def foreign_to_core(source, module):
    """What a module of core imports beyond NumPy, SciPy, Python and what core allows it."""
    offences = []
    for name in imports(ast.parse(source)):
        parts = name.split(".")
        if parts[:2] == ["skscratch", "core"]:
            if not WITHIN_CORE.get(module, set()).issuperset(parts[2:3]):
                offences.append(name)
        elif parts[0] not in CORE_NEEDS:
            offences.append(name)
    return offences


def eager_imports(source):
    """Imports, outside functions, of packages that most calls can do without."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, FUNCTION):
            node.body = []
    return [name for name in imports(tree) if name.split(".")[0] in OPTIONAL]


def private_to_scikit_learn(source):
    """Private names of scikit-learn: those imported, and those that it puts on estimators."""
    tree = ast.parse(source)
    modules = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module]
    parts = [
        f"{n.module}.{alias.name}".split(".")
        for n in modules
        for alias in n.names
        if n.module.split(".")[0] == "sklearn"
    ]
    offences = [".".join(names) for names in parts if any(p.startswith("_") for p in names)]
    words = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    words += [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    return offences + [word for word in words if word in OF_SCIKIT_LEARN]


def prints(source):
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if getattr(call.func, "id", None) == "print"]


def checks_something(function):
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = [getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls]
    checking = re.compile(r"raises|warns|assert_\w+|check|check_\w+|\w+_check")
    has_assert = any(isinstance(node, ast.Assert) for node in ast.walk(function))
    return has_assert or any(checking.fullmatch(name) for name in names)


def unasserted(source):
    tests = [f for f in functions(source) if f.name.startswith("test_")]
    return [f.name for f in tests if not checks_something(f)]


def undocumented(source):
    nodes = ast.parse(source).body
    public = [n for n in nodes if isinstance(n, DOCUMENTED) and not n.name.startswith("_")]
    return [node.name for node in public if not ast.get_docstring(node)]


def has_example(doc):
    _, _, examples = (doc or "").partition("Examples\n--------\n")
    return bool(doctest.DocTestParser().get_examples(examples))


def own_methods(export):
    """The public methods of a class that are written here and called by users."""
    if not inspect.isclass(export):
        return []
    names = [name for name in dir(export) if not name.startswith("_") and name not in HOOKS]
    methods = [getattr(export, name) for name in names]
    return [
        method for method in methods if getattr(method, "__module__", "").startswith("skscratch")
    ]


def exports():
    """What users import from a package, not from a module of it, and its public methods."""
    packages = ["skscratch"]
    packages += [m.name for m in pkgutil.iter_modules(skscratch.__path__, "skscratch.") if m.ispkg]
    found = {
        export.__qualname__: export
        for package in map(importlib.import_module, packages)
        for name in getattr(package, "__all__", ())
        if callable(export := getattr(package, name))
    }
    found |= {m.__qualname__: m for export in [*found.values()] for m in own_methods(export)}
    return [pytest.param(export, id=name) for name, export in found.items()]


def relative(paths, start=PACKAGE):
    return [pytest.param(path, id=str(path.relative_to(start))) for path in paths]


@pytest.mark.parametrize("path", relative(SOURCES))
def test_no_file_is_long(path):
    assert not long_file(path.read_text())


@pytest.mark.parametrize("path", relative(SOURCES))
def test_no_function_is_long(path):
    assert not long_functions(path.read_text())


@pytest.mark.parametrize("path", relative(p for p in SOURCES if p.parent != PACKAGE))
def test_imports_run_downward(path):
    assert not upward_imports(path.read_text(), path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", relative(PACKAGE.glob("core/*.py")))
def test_core_stands_on_numpy_and_scipy_alone(path):
    assert not foreign_to_core(path.read_text(), path.stem)


@pytest.mark.parametrize("path", relative(LOWER_FLOORS))
def test_core_and_training_do_not_print(path):
    assert not prints(path.read_text())


@pytest.mark.parametrize("path", relative(TESTS, ROOT))
def test_every_test_asserts_something(path):
    assert not unasserted(path.read_text())


@pytest.mark.parametrize("path", relative(SOURCES))
def test_everything_public_has_a_docstring(path):
    assert not undocumented(path.read_text())


@pytest.mark.parametrize("export", exports())
def test_every_export_has_an_example(export):
    assert has_example(inspect.getdoc(export))


@pytest.mark.parametrize("path", relative(p for p in LOWER_FLOORS if functions(p.read_text())))
def test_every_module_of_core_and_training_has_an_example(path):
    nodes = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, DOCUMENTED)]
    assert any(has_example(ast.get_docstring(node)) for node in nodes)


@pytest.mark.parametrize("path", relative(SOURCES))
def test_no_module_imports_at_once_what_most_calls_do_without(path):
    assert not eager_imports(path.read_text())


def test_import_loads_no_optional_package():
    # where they are installed, scikit-learn loads pandas itself, and rich for its callbacks
    code = (
        "import sys, importlib.util, sklearn.base; "
        "importlib.util.find_spec('sklearn.callback') and __import__('sklearn.callback'); "
        "before = {*sys.modules}; import skscratch;"
        f"print([name for name in {OPTIONAL} if name in {{*sys.modules}} - before])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("path", relative(p for p in SOURCES if p.name != "_compat.py"))
def test_private_names_of_scikit_learn_are_in_one_file(path):
    assert not private_to_scikit_learn(path.read_text())


def test_a_fit_passes_through_few_files():
    run = subprocess.run(
        [sys.executable, "-c", ONE_FIT], capture_output=True, text=True, check=True
    )
    n_files, n_changes = map(int, run.stdout.split())
    assert 10 < n_files <= MOST_FILES
    assert 10 < n_changes < MOST_CHANGES


def test_rule_on_private_names_can_be_broken():
    assert private_to_scikit_learn("from sklearn.utils._tags import get_tags")
    assert private_to_scikit_learn("from sklearn.base import _fit_context")
    assert private_to_scikit_learn("model._validate_params()")
    assert private_to_scikit_learn("state.pop('_callback_fit_ctx')")
    assert not private_to_scikit_learn("from sklearn.base import clone\nmodel._activation")


def test_limits_on_length_can_be_broken():
    statements = "    x = 1\n" * MAX_FUNCTION
    spare = '    """Text\n    text."""\n\n    # why\n'
    assert not long_functions(f"def f():\n{spare}{statements}")
    assert long_functions(f"def f():\n{spare}{statements}    x = 2\n") == ["f"]
    assert not long_file('"""Text."""\n# why\n\n' + "x = 1  # why\n" * MAX_FILE)
    assert long_file("x = 1\n" * (MAX_FILE + 1))


def test_only_a_constructor_that_stores_its_parameters_may_be_long():
    stored = "    self.x = x\n" * (MAX_FUNCTION + 1)
    assert not long_functions(f"def __init__(self, x):\n{stored}")
    assert long_functions(f"def __init__(self, x):\n{stored}    self.y = x\n") == ["__init__"]
    assert long_functions(f"def f(self, x):\n{stored}") == ["f"]
    assert long_file("def __init__(self, x):\n" + "    self.x = x\n" * MAX_FILE)


def test_directions_of_imports_can_be_broken():
    assert not upward_imports("from skscratch.core import layers", "training/loop.py")
    assert not upward_imports("from skscratch.core import layers", "core/network.py")
    assert upward_imports("from skscratch.training import loop", "core/network.py")
    assert upward_imports("def f():\n    import skscratch.estimators", "training/loop.py")
    assert upward_imports("from skscratch import Model", "estimators/_base.py")
    assert upward_imports("from . import layers", "core/network.py")


def test_independence_of_core_can_be_broken():
    assert not foreign_to_core("import numpy as np\nimport scipy.sparse", "losses")
    assert not foreign_to_core("from skscratch.core import layers", "network")
    assert foreign_to_core("from skscratch.core import layers", "losses")
    assert foreign_to_core("from sklearn.utils import check_array", "losses")


def test_rule_on_eager_imports_can_be_broken():
    assert eager_imports("import matplotlib.pyplot as plt") == ["matplotlib.pyplot"]
    assert not eager_imports("def plot():\n    import matplotlib.pyplot as plt")


def test_rule_on_printing_can_be_broken():
    assert prints("def f():\n    print(1)") == [2]
    assert not prints('"""print(1)"""')


@pytest.mark.parametrize(
    ("body", "offences"),
    [
        ("assert x", []),
        ("with pytest.raises(ValueError): f()", []),
        ("assert_allclose(1, 1)", []),
        ("check(estimator)", []),
        ("f(x)", ["test_f"]),
        ("checkered(x)", ["test_f"]),
    ],
)
def test_rule_on_assertions_can_be_broken(body, offences):
    assert unasserted(f"def test_f():\n    {body}\n") == offences


def test_rules_on_docstrings_can_be_broken():
    assert undocumented("class A: pass\ndef f(): pass\ndef _g(): pass") == ["A", "f"]
    assert has_example("Do.\n\nExamples\n--------\n>>> 1\n1\n")
    assert not has_example("Do.\n\nExamples\n--------\nNone yet.\n")
    assert not has_example("Do.\n\n>>> 1\n1\n")
    assert not has_example(None)
