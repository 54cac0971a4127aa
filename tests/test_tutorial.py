"""The tutorial is a page and a notebook of the same text, and the notebook runs."""

import doctest
import importlib
import json
import os
import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = (DOCS / "tutorial.md").read_text()
BLOCKS = [
    doctest.DocTestParser().get_examples(block)
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
]


@pytest.fixture
def notebook(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "_ext")
    return importlib.import_module("tutorial").notebook(PAGE)


def sources(notebook, kind):
    return [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_every_block_is_a_cell(notebook):
    blocks = ["".join(example.source for example in block).strip() for block in BLOCKS]
    shown = [
        f"{module}.py {name}" for module, name in re.findall(r"code-of\} (.+)\.py (\w+)", PAGE)
    ]
    assert len(blocks) > 20
    cells = sources(notebook, "code")
    assert cells[: len(blocks)] == blocks
    assert len(cells) - len(blocks) == len(shown) == 2


def test_text_is_that_of_the_page(notebook):
    text = "\n".join(sources(notebook, "markdown"))
    assert re.findall("^#+ .*", text, re.MULTILINE) == re.findall("^#+ .*", PAGE, re.MULTILINE)
    assert not re.findall("```|eval-rst|code-of|{download}", text)
    addresses = re.findall(r"\]\((.*?)\)", text)
    assert len(addresses) == len(re.findall(r"\]\(", PAGE))
    site = "https://skscratch.readthedocs.io/en/stable"
    assert all(address.startswith(f"{site}/") for address in addresses)
    assert f"{site}/api/skscratch.core.network.html" in addresses
    assert f"{site}/derivations/losses.html" in addresses


def test_site_is_that_of_the_estimators(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "_ext")
    from skscratch._compat import SITE

    assert f"{importlib.import_module('links').SITE}/" == SITE


def test_only_the_last_example_of_a_block_shows_a_value():
    """A notebook prints the value of the last line of a cell alone."""
    assert not [example.source for block in BLOCKS for example in block[:-1] if example.want]
    assert sum(bool(block[-1].want) for block in BLOCKS) > 15


@pytest.mark.filterwarnings("default")  # Jupyter's own are none of ours
def test_notebook_shows_what_the_page_shows(notebook, tmp_path, monkeypatch):
    pytest.importorskip("ipykernel", reason="the notebook needs a kernel")
    nbclient = pytest.importorskip("nbclient", reason="nbclient runs the notebook")
    import nbformat

    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    run = nbformat.reads(json.dumps(notebook), as_version=4)
    nbformat.validate(run)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(run, timeout=120, kernel_name="python3", resources=resources).execute()
    cells = [cell for cell in run.cells if cell.cell_type == "code"]
    for cell, block in zip(cells, BLOCKS, strict=False):
        assert printed(cell) == block[-1].want, cell.source
    pictures = [o for cell in cells for o in cell.outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == len(re.findall("^.. plot::", PAGE, re.MULTILINE)) == 2
    for cell, name in zip(cells[len(BLOCKS) :], ("forward", "backward"), strict=True):
        assert printed(cell).startswith(f"def {name}(")


def printed(cell):
    """Return what a cell printed, and the value of its last line."""
    assert not [output for output in cell.outputs if output.get("name") == "stderr"]
    text = "".join(output.text for output in cell.outputs if output.output_type == "stream")
    results = [o.data["text/plain"] for o in cell.outputs if o.output_type == "execute_result"]
    return text + "".join(f"{result}\n" for result in results)
