"""From parameters and data to a configuration: names become objects, "auto" a choice."""

import math
import warnings
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from scipy.sparse import csr_array

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch._compat import InvalidParameterError
from skscratch.core.activations import ACTIVATIONS, ReLU, Tanh
from skscratch.core.initializers import Glorot, He, LeCun
from skscratch.core.losses import SoftmaxCrossEntropy
from skscratch.core.optimizers import Adam, GradientDescent, Momentum, Nesterov
from skscratch.core.regression_losses import Poisson, SquaredError
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
from skscratch.estimators import _auto, _settings
from skscratch.estimators._settings import resolve

short = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(200, 4)), np.arange(200) % 2
WIDTHS = {
    (500,): 5, (100,): 5, (50,): 2, (49,): 1, (64,): 4, (101,): 1, (31,): 1, (32,): 2, (48,): 3,
    (512,): 8, (505,): 5, 100: 5, (1,): 1, (): 1, (100, 50): 2, (256, 128): 8, (128, 256): 8,
    (256, 31): 1, (256, 32): 2, (100, 64): 4, (64, 49): 1, (300, 200, 100): 5, (64, 32, 16): 1,
}  # fmt: skip


def settle(model, n=200, w=None, form=np.asarray, is_partial=False, own=False, first=True):
    """Return the configuration of a model on the first n rows."""
    data = model._check(form(X[:n]), Y[:n], None if w is None else w[:n], first)
    if own:
        data = model._check_validation(X[:9], Y[:9], None, data)
    return resolve(model, data, is_partial=is_partial, is_initial=first)


def stops(config):
    return config.stochastic is not None and config.stochastic.early_stopping is not None


def zeros_after(n):
    return (np.arange(200) < n) * 1.0


# What there is to train on, and whether training stops early and may have members.
CASES = {
    "200 rows": ({}, {}, True, True),
    "50 rows": ({}, {"n": 50}, True, True),
    "49 rows": ({}, {"n": 49}, False, False),
    "50 rows of weight": ({}, {"w": zeros_after(50)}, True, True),
    "49 rows of weight": ({}, {"w": zeros_after(49)}, False, False),
    "a class of no weight": ({"class_weight": {0: 0, 1: 1}}, {"n": 98}, False, False),
    "few rows, a validation set": ({}, {"n": 20, "own": True}, True, False),
    "sparse": ({}, {"form": csr_array}, True, False),
    "warm start": ({"warm_start": True}, {}, False, False),
    "warm start, a validation set": ({"warm_start": True}, {"own": True}, False, False),
    "refit": ({"refit": True}, {}, True, False),
    "lbfgs": ({"solver": "lbfgs"}, {}, False, False),
    "lbfgs, a validation set": ({"solver": "lbfgs"}, {"own": True}, False, False),
    "sgd": ({"solver": "sgd"}, {}, True, True),
    "an update rule": ({"solver": Momentum(0.5)}, {}, True, True),
    "partial_fit": ({}, {"is_partial": True}, False, False),
}
cases = pytest.mark.parametrize(
    ("params", "given", "stopping", "several"), CASES.values(), ids=CASES
)


class TestMembers:
    @pytest.mark.parametrize(("sizes", "members"), WIDTHS.items(), ids=str)
    def test_wide_layers_are_divided_into_equal_ones_of_16_units_or_more(self, sizes, members):
        assert settle(ScratchMLPClassifier(sizes)).arch.members == members

    def test_no_other_number_would_be_larger_and_allowed(self):
        for width in range(1, 300):
            for sizes in ((width,), (width, 240), (600, width)):
                expected = [
                    m for m in range(2, 9) if all(q % m == 0 and q / m >= 16 for q in sizes)
                ]
                settled = settle(ScratchMLPClassifier(sizes))
                assert settled.arch.members == max(expected, default=1)

    @pytest.mark.parametrize(
        ("n_classes", "members"), [(10, 8), (16, 8), (17, 4), (32, 4), (33, 2), (64, 2), (90, 2)]
    )
    def test_no_layer_of_a_member_has_fewer_units_than_there_are_outputs(self, n_classes, members):
        data = np.random.default_rng(0).normal(size=(200, 4))
        model = ScratchMLPClassifier()
        config = resolve(
            model, model._check(data, np.arange(200) % n_classes, None, True), is_partial=False,
            is_initial=True,
        )  # fmt: skip
        assert config.arch.members == members

    @cases
    def test_several_need_all_this(self, params, given, stopping, several):
        model = ScratchMLPClassifier((100,), **params)
        assert settle(model, **given).arch.members == (5 if several else 1)

    @short
    def test_a_run_that_goes_on_is_one_network(self):
        model = ScratchMLPClassifier((100,), max_iter=1, solver="lbfgs").fit(X, Y)
        model.set_params(solver="adam", warm_start=True)
        assert settle(model, first=False).arch.members == 1

    @pytest.mark.parametrize("sizes", [(4,), (6, 10, 2), [8], 20], ids=str)
    def test_an_explicit_number_is_taken_if_it_divides_every_width(self, sizes):
        for n in (1, 2, np.int64(2)):
            assert settle(ScratchMLPClassifier(sizes, n_members=n), n=7).arch.members == n

    @pytest.mark.parametrize("sizes", [(5,), (4, 3), 1], ids=str)
    def test_one_that_does_not_is_refused(self, sizes):
        widths = tuple(np.atleast_1d(np.array(sizes, int)).tolist())
        message = f"n_members=2 must divide every width in hidden_layer_sizes={widths}."
        with pytest.raises(InvalidParameterError) as error:
            settle(ScratchMLPClassifier(sizes, n_members=2))
        assert str(error.value) == message

    def test_without_hidden_layers_there_is_one(self):
        with pytest.raises(InvalidParameterError, match=r"needs hidden layers.*Set n_members=1\."):
            settle(ScratchMLPClassifier((), n_members=2))

    @pytest.mark.parametrize(
        ("params", "given", "needed"),
        [
            ({"warm_start": True}, {}, "warm_start=False"),
            ({"solver": "lbfgs"}, {}, "another solver than 'lbfgs'"),
            ({"refit": True}, {}, "refit=False"),
            ({}, {"form": csr_array}, "a dense X"),
            ({"refit": True}, {"form": csr_array}, "refit=False and a dense X"),
        ],
        ids=str,
    )
    def test_where_there_can_be_one_only_more_are_refused(self, params, given, needed):
        with pytest.raises(InvalidParameterError) as error:
            settle(ScratchMLPClassifier((4,), n_members=2, **params), **given)
        assert str(error.value) == f"n_members=2 needs {needed}; otherwise it must be 1."
        assert settle(ScratchMLPClassifier((4,), n_members=1, **params), **given).arch.members == 1

    def test_partial_fit_trains_one_network_whatever_is_asked_for(self):
        model = ScratchMLPClassifier((4,), n_members=2)
        assert settle(model, is_partial=True).arch.members == 1
        with pytest.warns(UserWarning, match=r"n_members=2 \(only for fit\)"):
            model.partial_fit(X, Y, classes=[0, 1])
        assert (model.partial_fit(X, Y).coefs_[0] != 0).all()

    @short
    def test_an_explicit_number_is_refused_where_fit_would_go_on(self):
        model = ScratchMLPClassifier((4,), max_iter=1, n_members=2).fit(X, Y)
        with pytest.raises(InvalidParameterError, match="n_members=2 needs warm_start=False"):
            model.set_params(warm_start=True).fit(X, Y)


class TestEarlyStopping:
    @cases
    def test_auto(self, params, given, stopping, several):
        assert stops(settle(ScratchMLPClassifier((100,), **params), **given)) is stopping

    @pytest.mark.parametrize("value", [True, False])
    @cases
    def test_what_is_asked_for_is_done_if_it_can_be(self, params, given, stopping, several, value):
        model = ScratchMLPClassifier((100,), early_stopping=value, **params)
        possible = model.solver != "lbfgs" and not given.get("is_partial")
        assert stops(settle(model, **given)) is (value and possible)

    def test_fewer_than_five_validation_rows_say_too_little(self):
        model = ScratchMLPClassifier(early_stopping=True, validation_fraction=0.1)
        assert settle(model, n=50).stochastic.early_stopping.validation_fraction == 0.1
        assert settle(model, n=44).stochastic.early_stopping is None
        assert settle(model, n=44, own=True).stochastic.early_stopping is not None

    def test_a_validation_set_of_the_user_takes_the_place_of_rows_held_out(self):
        early = settle(ScratchMLPClassifier(refit=True), own=True).stochastic.early_stopping
        assert (early.validation_fraction, early.refit_batch_size) == (None, None)

    @short
    @pytest.mark.parametrize("n", [2, 15, 49])
    def test_small_data_lose_no_row(self, n):
        model = ScratchMLPClassifier(max_iter=4, random_state=0).fit(X[:n], Y[:n])
        assert model.t_ == 4 * n
        assert model.validation_scores_ is None
        assert model.best_loss_ is not None

    @short
    def test_larger_data_hold_a_tenth_out(self):
        model = ScratchMLPClassifier(max_iter=4, random_state=0).fit(X, Y)
        assert model.t_ == 4 * 180
        assert model.best_loss_ is None
        assert len(model.validation_scores_) == 4

    @short
    def test_a_warm_start_trains_on_all_rows(self):
        model = ScratchMLPClassifier(max_iter=2, warm_start=True, random_state=0)
        assert model.fit(X, Y).fit(X, Y).t_ == 4 * 200


def test_standardising_is_for_a_whole_fit():
    assert settle(ScratchMLPClassifier()).standardize is True
    assert settle(ScratchMLPClassifier(), is_partial=True).standardize is False
    assert settle(ScratchMLPClassifier(standardize=False)).standardize is False


def test_the_estimator_itself_is_left_alone():
    model = ScratchMLPClassifier()
    before = model.get_params()
    settle(model)
    assert model.get_params() == before


def test_a_configuration_cannot_be_changed_and_holds_no_auto():
    config = settle(ScratchMLPClassifier())
    with pytest.raises(FrozenInstanceError):
        config.alpha = 2
    parts = (config, config.stochastic, config.stochastic.early_stopping, config.arch)
    values = [value for part in parts for value in vars(part).values()]
    assert not [value for value in values if isinstance(value, str)]


def test_no_fit_goes_through_the_pickle_hooks(monkeypatch):
    for name in ("__getstate__", "__setstate__", "__reduce_ex__"):
        monkeypatch.setattr(ScratchMLPClassifier, name, None)
    model = ScratchMLPClassifier(scoring="accuracy", random_state=0).fit(X, Y)
    assert model.best_validation_score_ is not None


class TestPlannedUpdates:
    """The step of a schedule counts over the whole life of a model."""

    def schedule(self, n_rows, memory=None, **params):
        own = {"batch_size": 25, "learning_rate_init": 0.1, "max_iter": 10, "n_members": 1}
        model = ScratchMLPClassifier(**{"early_stopping": False, **own, **params})
        data = model._check(np.zeros((n_rows, 1)), np.arange(n_rows) % 2, None, True)
        model._continuation = {"memory": memory}
        return resolve(model, data, is_initial=memory is None).stochastic.schedule

    @pytest.mark.parametrize(("n_rows", "steps"), [(10, 10), (50, 20), (90, 40), (101, 50)])
    def test_they_are_those_of_all_epochs(self, n_rows, steps):
        """Ten epochs in batches of 25, the last of which may be incomplete."""
        assert self.schedule(n_rows, learning_rate="cosine") == Cosine(0.1, steps)

    def test_automatic_batches_are_planned_for_too(self):
        params = {"learning_rate": "cosine", "batch_size": "auto"}
        assert self.schedule(400, **params) == Cosine(0.1, 10 * 4)

    def test_validation_rows_are_not_planned_for(self):
        params = {"learning_rate": "cosine", "early_stopping": True, "validation_fraction": 0.25}
        assert self.schedule(100, **params) == Cosine(0.1, 10 * 3)

    def test_updates_of_earlier_runs_count(self):
        memory = {"rule": "Adam", "t": 60}
        assert self.schedule(100, memory, learning_rate="cosine") == Cosine(0.1, 60 + 40)

    def test_updates_of_another_optimizer_do_not(self):
        memory = {"rule": "Momentum", "t": 60}
        assert self.schedule(100, memory, learning_rate="cosine") == Cosine(0.1, 40)

    def test_warm_up_comes_first_and_is_no_part_of_the_decay(self):
        schedule = self.schedule(100, learning_rate="step", warmup_steps=10)
        assert schedule == WarmUp(Step(0.1, 0.1, 30 / 3), 10)

    def test_a_number_of_steps_of_ones_own_is_kept(self):
        params = {"learning_rate": "cosine", "decay_steps": 7, "warmup_steps": 3}
        memory = {"rule": "Adam", "t": 2}
        assert self.schedule(100, memory, **params) == WarmUp(Cosine(0.1, 7), 3)

    def test_a_function_is_a_schedule(self):
        schedule = self.schedule(100, learning_rate=math.sqrt, learning_rate_init="auto")
        assert schedule == Function(math.sqrt)
        assert schedule(4) == 2

    @pytest.mark.parametrize(("steps", "warns"), [(0, False), (4, False), (5, True), (99, True)])
    def test_a_rate_of_zero_from_here_on_is_worth_a_warning(self, steps, warns):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            memory = {"rule": "Adam", "t": steps}
            self.schedule(90, memory, learning_rate="cosine", decay_steps=5)
        assert [w.category for w in caught] == [UserWarning] * warns
        if warns:
            assert f"learning_rate='cosine' has fallen to 0 after {steps} updates" in str(
                caught[0].message
            )
            assert "decay_steps" in str(caught[0].message)

    def test_a_function_may_begin_with_zero(self):
        """Warnings are errors."""
        memory, schedule = {"rule": "Adam", "t": 1}, lambda step: 0.1 * (step != 1)
        assert self.schedule(90, memory, learning_rate=schedule)(1) == 0


class TestBatchSize:
    @pytest.mark.parametrize(
        ("n_rows", "size"),
        [
            (5, 5),
            (32, 32),
            (100, 32),
            (400, 100),
            (569, 143),
            (800, 200),
            (25_600, 200),
            (51_200, 400),
            (10**6, 800),
        ],
    )
    def test_automatic(self, n_rows, size):
        assert _auto.batch_size("auto", n_rows) == size

    def test_it_is_at_most_all_rows(self):
        assert _auto.batch_size(64, 50) == 50
        assert _auto.batch_size(64, 100) == 64

    def test_it_is_that_of_the_rows_trained_on(self):
        """A quarter of 200 rows, not of all 300; a second pass takes all."""
        model = ScratchMLPClassifier(validation_fraction=1 / 3, early_stopping=True, refit=True)
        data = model._check(np.zeros((300, 1)), np.arange(300) % 2, None, True)
        stochastic = resolve(model, data).stochastic
        assert stochastic.batch_size == 50
        assert stochastic.early_stopping.refit_batch_size == 75

    @short
    @pytest.mark.parametrize(("params", "n_steps"), [({}, 4), ({"batch_size": 30}, 7)])
    def test_as_many_steps_an_epoch_as_batches(self, params, n_steps):
        """Batches of 50, or of 30 with an incomplete seventh."""
        X, y = np.zeros((200, 1)), np.arange(200) % 2
        model = ScratchMLPClassifier(max_iter=2, warm_start=True, **params).fit(X, y)
        assert model._continuation["memory"]["t"] == 2 * n_steps
        assert model.t_ == 2 * 200


def planned(n_updates, **params):
    """Return the schedule of a run of so many updates."""
    model = ScratchMLPClassifier(**params)
    loss = SoftmaxCrossEntropy()
    usual = _settings.usual_learning_rate(model, _settings.rule(model), loss, True)
    rate = _settings.learning_rate_init(model, usual)
    return _settings.schedule(model, n_updates, rate)


@pytest.mark.parametrize(
    ("value", "widths"),
    [(5, (5,)), ((), ()), ([], ()), ([3, 4], (3, 4)), (np.array([3, 4]), (3, 4)), ((3.0,), (3,))],
)
def test_hidden_layer_sizes(value, widths):
    assert _settings.hidden_layer_sizes(value) == widths
    assert {type(q) for q in _settings.hidden_layer_sizes(value)} <= {int}


@pytest.mark.parametrize(
    "value", [(0,), (-1,), (2.5,), (np.inf,), (True,), ((3, 2),), ("a",), None]
)
def test_hidden_layer_sizes_that_are_none(value):
    with pytest.raises(InvalidParameterError, match="hidden_layer_sizes"):
        _settings.hidden_layer_sizes(value)


def test_activations_one_for_all_or_one_per_layer():
    relu, tanh = ReLU(), ACTIVATIONS["tanh"]
    assert _settings.activations("tanh", 2) == (tanh, tanh)
    assert _settings.activations(["tanh", relu], 2) == (tanh, relu)
    assert _settings.activations("tanh", 0) == ()


@pytest.mark.parametrize(
    "value", [["tanh"], ["tanh"] * 3, ["tanh", "sine"], ["tanh", 3], [Tanh, "tanh"]]
)
def test_activations_that_do_not_fit(value):
    with pytest.raises(InvalidParameterError, match="activation"):
        _settings.activations(value, 2)


def test_initializers_suit_their_layer():
    layers = (ReLU(), Tanh(), ACTIVATIONS["selu"])
    assert _settings.initializers("auto", layers) == (He(), Glorot(), LeCun("normal"), Glorot())
    assert _settings.initializers("he_normal", layers) == (He("normal"),) * 4


@pytest.mark.parametrize(
    ("params", "rate"),
    [
        ({"solver": "adam"}, 0.01),
        ({"solver": "adam", "ema_decay": 0}, 0.001),
        ({"solver": "sgd", "momentum": 0}, 0.1),
        ({"solver": "sgd", "momentum": 0.9}, 0.01),
        ({"solver": "sgd", "momentum": 1.0}, 0.001),
        ({"solver": Adam(0.9, 0.999, 1e-8)}, 0.01),
        ({"solver": Adam(0.9, 0.999, 1e-8), "ema_decay": 0}, 0.001),
        ({"solver": Momentum(0.5)}, 0.05),
    ],
)
def test_automatic_learning_rate(params, rate):
    model = ScratchMLPClassifier(**params)
    found = _settings.usual_learning_rate(model, _settings.rule(model), SoftmaxCrossEntropy(), True)
    assert found == pytest.approx(rate)


@pytest.mark.parametrize(
    ("loss", "is_stopped", "rate"),
    [
        (SquaredError(), True, 0.015),
        (SquaredError(), False, 0.015),
        (Poisson(), True, 0.015),
        (Poisson(), False, 0.002),
    ],
)
def test_automatic_learning_rate_of_a_regressor(loss, is_stopped, rate):
    model = ScratchMLPRegressor()
    rule = _settings.rule(model)
    assert _settings.usual_learning_rate(model, rule, loss, is_stopped) == rate


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
    assert _settings.rule(ScratchMLPClassifier(**params)) == rule


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
    assert planned(90, **params) == schedule


def test_automatic_decay_is_over_when_training_is():
    def built(name, **params):
        return planned(90, learning_rate=name, **params)

    assert built("cosine") == Cosine(0.01, 90)
    assert built("cosine", warmup_steps=30) == WarmUp(Cosine(0.01, 60), 30)
    assert built("step", decay_rate=0.5) == Step(0.01, 0.5, 30)
    assert built("exponential", decay_steps=7) == Exponential(0.01, 0.1, 7)


def test_a_function_of_the_step_is_a_schedule():
    schedule = planned(90, learning_rate=lambda t: 1 / (t + 1))
    assert isinstance(schedule, Function)
    assert schedule(3) == 0.25


@pytest.mark.parametrize(
    ("value", "rates"), [(0.5, (0.5, 0.5)), ([0, 0.25], (0.0, 0.25)), ((0.1, 0.2), (0.1, 0.2))]
)
def test_dropout_one_for_all_or_one_per_layer(value, rates):
    assert _settings.dropout(value, 2) == rates


@pytest.mark.parametrize("value", [[0.5], [0.5] * 3, [0.5, 1.0], ["0.5", 0.5], -1, (0.5, None)])
def test_dropout_that_does_not_fit(value):
    with pytest.raises(InvalidParameterError, match="dropout"):
        _settings.dropout(value, 2)


@pytest.mark.parametrize("solver", [Adam, lambda g: g])
def test_solvers_that_are_none(solver):
    with pytest.raises(InvalidParameterError, match="solver"):
        _settings.rule(ScratchMLPClassifier(solver=solver))


@pytest.mark.filterwarnings("ignore:Parameters that this fit does not use")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_class_is_no_schedule_used_or_not(solver, binary, small):
    with pytest.raises(InvalidParameterError, match=r"learning_rate must.*the class.*Constant"):
        small(solver=solver, learning_rate=Constant).fit(*binary)
