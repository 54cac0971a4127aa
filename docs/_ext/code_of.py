"""The directive ``code-of``: the code of an object as it is, without its docstring."""

import ast
import textwrap
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

__all__ = ["CodeOf", "code_of", "setup"]

ROOT = Path(__file__).resolve().parents[2]


class CodeOf(SphinxDirective):
    """``code-of:: core/activations.py Tanh`` or, for a method, ``... Tanh.forward``."""

    required_arguments = 2

    def run(self):
        path, name = self.arguments
        file = ROOT / "skscratch" / path
        self.env.note_dependency(str(file))
        block = nodes.literal_block(code := code_of(file.read_text(), name), code)
        block["language"] = "python"
        self.set_source_info(block)
        return [block]


def code_of(source, name):
    """Return the lines of the function or class called name in source, without the docstring."""
    node = ast.parse(source)
    for part in name.split("."):
        (node,) = [n for n in node.body if getattr(n, "name", None) == part]
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    lines = source.splitlines()
    if ast.get_docstring(node):
        doc, *rest = node.body
        # a blank line under the docstring belongs to it, one above stays with nobody
        begin = rest[0].lineno - 1 if rest else doc.end_lineno
        while begin > doc.end_lineno and lines[begin - 1].strip():
            begin -= 1  # comments and decorators above the first statement
        kept = lines[first - 1 : doc.lineno - 1] + lines[begin : node.end_lineno]
    else:
        kept = lines[first - 1 : node.end_lineno]
    return textwrap.dedent("\n".join(kept))


def setup(app):
    app.add_directive("code-of", CodeOf)
    return {"parallel_read_safe": True}
