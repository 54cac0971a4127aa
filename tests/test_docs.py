"""The pages are true: their examples run, their links lead somewhere, their tables are complete."""

import doctest
import re
from pathlib import Path

import pytest

from skscratch import ScratchMLPClassifier
from skscratch.core.schedules import SCHEDULES

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(ROOT.glob("docs/**/*.md"))
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(text):
    return re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page.read_text())], ids=lambda page: page.name
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_examples_print_what_they_show(page, tmp_path, monkeypatch):
    """All blocks of a page are one session."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    session = "\n".join(blocks(page.read_text()))
    example = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    failed, attempted = doctest.DocTestRunner().run(example)
    assert attempted > 0
    assert failed == 0


@pages
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).is_file(), target


@pages
def test_no_figure_is_missing(page):
    assert not re.findall(r"\b(MEASURE|TODO)\b|_TABLE\b", page.read_text())


def test_every_schedule_is_in_the_table():
    rows = re.findall(r'^\| `"(\w+)"` \|', (ROOT / "docs/training.md").read_text(), re.MULTILINE)
    assert rows == [*SCHEDULES]


def test_parameters_that_are_named_exist():
    text = (ROOT / "docs/training.md").read_text()
    names = set(re.findall(r"`(\w+)=", text)) | set(
        re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    )
    assert names <= {*ScratchMLPClassifier().get_params()}
    assert len(names) > 10
