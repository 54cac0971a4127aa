"""A mistake on one rank only is the same error on all ranks, and no rank waits for another."""

import re
import threading
import warnings
from functools import partial
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch._ranks import ranks as running
from skscratch.core.activations import LeakyReLU, Tanh
from skscratch.core.optimizers import Adam
from skscratch.core.schedules import Constant
from tests.distributed.test_calls import PARTS, errors
from tests.distributed.test_equality import LABELS, NET, NUMBERS, X, pytestmark
from tests.distributed.threads import assert_same_bits, on_ranks

__all__ = ["pytestmark"]
Z, CLASSES = X / 100, [0, 1, 2]


class Failing(Tanh):
    """An activation that fails its check on one rank."""

    def forward(self, z, a):
        super().forward(z, a)
        shared = running.get()
        if shared is not None and shared.rank == 1:
            raise ArithmeticError("in my activation")


class Lost:
    """A table that knows its shape alone."""

    shape = (80, 5)

    def __array__(self, *args, **kwargs):
        raise OSError("the file is gone")


WITH_NAN = np.where(np.arange(400).reshape(80, 5) == 7, np.nan, Z[:80])
DATES = pd.DataFrame({"day": pd.to_datetime(["2026-01-01"] * 80)})
# Arguments of a call on rank 1, or parameters under "set", or attributes under "attribute"; and
# words of the error that all ranks are to raise.
FIT = {
    "no X": ({"X": None}, "Expected 2D array"),
    "a vector as X": ({"X": Z[:80, 0]}, "Expected 2D array"),
    "X of three dimensions": ({"X": Z[:80, None]}, "dim 3"),
    "text in X": ({"X": [["a"] * 5] * 80}, "X"),
    "NaN in X": ({"X": WITH_NAN}, "Input X contains NaN"),
    "a sparse X": ({"X": csr_array(Z[:80])}, "X.toarray()"),
    "dates in X": ({"X": DATES}, "Column 'day' of X holds dates"),
    "an X that cannot be read": ({"X": Lost()}, "OSError: the file is gone"),
    "no y": ({"y": None}, "requires y to be passed"),
    "a shorter y": ({"y": LABELS[:79]}, "inconsistent numbers of samples"),
    "NaN in y": ({"y": WITH_NAN[:, 2]}, "y contains NaN"),
    "labels of two kinds": ({"y": [0, "a"] * 40}, "labels of one kind"),
    "negative weights": ({"sample_weight": -np.ones(80)}, "sample_weight"),
    "a weight too few": ({"sample_weight": np.ones(79)}, "sample_weight"),
    "text as weights": ({"sample_weight": ["heavy"] * 80}, "sample_weight"),
    "X_val alone": ({"X_val": Z[:40]}, "X_val is None on rank 0, but given on rank 1"),
    "y_val alone": ({"y_val": LABELS[:40]}, "y_val is None on rank 0, but given on rank 1"),
    "weights of no rows": ({"sample_weight_val": [1.0]}, "sample_weight_val is None on rank 0"),
    "groups": ({"groups": np.arange(80)}, "groups is None on rank 0, but given on rank 1"),
    "an unknown argument": ({"epochs": 5}, "unexpected keyword argument 'epochs'"),
    "a parameter as argument": ({"max_iter": 5}, "Pass max_iter to"),
    "an unknown solver": ({"set": {"solver": "adagrad"}}, "solver"),
    "a max_iter below 1": ({"set": {"max_iter": -1}}, "max_iter"),
    "a max_iter of text": ({"set": {"max_iter": "ten"}}, "max_iter"),
    "an alpha of NaN": ({"set": {"alpha": np.nan}}, "alpha"),
    "an unknown activation": ({"set": {"activation": "tanhh"}}, "activation"),
    "a layer of no units": ({"set": {"hidden_layer_sizes": (0,)}}, "hidden_layer_sizes"),
    "ragged weights": ({"set": {"coefs_init": [[1, [2]], 3]}}, "coefs_init"),
    "a checkpoint": ({"set": {"checkpoint": "run"}}, "checkpoint is None on rank 0, but given"),
    "a weight of no class": ({"set": {"class_weight": {7: 1.0}}}, "class_weight"),
    "an unknown dtype": ({"set": {"dtype": "float31"}}, "dtype"),
}
BEGIN = {
    "no classes": ({"classes": None}, "classes must be passed on the first call"),
    "other classes": ({"classes": [0, 1]}, "classes is [0, 1, 2] on rank 0, but [0, 1] on rank 1"),
    "ragged classes": ({"classes": [[0], [1, 2]]}, "classes"),
    "a number as classes": ({"classes": 3}, "classes is [0, 1, 2] on rank 0, but 3 on rank 1"),
    "weights as classes": ({"classes": np.linspace(0.1, 0.9, 80)}, "If these are sample weights"),
    "no y": ({"y": None}, "y"),
    "an unknown argument": ({"groups": PARTS}, "unexpected keyword argument 'groups'"),
    "an unknown solver": ({"set": {"solver": "adagrad"}}, "solver"),
}
GO_ON = {
    "a batch of no rows": ({"set": {"batch_size": 0}}, "batch_size"),
    "other features": ({"X": Z[:80, :4]}, "expecting 5 features"),
    "an unknown class": ({"y": LABELS[:80] + 5}, "must hold only the classes"),
    "other classes": ({"classes": [0, 1]}, "classes is None on rank 0, but [0, 1] on rank 1"),
    "no random streams": ({"attribute": {"_continuation": {}}}, "incomplete"),
    "no weights": ({"attribute": {"coefs_": 3}}, "coefs_"),
}
NUMERIC = {
    "text in y": ({"y": ["a"] * 80}, "y"),
    "infinity in y": ({"y": np.full(80, np.inf)}, "infinity"),
    "an unknown argument": ({"classes": CLASSES}, "unexpected keyword argument 'classes'"),
    "an unknown loss": ({"set": {"loss": "mse"}}, "squared_error"),
}


class Holder:
    """A schedule without a readable form that refers to itself."""

    def __init__(self, rate, slots=()):
        self.rate, self.me = np.array([rate]), self
        self.lock = threading.Lock()

    def __call__(self, step):
        return float(self.rate[0])


class Slotted(Tanh):
    """An activation whose state is no dictionary."""

    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number


def constant(rate):
    return lambda step: rate


def of_default(rate):
    def schedule(step, rate=rate):
        return rate

    return schedule


def draw(rng, p, q, *, scale):
    return scale * rng.normal(size=(p, q))


class Node:
    """Part of a network of objects, or of a chain. It counts how often its state is read."""

    n_times = 0

    def __getstate__(self):
        self.n_times += 1
        return {name: value for name, value in vars(self).items() if name != "n_times"}


def linked(number, n_nodes):
    """Return one of some objects that all refer to each other, and to a number."""
    nodes = [Node() for _ in range(n_nodes)]
    for node in nodes:
        vars(node).update({f"to_{i}": other for i, other in enumerate(nodes)}, number=number)
    return nodes[0]


# Objects for a parameter from a number. Objects of one number are equal, and others are not.
OBJECTS = {
    "a rule of ours": ("solver", lambda n: Adam(n, 0.9, 1e-8)),
    "an activation of ours": ("activation", LeakyReLU),
    "activations by layer": ("activation", lambda n: ["tanh", LeakyReLU(n)]),
    "an object with slots": ("activation", Slotted),
    "an object with a cycle and a lock": ("learning_rate", Holder),
    "a schedule of ours": ("learning_rate", Constant),
    "a method": ("learning_rate", lambda n: Holder(n).__call__),
    "a closure": ("learning_rate", constant),
    "a default": ("learning_rate", of_default),
    "a keyword of a partial": ("weight_init", lambda n: partial(draw, scale=n)),
    "constants": ("learning_rate", lambda n: [lambda step: 0.1, lambda step: 0.2][int(10 * n) - 1]),
    "dates": ("activation", lambda n: Slotted(np.array([int(10 * n)], "M8[D]"))),
    "a ufunc": ("activation", lambda n: Slotted([np.exp, np.tanh][int(10 * n) - 1])),
    "a mapping": ("activation", lambda n: Slotted(MappingProxyType({"rate": n}))),
    "objects that refer to each other": ("activation", lambda n: Slotted(linked(n, 6))),
    "long lists": ("coefs_init", lambda n: [[[n] * 16] * 5, [[n] * 8] * 16, [[n] * 3] * 8]),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_are_compared_by_what_they_are_made_of(name):
    parameter, make = OBJECTS[name]

    def model(ranks):
        # rank 2 has two objects of rank 0's number, and rank 1 has one of another number
        number = np.array([0.1, 0.2, 0.1])[ranks.rank].item()
        return ScratchMLPClassifier(**NET | {"max_iter": 1}, **{parameter: make(number)})

    text = errors(lambda ranks, own: model(ranks).fit(Z[own], LABELS[own]))
    assert re.match(rf"{parameter} is .* on rank 0, but .* on rank 1\.", text)
    assert len(text) < 700

    def fit(ranks):
        ranks_of_two = SimpleNamespace(rank=2 * ranks.rank)
        return model(ranks_of_two).fit(Z[PARTS[ranks.rank]], LABELS[PARTS[ranks.rank]])

    assert_same_bits(on_ranks(fit, size=2))


def test_the_text_on_an_object_names_its_numbers():
    def fit(ranks, own):
        model = ScratchMLPClassifier(**NET, activation=LeakyReLU((ranks.rank + 1) / 4))
        return model.fit(Z[own], LABELS[own])

    text = "activation is a LeakyReLU of {'slope': 0.25} on rank 0, but a LeakyReLU of {'slope': 0"
    assert text in errors(fit)


def test_generators_may_be_in_any_state():
    def fit(ranks):
        own, rng = PARTS[ranks.rank], np.random.default_rng(ranks.rank)
        model = ScratchMLPClassifier(**NET | {"max_iter": 1, "random_state": rng})
        return model.fit(Z[own], LABELS[own])

    assert_same_bits(on_ranks(fit))


def test_numbers_differ_by_their_type_which_decides_on_their_rounding():
    def fit(ranks, own):
        alpha = [0.5, np.float64(0.5), 0.5][ranks.rank]
        return ScratchMLPClassifier(**NET | {"max_iter": 1}, alpha=alpha).fit(Z[own], LABELS[own])

    assert "alpha is 0.5 on rank 0, but np.float64(0.5) on rank 1." in errors(fit)


def test_each_object_is_taken_apart_once_however_many_refer_to_it():
    def n_times(own):
        node = linked(1, 6)
        model = ScratchMLPClassifier(**NET | {"max_iter": 1}, activation=Slotted(node))
        model.fit(Z[own], LABELS[own])
        return [vars(node)[f"to_{i}"].n_times for i in range(6)]

    alone = n_times(PARTS[0])
    assert on_ranks(lambda ranks: n_times(PARTS[ranks.rank])) == [[n + 1 for n in alone]] * 3


def test_of_a_very_long_chain_of_objects_only_the_class_is_compared():
    def fit(ranks):
        own, chain = PARTS[ranks.rank], Node()
        for _ in range(3000):
            chain, chain.next = Node(), chain
        model = ScratchMLPClassifier(**NET | {"max_iter": 1}, activation=Slotted(chain))
        return model.fit(Z[own], LABELS[own])

    assert_same_bits(on_ranks(fit))


def test_the_order_of_a_dictionary_does_not_matter():
    def fit(ranks):
        own, weights = PARTS[ranks.rank], [(0, 1.0), (1, 2.0), (2, 3.0)]
        weights = dict(weights[:: 1 if ranks.rank else -1])
        model = ScratchMLPClassifier(**NET | {"max_iter": 1}, class_weight=weights)
        return model.fit(Z[own], LABELS[own])

    assert_same_bits(on_ranks(fit))


def classifier():
    return ScratchMLPClassifier(**NET | {"max_iter": 2})


def started():
    return classifier().partial_fit(Z, LABELS, classes=CLASSES)


def regressor():
    return ScratchMLPRegressor(**NET | {"max_iter": 2})


def assert_one_error(make, call, mistake, words, **arguments):
    """Raise unless all ranks raise one error for the mistake of rank 1, and the next call works."""
    changed = {k: v for k, v in mistake.items() if k not in ("set", "attribute")}

    def fit(ranks):
        own = PARTS[ranks.rank]
        right = {name: value[own] for name, value in arguments.items() if name in "Xy"}
        right = arguments | right
        given, model = right, make()
        if ranks.rank == 1:
            given = right | changed
            model.set_params(**mistake.get("set", {}))
            vars(model).update(mistake.get("attribute", {}))
        before = dict(vars(model))
        try:
            getattr(model, call)(**given)
        except Exception as error:
            assert vars(model) == before
            return error, getattr(make(), call)(**right)
        raise AssertionError("no error")

    results = on_ranks(fit)
    assert not any(isinstance(result, BaseException) for result in results), results
    errors, models = zip(*results, strict=True)
    assert len({(type(error), str(error)) for error in errors}) == 1, errors
    assert words in str(errors[0])
    assert_same_bits(models)


@pytest.mark.parametrize("name", FIT)
def test_fit(name):
    assert_one_error(classifier, "fit", *FIT[name], X=Z, y=LABELS)


@pytest.mark.parametrize("name", BEGIN)
def test_a_first_partial_fit(name):
    assert_one_error(classifier, "partial_fit", *BEGIN[name], X=Z, y=LABELS, classes=CLASSES)


@pytest.mark.parametrize("name", GO_ON)
def test_a_later_partial_fit(name):
    assert_one_error(started, "partial_fit", *GO_ON[name], X=Z, y=LABELS)


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@pytest.mark.parametrize("name", NUMERIC)
def test_a_regressor(name, call):
    assert_one_error(regressor, call, *NUMERIC[name], X=Z, y=NUMBERS)


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_an_object_that_fails_its_check_on_one_rank(call):
    more = {"classes": CLASSES} if call == "partial_fit" else {}

    def fit(ranks, own):
        model = ScratchMLPClassifier(**NET, activation=Failing())
        return getattr(model, call)(Z[own], LABELS[own], **more)

    text = errors(fit, Exception)
    assert "in my activation" in text
    assert text.endswith("(Raised on rank 1 of 3.)")


def test_a_warning_that_rank_0_raises_as_an_error():
    def fit(ranks, own):
        # no rank uses this parameter; rank 0 alone says so
        return ScratchMLPClassifier(**NET, solver="sgd", beta_1=0.5).fit(Z[own], LABELS[own])

    with warnings.catch_warnings(action="error"):
        text = errors(fit, RuntimeError)
    assert text.startswith("UserWarning: Parameters that this fit does not use: beta_1=0.5")


def test_a_warning_after_training_that_rank_0_raises_as_an_error():
    noise = np.random.default_rng(1).integers(2, size=len(Z))

    def fit(ranks, own):
        return ScratchMLPClassifier(**NET | {"learning_rate_init": 1e-7}).fit(Z[own], noise[own])

    with warnings.catch_warnings(action="error"):
        text = errors(fit, RuntimeError)
    assert text.startswith("ConvergenceWarning: Training ended at max_iter=8")


def test_mistakes_of_several_ranks():
    def fit(ranks, own):
        return ScratchMLPClassifier(**NET | {"max_iter": -ranks.rank or 2}).fit(Z[own], LABELS[own])

    text = errors(fit)
    assert "Got -1 instead" in text
    assert text.endswith("(Raised on rank 1 of 3.)")


def test_a_mistake_of_all_ranks_is_that_of_one_process():
    def fit(ranks, own):
        return ScratchMLPClassifier(**NET).partial_fit(Z[own], LABELS[own])

    assert errors(fit) == "classes must be passed on the first call to partial_fit."


def on_one_rank(function):
    """Return what the ranks raise if ``function`` raises on rank 1, outside of a call of ours."""
    return on_ranks(lambda ranks: function(ranks, PARTS[ranks.rank]))


def test_a_method_that_one_rank_has_not():
    def fit(ranks, own):
        solver = "lbfgs" if ranks.rank == 1 else "adam"
        model = ScratchMLPClassifier((4,), solver=solver)
        return model.partial_fit(Z[own], LABELS[own], classes=CLASSES)

    first, second, third = on_one_rank(fit)
    assert isinstance(second, AttributeError)
    for other in (first, third):
        assert isinstance(other, RuntimeError)
        assert str(other) == f"AttributeError: {second} (Raised on rank 1 of 3.)"


def test_a_step_before_the_network_that_fails():
    def fit(ranks, own):
        steps = make_pipeline(StandardScaler(), ScratchMLPClassifier(**NET))
        return steps.fit(Z[own] if ranks.rank != 1 else [["a"]] * 80, LABELS[own])

    first, second, third = on_one_rank(fit)
    assert "could not convert string to float" in str(second)
    for other in (first, third):
        assert isinstance(other, ValueError)
        assert str(other) == f"{second} (Raised on rank 1 of 3.)"


def test_a_stream_that_one_rank_cannot_read():
    def read(ranks):
        yield Z[:3]
        if ranks.rank == 1:
            raise FileNotFoundError("part2.csv")
        yield Z[:3]

    text = errors(lambda ranks, own: [*ranks.together(read(ranks))], RuntimeError)
    assert text == "FileNotFoundError: part2.csv (Raised on rank 1 of 3.)"
