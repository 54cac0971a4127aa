"""Links as they are right in the repository, and the pages that they lead to in the site."""

import re

__all__ = ["SITE", "at_site", "within_site"]

SITE = "https://skscratch.readthedocs.io/en/stable"
LINKS = [
    (r"\]\((?:\.\./)*CONTRIBUTING\.md", r"](/project/contributing.md"),
    (r"\]\((?:\.\./)*CHANGELOG\.md", r"](/project/changelog.md"),
    (r"\]\((?:\.\./)*CODE_OF_CONDUCT\.md", r"](/project/code-of-conduct.md"),
    (r"\]\((?:\.\./)*SECURITY\.md", r"](/project/security.md"),
    (r"\]\((?:\.\./)*examples/(plot_\w+)\.py\)", r"](/gallery/\1.rst)"),
    *(
        (
            rf"\]\((?:\.\./)*skscratch/estimators/_{kind.lower()}\.py\)",
            rf"](/api/generated/skscratch.ScratchMLP{kind}.rst)",
        )
        for kind in ("Classifier", "Regressor")
    ),
    (r"\]\((?:\.\./)*skscratch/(core|training)/(\w+)\.py\)", r"](/api/skscratch.\1.\2.rst)"),
]


def within_site(text):
    for pattern, page in LINKS:
        text = re.sub(pattern, page, text)
    return text


def at_site(text):
    """Return the text of a page in docs/ with addresses that are right anywhere."""
    return re.sub(r"\]\(/?([\w./-]+)\.(?:md|rst)([#)])", rf"]({SITE}/\1.html\2", within_site(text))
