"""What a notebook shows of an estimator: every name with its description and a link."""

import inspect
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch._compat import SITE
from tests.estimators.docstring import descriptions, section

PAGE = f"{SITE}api/generated/skscratch.ScratchMLPClassifier.html"
PARAMETERS = [*inspect.signature(ScratchMLPClassifier).parameters]

shows_attributes = pytest.mark.skipif(
    not hasattr(ScratchMLPClassifier, "_get_fitted_attr_html"),
    reason="scikit-learn shows fitted attributes from 1.9 on",
)


@pytest.fixture(scope="module")
def fitted():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3)), columns=["a", "b", "c"])
    model = ScratchMLPClassifier((4,), solver="lbfgs", tol=0.1, random_state=0)
    return model.fit(X, np.arange(30) % 2)


def attributes(model):
    return [name for name in dir(model) if name.endswith("_") and not name.startswith("_")]


class Page(HTMLParser):
    """Collects the links of an estimator's HTML, and the descriptions in them."""

    def __init__(self, html):
        super().__init__()
        self.links, self.descriptions, self.inside = {}, {}, []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "a":
            self.inside, self.href, self.text = (
                ["link"],
                attrs.get("href", ""),
                {"link": "", "d": ""},
            )
        elif tag == "span" and self.inside and attrs.get("class") == "param-doc-description":
            self.inside.append("d")

    def handle_data(self, data):
        if self.inside:
            self.text[self.inside[-1]] += data

    def handle_endtag(self, tag):
        if tag == "span" and len(self.inside) > 1:
            self.inside.pop()
        elif tag == "a" and self.inside:
            name = self.text["link"].strip()
            self.links[name], self.descriptions[name] = self.href, self.text["d"].strip()
            self.inside = []


def test_each_parameter_has_an_entry_of_its_own():
    assert [name for name, _ in section("Parameters")] == PARAMETERS


def test_each_fitted_attribute_has_an_entry_of_its_own(fitted):
    assert sorted(name for name, _ in section("Attributes")) == sorted(attributes(fitted))


@shows_attributes
def test_each_name_has_its_description_and_a_link_to_it(fitted):
    page = Page(fitted._repr_html_())
    entries = dict(section("Parameters") + section("Attributes"))
    for name in PARAMETERS + attributes(fitted):
        assert page.descriptions[name].startswith(f"{name}: {entries[name]}"), name
        assert len(page.descriptions[name]) > len(f"{name}: {entries[name]}") + 10
        link, _, fragment = unquote(page.links[name]).partition("#:~:text=")
        assert link == PAGE
        assert fragment == f"{name},-{entries[name].replace('`', '')}", name


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(StandardScaler(), m)])
def test_the_estimator_leads_to_its_page(wrap):
    html = wrap(ScratchMLPClassifier())._repr_html_()
    assert f'href="{PAGE}"' in html
    assert "Documentation for ScratchMLPClassifier" in html


def test_a_class_of_the_users_own_leads_nowhere():
    class Mine(ScratchMLPClassifier):
        """Not of this project."""

    assert Mine()._get_doc_link() == ""


@shows_attributes
def test_what_is_shown_is_what_is_there(fitted):
    html = re.sub(r"\s+", " ", fitted._repr_html_())
    assert re.search(r'class="user-set">.{0,400}aria-label="Copy solver', html)
    assert re.search(r'class="default">.{0,400}aria-label="Copy momentum', html)
    assert f"<td>{fitted.n_iter_}</td>" in html
    assert "ndarray[object](3,)" in html


def test_there_is_no_html_where_there_shall_be_none():
    with config_context(display="text"):
        assert not hasattr(ScratchMLPClassifier(), "_repr_html_")


@pytest.mark.parametrize(
    ("name", "different"),
    [
        (
            "Parameters",
            {"hidden_layer_sizes", "learning_rate_init", "tol", "validation_fraction", "scoring"}
            | {"n_members"},
        ),
        ("Attributes", {"history_", "validation_scores_", "out_activation_"}),
    ],
)
def test_what_both_estimators_have_is_described_once(name, different):
    """The classes hold copies of these texts, which an edit must change together."""
    ours, theirs = (descriptions(name, k) for k in (ScratchMLPClassifier, ScratchMLPRegressor))
    shared = [*ours.keys() & theirs.keys()]
    assert len(shared) > 12
    assert {entry for entry in shared if ours[entry] != theirs[entry]} == different
