"""The README is true: what it shows runs, and what it names exists."""

import doctest
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
SHELL = [block for language, block in BLOCKS if language == "bash"]
PYTHON = [block for language, block in BLOCKS if language == "python"]


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_python_blocks_print_what_they_show(block):
    example = doctest.DocTestParser().get_doctest(block, {}, "README", "README.md", 0)
    failed, attempted = doctest.DocTestRunner().run(example)
    assert attempted > 0
    assert failed == 0


@pytest.mark.parametrize("block", SHELL[:2], ids=[1, 2])
def test_set_up_is_one_line(block):
    assert block.count("\n") == 1
    assert block.startswith("python3 -m venv ")


def test_first_set_up_runs_an_example():
    script = SHELL[0].split()[-1]
    assert script.startswith("examples/")
    assert (ROOT / script).is_file()


def test_second_set_up_runs_the_tests():
    assert SHELL[1].endswith("-m pytest -n auto\n")


@pytest.mark.parametrize("number", [1, 2])
def test_ci_runs_the_set_ups(number):
    command = [ROOT / ".ci" / "readme-block", str(number)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == SHELL[number - 1]
    assert f".ci/readme-block {number})" in (ROOT / ".ci" / "run").read_text()


def test_floor_plan_and_package_agree():
    (plan,) = [block for _, block in BLOCKS if block.startswith("skscratch/\n")]
    named = set(re.findall(r"^[├└]── ([\w.]+)", plan, flags=re.MULTILINE))
    assert all((ROOT / "skscratch" / name).exists() for name in named)
    folders = {path.parent.name for path in ROOT.glob("skscratch/*/__init__.py")}
    assert folders <= named
    assert all((ROOT / name).is_dir() for name in re.findall(r"^(\w+)/", plan, re.MULTILINE))


LINKS = re.findall(r"\]\(([^)]+)\)", README)
SITE = "https://skscratch.readthedocs.io/en/stable/"


def test_links_are_absolute():
    """A package index shows README without the files beside it."""
    assert len(LINKS) > 20
    assert all(link.startswith("https://") for link in LINKS)


@pytest.mark.parametrize("link", [link[len(SITE) :] for link in LINKS if link.startswith(SITE)])
def test_links_to_the_site_lead_somewhere(link):
    page, _, anchor = link.partition("#")
    if page.startswith("api/skscratch."):
        assert (
            (ROOT / page[4:].removesuffix(".html").replace(".", "/")).with_suffix(".py").is_file()
        )
    elif page.startswith("_static/"):
        assert (ROOT / "docs" / page).is_file()
    else:
        text = (ROOT / "docs" / page).with_suffix(".md").read_text()
        titles = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
        assert not anchor or anchor in slugs


def test_no_figure_is_missing():
    assert "MEASURE" not in README
