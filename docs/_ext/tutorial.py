"""The tutorial as a notebook and as figures: both are made of the page, while the site is built."""

import doctest
import json
import re
from pathlib import Path

import links

__all__ = ["draw", "notebook", "setup"]

PAGE = Path(__file__).resolve().parents[1] / "tutorial.md"
# A fence, its first line, and what is inside.
FENCE = re.compile(r"^```(\S+)(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
SHOW = """
import inspect

from skscratch.{} import {} as module

print(inspect.getsource(module.{}))
"""


def setup(app):
    app.connect("config-inited", write_notebook)
    return {"parallel_read_safe": True}


def write_notebook(app, config):
    folder = Path(app.srcdir) / "notebooks"
    folder.mkdir(exist_ok=True)
    (folder / "tutorial.ipynb").write_text(json.dumps(notebook(PAGE.read_text()), indent=1))


def notebook(page):
    """Return a page as a notebook without outputs: text, and a cell of code for each block.

    A figure is left out, because the cell above it draws it. Code of the package that the page
    shows is a cell that prints it.
    """
    cells, end = [], 0
    for fence in FENCE.finditer(page):
        cells.append(text_cell(page[end : fence.start()]))
        cells.append(code_cell(code(fence)))
        end = fence.end()
    cells.append(text_cell(page[end:]))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": [cell for cell in cells if cell["source"]],
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }


def code(fence):
    """Return the code that a fenced block stands for; none for a figure."""
    kind, rest, inside = fence.groups()
    if kind == "python":
        return "".join(example.source for example in doctest.DocTestParser().get_examples(inside))
    if kind == "{code-of}":
        path, name = rest.split()
        floor, module = path.removesuffix(".py").split("/")
        return SHOW.format(floor, module, name)
    return ""


def code_cell(source):
    unrun = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    return unrun | {"source": source.strip()}


def text_cell(text):
    """Return a cell of text: without the download of the notebook, with addresses of the site."""
    text = re.sub(
        r"\{download\}`(.+?) <.+?>`\.", f"The page is at {links.SITE}/tutorial.html.", text
    )
    return {"cell_type": "markdown", "metadata": {}, "source": links.at_site(text).strip()}


def draw(number):
    """Run the page up to the figure of this number, counted from 1, and leave that figure alone."""
    import matplotlib.pyplot as plt

    plt.close("all")
    session = {}
    for cell in notebook(PAGE.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec(cell["source"], session)
        if number in plt.get_fignums():
            break
    for other in {*plt.get_fignums()} - {number}:
        plt.close(other)
