"""Calls that fit no signature, and values that fit no parameter, in the user's terms."""

import inspect
import pickle

import numpy as np
import pytest
from sklearn import clone
from sklearn.metrics import get_scorer_names

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.estimators import _hints
from skscratch.estimators._parameters import CONSTRAINTS, names_of

X, Y = np.array([[-1.0], [1.0]]), np.array([0, 1])
PARAMETERS = {*ScratchMLPClassifier().get_params(), *ScratchMLPRegressor().get_params()}
OF_FIT = {*inspect.signature(ScratchMLPClassifier.fit).parameters}


class Mine(ScratchMLPClassifier):
    """A subclass with a constructor of its own."""

    def __init__(self, alpha=1.0, **others):
        super().__init__(alpha=alpha, **others)


@pytest.mark.parametrize("kind", [ScratchMLPClassifier, Mine])
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("lr", "learning_rate_init"), ("epochs", "max_iter"), ("optimizer", "solver"),
        ("hidden_units", "hidden_layer_sizes"), ("weight_decays", "weight_decay"),
        ("patience", "n_iter_no_change"), ("dropout_rate", "dropout"), ("batch", "batch_size"),
        ("seed", "random_state"), ("l2", "alpha"), ("betas", "beta_1 and beta_2"),
        ("max_iters", "max_iter"), ("Alpha", "alpha"), ("validation_split", "validation_fraction"),
    ],
)  # fmt: skip
def test_a_name_of_another_library(kind, name, meant):
    with pytest.raises(TypeError) as error:
        kind(**{name: 1})
    assert str(error.value) == (
        f"{kind.__name__}() got an unexpected keyword argument {name!r}. Did you mean {meant}?"
    )


def test_a_name_like_no_other_gets_no_advice():
    with pytest.raises(TypeError) as error:
        ScratchMLPClassifier(zzz=1)
    assert str(error.value) == "ScratchMLPClassifier() got an unexpected keyword argument 'zzz'."


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m: m.fit(X, Y, eval_set=1),
            "ScratchMLPClassifier.fit() got an unexpected keyword argument 'eval_set'. Did you "
            "mean X_val and y_val?",
        ),
        (
            lambda m: m.fit(X, Y, validation_data=(X, Y)),
            "ScratchMLPClassifier.fit() got an unexpected keyword argument 'validation_data'. Did "
            "you mean X_val and y_val?",
        ),
        (
            lambda m: m.fit(X, Y, epochs=3),
            "ScratchMLPClassifier.fit() got an unexpected keyword argument 'epochs'. Pass "
            "max_iter to ScratchMLPClassifier(...), not to its methods.",
        ),
        (
            lambda m: m.fit(X, Y, batch_size=3),
            "ScratchMLPClassifier.fit() got an unexpected keyword argument 'batch_size'. Pass "
            "batch_size to ScratchMLPClassifier(...), not to its methods.",
        ),
        (
            lambda m: m.partial_fit(X, Y, weights=Y),
            "ScratchMLPClassifier.partial_fit() got an unexpected keyword argument 'weights'. Did "
            "you mean sample_weight?",
        ),
        (
            lambda m: ScratchMLPClassifier(eval_set=(X, Y)),
            "ScratchMLPClassifier() got an unexpected keyword argument 'eval_set'. Pass X_val and "
            "y_val to fit.",
        ),
        (
            lambda m: m.fit(X, Y, None, X, Y),
            "ScratchMLPClassifier.fit() takes 3 positional arguments (X, y, sample_weight), but 5 "
            "were given. Pass the others by name: X_val=..., y_val=....",
        ),
        (lambda m: m.fit(X), "ScratchMLPClassifier.fit() needs y."),
        (lambda m: m.fit(), "ScratchMLPClassifier.fit() needs X and y."),
        (lambda m: m.fit(y=Y), "ScratchMLPClassifier.fit() needs X."),
        (
            lambda m: m.fit(X, Y, y=Y),
            "ScratchMLPClassifier.fit() got y twice, by position and by name.",
        ),
        (
            lambda m: m.predict(X, Y),
            "ScratchMLPClassifier.predict() takes 1 positional argument (X), but 2 were given.",
        ),
        (
            lambda m: m.predict_proba(Z=X),
            "ScratchMLPClassifier.predict_proba() got an unexpected keyword argument 'Z'.",
        ),
        (
            lambda m: m.drop_optimizer_state(1),
            "ScratchMLPClassifier.drop_optimizer_state() takes 0 positional arguments, but 1 were "
            "given.",
        ),
    ],
)
def test_a_call_that_does_not_fit(call, message):
    with pytest.raises(TypeError) as error:
        call(ScratchMLPClassifier())
    assert str(error.value) == message


def test_too_many_by_position():
    n = 1 + sum(
        p.kind is p.POSITIONAL_OR_KEYWORD
        for p in inspect.signature(ScratchMLPClassifier).parameters.values()
    )
    name = [*inspect.signature(ScratchMLPClassifier).parameters][n - 1]
    message = rf"^ScratchMLPClassifier\(\) takes {n - 1} positional .*by name: {name}=\.\.\.\.$"
    with pytest.raises(TypeError, match=message):
        ScratchMLPClassifier(*[None] * n)


@pytest.mark.parametrize("name", ["lr", "momentun"])
def test_set_params(name):
    with pytest.raises(ValueError, match=rf"{name}' for estimator .*\. Did you mean \w+\?$"):
        ScratchMLPClassifier().set_params(**{name: 1})
    with pytest.raises(ValueError, match="Valid parameters are"):
        ScratchMLPClassifier().set_params(zzz=1)
    assert ScratchMLPClassifier().set_params(alpha=2).alpha == 2


def test_what_looks_at_signatures_sees_them_all():
    names = [*inspect.signature(ScratchMLPClassifier).parameters]
    assert names == [name for name in CONSTRAINTS if name in names]
    assert len(names) > 40
    assert [*inspect.signature(ScratchMLPClassifier.predict).parameters] == ["self", "X"]
    model = Mine(alpha=3.0)
    assert clone(model).alpha == 3.0
    assert repr(ScratchMLPClassifier(alpha=3.0)) == "ScratchMLPClassifier(alpha=3.0)"
    assert pickle.loads(pickle.dumps(ScratchMLPClassifier(alpha=3.0))).alpha == 3.0


@pytest.mark.parametrize(
    ("params", "meant"),
    [
        ({"activation": "sigmoid"}, "'logistic'"),
        ({"activation": ["swish"]}, "'silu'"),
        ({"activation": "leakyrelu"}, "'leaky_relu'"),
        ({"solver": "adamw"}, "solver='adam' with weight_decay"),
        ({"solver": "rmsprop"}, "solver='adam' with beta_1=0"),
        ({"solver": "nesterov"}, "solver='sgd' with momentum"),
        ({"solver": "l-bfgs"}, "'lbfgs'"),
        ({"learning_rate": 0.01}, "learning_rate_init=0.01"),
        ({"learning_rate": "one_cycle"}, "'onecycle'"),
        ({"early_stopping": 10}, "n_iter_no_change=10"),
        ({"scoring": "acc"}, "'accuracy'"),
        ({"scoring": "f1macro"}, "'f1_macro'"),
        ({"weight_init": "xavier"}, "'glorot_uniform'"),
        ({"dtype": "float"}, "'float64'"),
    ],
    ids=str,
)
def test_a_value_of_another_library(params, meant):
    (value,) = params.values()
    with pytest.raises(ValueError, match=r"Did you mean") as error:
        ScratchMLPClassifier((3,), **params).fit(X, Y)
    assert str(error.value).endswith(f" Did you mean {meant}?")
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("name", ["activation", "solver", "learning_rate", "weight_init", "dtype"])
def test_accepted_names_are_sorted(name):
    with pytest.raises(ValueError, match="must be") as error:
        ScratchMLPClassifier(**{name: "zzz"}).fit(X, Y)
    accepted = ", ".join(map(repr, sorted(names_of(name))))
    assert f"{{{accepted}}}" in str(error.value)


def test_tables_lead_to_names_that_exist():
    for ours in _hints.NAMES:
        assert {*ours} <= PARAMETERS | OF_FIT
    theirs = [name for names in _hints.NAMES.values() for name in names]
    assert len({*theirs}) == len(theirs)
    assert not {*theirs} & (PARAMETERS | OF_FIT)
    assert {*_hints.VALUES} | {*_hints.NUMBERS} <= PARAMETERS
    accepted = {name: names_of(name) for name in _hints.VALUES}
    accepted["scoring"] = ["loss", *get_scorer_names()]
    for name, values in _hints.VALUES.items():
        assert not {*values} & {*accepted[name]}
        for meant in values.values():
            assert not meant.startswith("'") or meant.strip("'") in accepted[name]


# Whatever is a number, and no switch.
NUMBERS = [
    name
    for name, constraints in CONSTRAINTS.items()
    if any(type(c).__name__ == "Interval" for c in constraints)
]


@pytest.mark.parametrize("value", [True, False, np.True_], ids=repr)
@pytest.mark.parametrize("name", NUMBERS)
def test_true_and_false_are_no_numbers(name, value):
    model = ScratchMLPClassifier()
    if name not in model.get_params():
        model = ScratchMLPRegressor("quantile")
    model.set_params(**{name: value})
    with pytest.raises(ValueError, match=name):
        model.fit(X, Y)


@pytest.mark.parametrize("rates", [[True], [0.5, False]])
def test_nor_are_they_rates_of_layers(rates):
    with pytest.raises(ValueError, match="dropout"):
        ScratchMLPClassifier((3,) * len(rates), dropout=rates).fit(X, Y)


def test_there_are_many_numbers():
    assert {"batch_size", "random_state", "alpha", "n_members", "hidden_layer_sizes"} <= {*NUMBERS}
    assert len(NUMBERS) > 25
