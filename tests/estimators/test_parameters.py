"""The parameters, in the order and with the defaults that the docstring gives."""

import ast
import inspect
import re

import pytest
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier

from skscratch import ScratchMLPClassifier
from skscratch.estimators._parameters import Parameters

SIGNATURE = inspect.signature(ScratchMLPClassifier).parameters
CONSTRAINTS = ScratchMLPClassifier._parameter_constraints


def documented():
    """Return the default that the docstring gives for each parameter, in its order."""
    text = inspect.getdoc(ScratchMLPClassifier).split("Attributes\n")[0]
    found = re.findall(r"^(\w+) : .*?default=(.+?)$", text, re.MULTILINE | re.DOTALL)
    return {name: ast.literal_eval(default) for name, default in found}


def test_the_defaults_are_the_documented_ones():
    defaults = {name: parameter.default for name, parameter in SIGNATURE.items()}
    assert defaults == documented()
    assert [*defaults] == [*documented()]


def test_what_makes_them_better_than_those_of_before():
    """A change of one of these is a change of every user's models."""
    model = ScratchMLPClassifier()
    assert model.hidden_layer_sizes == (256, 128)
    assert model.n_updates_no_change == 100
    assert model.alpha == 1
    assert model.ema_decay == 0.99
    assert model.standardize is model.temperature_scaling is True
    automatic = {name for name, p in SIGNATURE.items() if p.default == "auto"}
    assert automatic == {
        "batch_size", "learning_rate_init", "early_stopping", "weight_init", "decay_steps",
        "n_members",
    }  # fmt: skip


def test_every_parameter_is_stored_as_it_is_and_constrained():
    values = {name: object() for name in SIGNATURE}
    assert vars(ScratchMLPClassifier(**values)) == values
    assert [*values] == [*CONSTRAINTS]


@pytest.mark.parametrize("name", [*SIGNATURE])
def test_those_are_given_by_position_that_mlpclassifier_takes_so(name):
    theirs = inspect.signature(MLPClassifier).parameters
    by_name = name not in theirs or theirs[name].kind is inspect.Parameter.KEYWORD_ONLY
    assert (SIGNATURE[name].kind is inspect.Parameter.KEYWORD_ONLY) == by_name


def test_their_positions_are_those_of_mlpclassifier():
    assert [*SIGNATURE][:2] == [*inspect.signature(MLPClassifier).parameters][:2]
    model = ScratchMLPClassifier((3, 4), "tanh")
    assert (model.hidden_layer_sizes, model.activation) == ((3, 4), "tanh")


def test_scikit_learn_finds_them_in_the_base():
    assert set(Parameters.__init__.__annotations__) - {"return"} == set(SIGNATURE)
    model = ScratchMLPClassifier((5,), n_members=1, standardize=False)
    assert clone(model).get_params() == model.get_params()
