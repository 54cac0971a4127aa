"""The site: ``sphinx-build -W docs docs/_build``, or ``nox -s docs``."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

import gallery  # noqa: E402
import pages  # noqa: E402

from skscratch import __version__  # noqa: E402

project = "skscratch"
author = "the skscratch developers"
copyright = author
version = release = __version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx-mathjax-offline",  # MathJax's files, so that formulas need no network
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "code_of",
    "pages",
    "tutorial",
]
exclude_patterns = ["_build", "_inventories"]
templates_path = ["_templates"]
default_role = "literal"
smartquotes = False
nitpicky = True

# Docstrings say what types arguments have, in words; numpydoc lays them out.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autosummary_context = {"own_members": pages.own_members()}
autosummary_ignore_module_all = False
numpydoc_show_class_members = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# Other projects' names. Where their sites cannot be reached, the lists in _inventories have the
# names that these pages use: a build without a network is the same and warns of nothing.
SITES = {
    "joblib": "https://joblib.readthedocs.io/en/latest/",
    "matplotlib": "https://matplotlib.org/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "pandas": "https://pandas.pydata.org/docs/",
    "python": "https://docs.python.org/3/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
    "sklearn": "https://scikit-learn.org/stable/",
}
intersphinx_mapping = {
    name: (url, (None, str(HERE / "_inventories" / f"{name}.inv"))) for name, url in SITES.items()
}
intersphinx_timeout = 5

sphinx_gallery_conf = gallery.settings(HERE)

plot_formats = [("svg", 72)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = False

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_copyright = False
toc_object_entries_show_parents = "hide"
html_sidebars = {"all-of-skscratch": [], "index": [], "start": []}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navbar_align": "left",
    "show_toc_level": 2,
    "footer_start": ["sphinx-version"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
