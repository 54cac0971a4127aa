"""What a package index shows: metadata, citation and pages agree with each other."""

import configparser
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import skscratch
from skscratch._compat import SITE

ROOT = Path(__file__).resolve().parents[1]
CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / "setup.cfg")
METADATA = CONFIG["metadata"]
CITATION = (ROOT / "CITATION.cff").read_text()
URLS = dict(line.split(" = ") for line in METADATA["project_urls"].strip().splitlines())


def test_classifiers_begin_with_the_lowest_python():
    versions = re.findall(r"Python :: 3\.(\d+)$", METADATA["classifiers"], re.MULTILINE)
    lowest = CONFIG["options"]["python_requires"].removeprefix(">=3.")
    assert [int(v) for v in versions] == [*range(int(lowest), int(versions[-1]) + 1)]
    assert len(versions) >= 4


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "docs/start.md"])
def test_pages_state_the_lowest_versions(page):
    options, extras = CONFIG["options"], CONFIG["options.extras_require"]
    python = options["python_requires"].removeprefix(">=")
    lowest = re.search(r"scikit-learn>=(\S+)", options["install_requires"])[1]
    of_callbacks = re.search(r"scikit-learn>=(\d+\.\d+)", extras["callbacks"])[1]
    text = " ".join((ROOT / page).read_text().split())
    assert f"Python {python} or later, and scikit-learn {lowest} or later." in text
    assert f"Callbacks need scikit-learn {of_callbacks} or later." in text


def test_one_file_of_the_package_knows_the_address_of_the_site():
    files = Path(skscratch.__file__).parent.rglob("*.py")
    assert [path.name for path in files if SITE in path.read_text("utf-8")] == ["_compat.py"]


@pytest.mark.parametrize("name", [*URLS, "the site"])
def test_urls_are_pages_of_the_site(name):
    """An address leads to a page that is written here, or that the build makes of the reference."""
    url = URLS.get(name, METADATA["url"])
    assert url.startswith(SITE)
    page = url.removeprefix(SITE) or "index.html"
    made = {"api/index.html"}
    assert page in made or (ROOT / "docs" / page).with_suffix(".md").is_file()


def test_citation_and_metadata_agree():
    cited = dict(re.findall(r"^([\w-]+): (.+)$", CITATION, re.MULTILINE))
    assert cited["version"] == skscratch.__version__
    assert cited["license"] == METADATA["license_expression"]
    assert cited["url"] == METADATA["url"]
    assert f"- name: {METADATA['author']}" in CITATION
    words = re.findall(r"^  - ([\w -]+)$", CITATION, re.MULTILINE)
    assert words == METADATA["keywords"].strip().splitlines()[: len(words)]
    assert len(words) == 5


@pytest.mark.parametrize("page", ["CODE_OF_CONDUCT", "SECURITY", "CONTRIBUTING"])
def test_links_of_pages_beside_the_readme_lead_somewhere(page):
    text = (ROOT / f"{page}.md").read_text()
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        assert (ROOT / target).is_file(), target


def test_bibtex_of_the_questions_is_the_citation():
    text = (ROOT / "docs" / "faq.md").read_text()
    shown = dict(re.findall(r"^      (\w+) += \{+(.+?)\}+,?$", text, re.MULTILINE))
    cited = dict(re.findall(r"^(\w[\w-]+): \"?(.+?)\"?$", CITATION, re.MULTILINE))
    assert shown.pop("author") == METADATA["author"]
    assert shown == {name: cited[name] for name in ("title", "version", "url")}


def test_an_import_loads_no_part_of_scikit_learn_that_only_preprocessing_needs():
    """These parts take longer to import than all of this package."""
    parts = ["sklearn.linear_model", "sklearn.model_selection", "sklearn.pipeline", "sklearn.tree"]
    code = f"import sys, skscratch; print([part for part in {parts} if part in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", skscratch.SKOPS_TRUSTED_TYPES)
def test_a_trusted_type_exists(name):
    module, _, kind = name.rpartition(".")
    assert f"{module}.{getattr(importlib.import_module(module), kind).__qualname__}" == name
