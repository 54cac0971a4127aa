"""From names to objects."""

import numpy as np
import pytest

from skscratch import ScratchMLPClassifier
from skscratch._compat import InvalidParameterError
from skscratch.core.activations import ACTIVATIONS, ReLU, Tanh
from skscratch.core.initializers import Glorot, He, LeCun
from skscratch.core.optimizers import Adam, GradientDescent, Momentum, Nesterov
from skscratch.core.schedules import (
    Adaptive,
    Constant,
    Cosine,
    Exponential,
    Function,
    InvScaling,
    Step,
    WarmUp,
)
from skscratch.estimators import _params
from skscratch.estimators._parameters import CONSTRAINTS


def test_every_parameter_has_a_constraint_and_no_other():
    assert {*CONSTRAINTS} == {*ScratchMLPClassifier().get_params()}


@pytest.mark.parametrize(
    ("value", "widths"),
    [(5, (5,)), ((), ()), ([], ()), ([3, 4], (3, 4)), (np.array([3, 4]), (3, 4)), ((3.0,), (3,))],
)
def test_hidden_layer_sizes(value, widths):
    assert _params.hidden_layer_sizes(value) == widths
    assert {type(q) for q in _params.hidden_layer_sizes(value)} <= {int}


@pytest.mark.parametrize(
    "value", [(0,), (-1,), (2.5,), (np.inf,), (True,), ((3, 2),), ("a",), None]
)
def test_hidden_layer_sizes_that_are_none(value):
    with pytest.raises(InvalidParameterError, match="hidden_layer_sizes"):
        _params.hidden_layer_sizes(value)


def test_activations_one_for_all_or_one_per_layer():
    relu, tanh = ReLU(), ACTIVATIONS["tanh"]
    assert _params.activations("tanh", 2) == (tanh, tanh)
    assert _params.activations(["tanh", relu], 2) == (tanh, relu)
    assert _params.activations("tanh", 0) == ()


@pytest.mark.parametrize(
    "value", [["tanh"], ["tanh"] * 3, ["tanh", "sine"], ["tanh", 3], [Tanh, "tanh"]]
)
def test_activations_that_do_not_fit(value):
    with pytest.raises(InvalidParameterError, match="activation"):
        _params.activations(value, 2)


def test_initializers_suit_their_layer():
    layers = (ReLU(), Tanh(), ACTIVATIONS["selu"])
    assert _params.initializers("auto", layers) == [He(), Glorot(), LeCun("normal"), Glorot()]
    assert _params.initializers("he_normal", layers) == [He("normal")] * 4


@pytest.mark.parametrize(
    ("params", "rate"),
    [
        ({"solver": "adam"}, 0.01),
        ({"solver": "adam", "ema_decay": 0}, 0.001),
        ({"solver": "sgd", "momentum": 0}, 0.1),
        ({"solver": "sgd", "momentum": 0.9}, 0.01),
        ({"solver": "sgd", "momentum": 1.0}, 0.001),
        ({"solver": "sgd", "learning_rate_init": 0.5}, 0.5),
        ({"solver": Adam(0.9, 0.999, 1e-8)}, 0.01),
        ({"solver": Adam(0.9, 0.999, 1e-8), "ema_decay": 0}, 0.001),
        ({"solver": Momentum(0.5)}, 0.05),
    ],
)
def test_automatic_learning_rate(params, rate):
    assert _params.learning_rate_init(ScratchMLPClassifier(**params)) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("params", "rule"),
    [
        ({"beta_1": 0.5}, Adam(0.5, 0.999, 1e-8)),
        ({"solver": "sgd"}, Nesterov(0.9)),
        ({"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.3}, Momentum(0.3)),
        ({"solver": "sgd", "momentum": 0}, GradientDescent()),
        ({"solver": Momentum(0.2)}, Momentum(0.2)),
    ],
)
def test_rules(params, rule):
    assert _params.rule(ScratchMLPClassifier(**params)) == rule


@pytest.mark.parametrize(
    ("params", "schedule"),
    [
        ({}, Constant(0.01)),
        ({"learning_rate": "invscaling", "power_t": 0.3}, InvScaling(0.01, 0.3)),
        ({"learning_rate": "adaptive", "learning_rate_init": 0.2}, Adaptive(0.2)),
        ({"learning_rate": Constant(9.0)}, Constant(9.0)),
    ],
)
def test_schedules(params, schedule):
    assert _params.schedule(ScratchMLPClassifier(**params), planned_steps=90) == schedule


def test_automatic_decay_is_over_when_training_is():
    def built(name, **params):
        return _params.schedule(ScratchMLPClassifier(learning_rate=name, **params), 90)

    assert built("cosine") == Cosine(0.01, 90)
    assert built("cosine", warmup_steps=30) == WarmUp(Cosine(0.01, 60), 30)
    assert built("step", decay_rate=0.5) == Step(0.01, 0.5, 30)
    assert built("exponential", decay_steps=7) == Exponential(0.01, 0.1, 7)


def test_a_function_of_the_step_is_a_schedule():
    schedule = _params.schedule(ScratchMLPClassifier(learning_rate=lambda t: 1 / (t + 1)), 90)
    assert isinstance(schedule, Function)
    assert schedule(3) == 0.25


@pytest.mark.parametrize(
    ("value", "rates"), [(0.5, (0.5, 0.5)), ([0, 0.25], (0.0, 0.25)), ((0.1, 0.2), (0.1, 0.2))]
)
def test_dropout_one_for_all_or_one_per_layer(value, rates):
    assert _params.dropout(value, 2) == rates


@pytest.mark.parametrize("value", [[0.5], [0.5] * 3, [0.5, 1.0], ["0.5", 0.5], -1, (0.5, None)])
def test_dropout_that_does_not_fit(value):
    with pytest.raises(InvalidParameterError, match="dropout"):
        _params.dropout(value, 2)


@pytest.mark.parametrize("solver", [Adam, lambda g: g])
def test_solvers_that_are_none(solver):
    with pytest.raises(InvalidParameterError, match="solver"):
        _params.rule(ScratchMLPClassifier(solver=solver))


@pytest.mark.filterwarnings("ignore:Parameters that this fit does not use")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_class_is_no_schedule_used_or_not(solver, binary, small):
    with pytest.raises(InvalidParameterError, match=r"learning_rate must.*the class.*Constant"):
        small(solver=solver, learning_rate=Constant).fit(*binary)
