"""The pages are true: their examples run, their links lead somewhere, nothing is left out."""

import ast
import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

import skscratch
from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.core import (
    activations,
    initializers,
    losses,
    optimizers,
    regression_losses,
    schedules,
)
from skscratch.estimators._auto import settle
from skscratch.preprocessing import HiddenLayerFeatures, PiecewiseLinearEncoder

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
# Written while the site is built.
MADE = ("_build/", "api/", "gallery/")
# What a module of ours needs besides what is required.
NEEDS = {
    "skscratch.callbacks": "sklearn.callback",
    "skscratch.inspection.ContributionsDisplay": "matplotlib",
    "skscratch.onnx": "skl2onnx",
    "skscratch.plotting": "matplotlib",
    "skscratch.preprocessing.make_tabular_pipeline": "skrub",
}


def written():
    """Return the files of all pages that are written by hand, by their names in the site."""
    paths = sorted([*DOCS.rglob("*.md"), *DOCS.rglob("*.rst")])
    pages = {path.relative_to(DOCS).with_suffix("").as_posix(): path for path in paths}
    ours = {name: path for name, path in pages.items() if not name.startswith((*MADE, "_"))}
    return ours


PAGES = written()
SLOW = {"all-of-skscratch", "coming-from/mlpclassifier", "guide/imbalance", "guide/tuning"}
SLOW |= {"coming-from/mlpregressor", "guide/architectures", "guide/solvers", "guide/targets"}
SLOW |= {"scale-out"}
pages = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


def blocks(text):
    return re.findall(r"^ *```python\n(.*?)^ *```$", text, flags=re.MULTILINE | re.DOTALL)


def missing(block):
    """Return the packages that a block needs and that are not installed here."""
    examples = doctest.DocTestParser().get_examples(block)
    nodes = list(ast.walk(ast.parse("".join(example.source for example in examples))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    imported = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [node.module for node in imported]
    names += [f"{node.module}.{alias.name}" for node in imported for alias in node.names]
    needed = {NEEDS.get(name, name.split(".")[0]) for name in names}
    return {name for name in needed if importlib.util.find_spec(name) is None}


NUMBER = doctest.register_optionflag("NUMBER")


class Numbers(doctest.OutputChecker):
    """With the flag NUMBER, known from pytest, a number may differ by one in its last digit.

    The last digit is that of the page. Results of training differ a little between machines.
    """

    DECIMAL = re.compile(r"-?\d+\.\d+")

    def check_output(self, want, got, flags):
        shown, found = self.DECIMAL.findall(want), self.DECIMAL.findall(got)
        if flags & NUMBER and len(shown) == len(found):
            steps = [10.0 ** -len(number.partition(".")[2]) for number in shown]
            pairs = zip(shown, found, steps, strict=True)
            if all(abs(float(a) - float(b)) < 1.01 * step for a, b, step in pairs):
                values = iter(shown)
                got = self.DECIMAL.sub(lambda match: next(values), got)
        return super().check_output(want, got, flags)


@pytest.mark.parametrize(
    ("got", "accepted"),
    [("0.98", True), ("0.97", True), ("0.96", False), ("0.97 1.0", False), ("-0.97", False)],
)
def test_a_number_may_differ_by_one_in_its_last_digit_where_the_page_says_so(got, accepted):
    checker = Numbers()
    assert checker.check_output("score 0.98\n", f"score {got}\n", NUMBER) == accepted
    assert checker.check_output("score 0.98\n", f"score {got}\n", 0) == (got == "0.98")
    assert not checker.check_output("score 0.98\n", f"loss {got}\n", NUMBER)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(p, id=name, marks=[pytest.mark.exhaustive] * (name in SLOW))
        for name, p in PAGES.items()
        if blocks(p.read_text())
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_examples_print_what_they_show(page, tmp_path, monkeypatch):
    """All blocks of a page are one session."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = blocks(page.read_text())
    absent = set().union(*map(missing, found))
    session = "\n".join(block for block in found if not missing(block))
    example = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    failed, attempted = doctest.DocTestRunner(Numbers()).run(example)
    assert attempted > 0
    assert failed == 0
    if absent:
        pytest.skip(f"the blocks that need {', '.join(sorted(absent))}; the others passed")


@pages
def test_every_python_block_is_an_example(page):
    """One without prompts would not be run."""
    assert all(">>> " in block for block in blocks(page.read_text()))


@pages
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).is_file(), target


@pages
def test_no_figure_is_missing(page):
    assert not re.findall(r"\b(MEASURE|TODO)\b|_TABLE\b", page.read_text())


def entries(page):
    """Return the pages that the tables of contents of a page name."""
    text = PAGES[page].read_text()
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    trees += re.findall(r"^\.\. toctree::\n((?:   .*\n|\n)+)", text, re.MULTILINE)
    lines = [line.strip() for tree in trees for line in tree.splitlines()]
    folder = PAGES[page].parent
    names = [line for line in lines if line and not line.startswith(":")]
    return {(folder / name).resolve().relative_to(DOCS).as_posix() for name in names}


def test_every_page_is_in_a_table_of_contents():
    reached, new = set(), {"index"}
    while new:
        reached |= new
        new = set().union(*(entries(page) for page in new if page in PAGES)) - reached
    assert {*PAGES} <= reached
    assert all(page in PAGES or page.startswith(MADE) for page in reached)


def code_shown(page):
    """Return what the directives code-of of a page name: modules and names in them."""
    found = re.findall(r"^```\{code-of\} (\S+)\.py (\S+)$", PAGES[page].read_text(), re.MULTILINE)
    return [(f"skscratch.{path.replace('/', '.')}", name) for path, name in found]


def derivations():
    return [page for page in PAGES if page.startswith("derivations/")]


@pytest.mark.parametrize("page", derivations())
def test_code_that_is_derived_exists(page):
    shown = code_shown(page)
    assert shown
    for module, name in shown:
        assert callable(attrgetter(name)(importlib.import_module(module)))


def headings(page):
    return re.findall(r"^## (.+)$", PAGES[page].read_text(), re.MULTILINE)


def classes(module):
    """Return the public classes of a module, but for its protocol."""
    kinds = {name: getattr(module, name) for name in module.__all__}
    return {
        n for n, k in kinds.items() if isinstance(k, type) and not k.__dict__.get("_is_protocol")
    }


@pytest.mark.parametrize(
    ("module", "table"),
    [(activations, activations.ACTIVATIONS), (schedules, schedules.SCHEDULES)],
    ids=["activations", "schedules"],
)
def test_every_name_of_the_table_is_derived(module, table):
    page = f"derivations/{module.__name__.rpartition('.')[2]}"
    assert [name for name in headings(page) if name in table] == [*table]
    kinds = {
        value.__name__ if isinstance(value, type) else type(value).__name__
        for value in table.values()
    }
    assert kinds <= {name.split(".")[0] for _, name in code_shown(page)}


@pytest.mark.parametrize(
    ("module", "page"),
    [
        (activations, "derivations/activations"),
        (losses, "derivations/losses"),
        (regression_losses, "derivations/losses"),
        (optimizers, "derivations/optimizers"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_class_is_derived(module, page):
    assert classes(module) <= {name.split(".")[0] for _, name in code_shown(page)}


def test_every_pass_of_core_is_derived():
    shown = {pair for page in derivations() for pair in code_shown(page)}
    for module, n in (("network", 3), ("layers", 5)):
        names = dir(importlib.import_module(f"skscratch.core.{module}"))
        verbs = [name for name in names if re.search(r"(^|_)(forward|backward)", name)]
        assert len(verbs) == n
        assert {(f"skscratch.core.{module}", verb) for verb in verbs} <= shown


def test_every_initial_draw_is_in_the_table():
    rows = re.findall(
        r"^\| (`.+?) \|", PAGES["derivations/initial-weights"].read_text(), re.MULTILINE
    )
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(n for n in names if n != "weight_init") == sorted(initializers.INITIALIZERS)


def test_all_of_skscratch_is_all():
    text = PAGES["all-of-skscratch"].read_text()
    words = set(re.findall(r"\w+", text))
    packages = [m.name for m in pkgutil.iter_modules(skscratch.__path__) if m.name[0] != "_"]
    public = [f"skscratch.{name}" for name in packages if name not in ("core", "training")]
    modules = [skscratch, *map(importlib.import_module, public)]
    assert {name for module in modules for name in module.__all__} <= words
    for Model in (ScratchMLPClassifier, ScratchMLPRegressor):
        assert {*Model().get_params()} <= words
        assert {n for n in dir(Model) if re.fullmatch(r"[a-z]\w*_", n)} <= words
    assert {*losses.LOSSES} <= words


DOCSTRING = '''    """Text.

    >>> 1
    """

'''
CLASS = f"""@d
class A:
{DOCSTRING}    # why
    x = 1

    def f(self):
        return 2
"""


def test_every_parameter_is_in_a_group_of_the_reference(monkeypatch):
    pytest.importorskip("numpydoc", reason="numpydoc reads the docstrings")
    monkeypatch.syspath_prepend(DOCS / "_ext")
    module = importlib.import_module("parameters")
    grouped = [name for names in module.GROUPS.values() for name in names.split()]
    known = {*ScratchMLPClassifier().get_params(), *ScratchMLPRegressor().get_params()}
    assert sorted(grouped) == sorted(known)
    rows = re.findall(r"^   \* - ``(.+)``\n     - (.+)\n     - (.+)$", module.page(), re.MULTILINE)
    table = {name: (default, meaning) for name, default, meaning in rows}
    assert [*table] == grouped
    assert table["max_iter"][0] == "``200``"
    assert table["tol"][0] == "``0.0001`` (C), ``1e-05`` (R)"
    assert table["loss"][0] == "``'squared_error'`` (R)"
    assert table["hidden_layer_sizes"][1] == "Units per hidden layer."


@pytest.mark.parametrize("estimator", [ScratchMLPClassifier, ScratchMLPRegressor])
def test_the_docstring_groups_the_parameters_as_the_reference_does(estimator, monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "_ext")
    groups = importlib.import_module("parameters").GROUPS
    before, _, _ = inspect.getdoc(estimator).partition("\nParameters\n----------\n")
    items = re.findall(r"^- ([\w ]+): (.+?)\.\n(?=- |\n?$)", before, re.MULTILINE | re.DOTALL)
    found = {name: re.findall(r"``(\w+)``", text) for name, text in items}
    own = inspect.signature(estimator).parameters
    assert found == {
        group: [name for name in names.split() if name in own] for group, names in groups.items()
    }
    assert sorted(name for names in found.values() for name in names) == sorted(own)


def test_code_of_leaves_out_the_docstring_alone():
    pytest.importorskip("sphinx", reason="the directive is Sphinx's")
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        code_of = importlib.import_module("code_of").code_of
    finally:
        sys.path.remove(str(DOCS / "_ext"))
    assert code_of(CLASS, "A") == CLASS.replace(DOCSTRING, "").rstrip()
    assert code_of(CLASS, "A.f") == "def f(self):\n    return 2"


def rows(page):
    """Return the names that begin the rows of a page's tables."""
    return re.findall(r'^\| `"?(\w+)"?` \|', PAGES[page].read_text(), re.MULTILINE)


def test_every_schedule_is_in_the_table():
    assert [name for name in rows("guide/solvers") if name != "learning_rate"] == [
        *schedules.SCHEDULES
    ]


def test_every_activation_is_in_the_table():
    assert sorted(rows("guide/architectures")) == sorted(activations.ACTIVATIONS)


# Settings that are not ours.
OTHERS = {
    "OPENBLAS_NUM_THREADS", "add_indicator", "iterator_train__shuffle", "mmap_mode", "train_split"
}  # fmt: skip


def test_every_loss_of_a_regressor_is_in_the_table():
    assert [name for name in rows("guide/targets") if name in losses.REGRESSION_LOSSES] == [
        *losses.REGRESSION_LOSSES
    ]


def test_parameters_that_are_named_exist():
    """Wherever a setting such as `alpha=1` is named in the guide."""
    guide = [page for page in PAGES if page.startswith(("guide/", "coming-from/"))]
    text = "".join(PAGES[page].read_text() for page in guide)
    names = {*re.findall(r"`(\w+)=", text), *rows("guide/validation")} - OTHERS
    known = ScratchMLPClassifier(), ScratchMLPRegressor(), PiecewiseLinearEncoder()
    known = (*known, HiddenLayerFeatures(ScratchMLPClassifier()))
    assert names <= {name for model in known for name in model.get_params()}
    assert len(names) > 20


def test_members_of_the_table_are_those_that_auto_makes():
    text = PAGES["guide/members"].read_text()
    head, *rows = re.findall(r"^\| (?:hidden layers|`\(.*?) \|.*\|$", text, re.MULTILINE)
    shapes = [
        (int(n.replace(" ", "")), int(p)) for n, p in re.findall(r"([\d ]+) rows × (\d+)", head)
    ]
    assert len(shapes) == 4
    assert len(rows) > 5
    for row in rows:
        sizes, *cells = row.strip("| ").split(" | ")
        widths = ast.literal_eval(sizes.strip("`"))
        for (n, p), cell in zip(shapes, cells, strict=True):
            X = np.broadcast_to(1.0, (n, p))
            data = SimpleNamespace(X=X, w=None, validation=None, n_outputs=10)
            model = ScratchMLPClassifier(early_stopping=False)
            made = settle(model, data, widths, "auto", False).members
            members, units = re.match(r"(\d+)(?: of ([\d and]+) units)?", cell).groups()
            assert made == int(members), (sizes, n, p)
            assert not units or [int(u) * made for u in units.split(" and ")] == [*widths]


@pytest.mark.parametrize(
    ("page", "Theirs", "Ours"),
    [
        ("mlpclassifier", MLPClassifier, ScratchMLPClassifier),
        ("mlpregressor", MLPRegressor, ScratchMLPRegressor),
    ],
    ids=["classifier", "regressor"],
)
def test_other_defaults_are_all_in_the_table(page, Theirs, Ours):
    text = PAGES[f"coming-from/{page}"].read_text().partition("## Other defaults")[2]
    table = dict(re.findall(r"^\| `(\w+)` \| (.+? \| .+?) \|$", text, re.MULTILINE))
    theirs, ours = Theirs().get_params(), Ours().get_params()
    assert {name for name in theirs if theirs[name] != ours[name]} <= {*table}
    for name, row in table.items():
        for model, cell in zip((theirs, ours), row.split(" | "), strict=True):
            value = model[name]
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            assert cell.strip('`"').startswith(shown)


def test_defaults_that_have_reasons_are_the_defaults():
    text = PAGES["design"].read_text().partition("## Defaults")[2].partition("\n## ")[0]
    for part, Ours in zip(
        text.split("The regressor differs"),
        (ScratchMLPClassifier, ScratchMLPRegressor),
        strict=True,
    ):
        heads = re.findall(r"^- (?:.*?)\*\*(.+?)\*\*", part, re.MULTILINE)
        named = re.findall(r"`(\w+)=(.+?)`", " ".join(heads))
        assert len(named) >= 3
        assert all(Ours().get_params()[n] == ast.literal_eval(v) for n, v in named)


def test_the_line_for_mlflow_is_a_call_of_what_there_is():
    """MLflow itself is not run: the line must parse, and name a list of ours that it can take."""
    page = (DOCS / "guide" / "deployment.md").read_text()
    (line,) = re.findall(r"^    (mlflow\..*)$", page, re.MULTILINE)
    (call,) = (node for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Call))
    assert ast.unparse(call.func) == "mlflow.sklearn.log_model"
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    trusted = getattr(skscratch, given["skops_trusted_types"])
    assert isinstance(trusted, list)
    assert f"{ScratchMLPClassifier.__module__}.ScratchMLPClassifier" in trusted
