"""Parameters that were set to no effect are named, and no others."""

import inspect
import warnings

import numpy as np
import pytest

from skscratch import ScratchMLPClassifier
from skscratch.core.optimizers import SOLVERS, Adam, Momentum
from skscratch.core.schedules import SCHEDULES, Constant
from skscratch.estimators import _unused
from skscratch.estimators._parameters import unused, warn_of_unused

PARAMETERS = {*ScratchMLPClassifier().get_params()}
# a value unlike the default of every parameter that may be without effect
SET = {
    "batch_size": 7, "shuffle": False, "learning_rate": "invscaling", "learning_rate_init": 0.5,
    "power_t": 0.25, "momentum": 0.5, "nesterovs_momentum": False, "early_stopping": True,
    "validation_fraction": 0.25, "beta_1": 0.5, "beta_2": 0.5, "epsilon": 0.5,
    "n_iter_no_change": 5, "max_fun": 5, "dropout": 0.5, "weight_decay": 0.5, "max_grad_norm": 5.0,
    "ema_decay": 0.5, "warmup_steps": 5, "decay_steps": 5, "decay_rate": 0.5,
    "scoring": "accuracy", "n_updates_no_change": 5, "refit": True, "checkpoint": "file",
    "checkpoint_epochs": 5, "checkpoint_seconds": 5.0,
}  # fmt: skip
ADAMS, SGDS = {"beta_1", "beta_2", "epsilon"}, {"momentum", "nesterovs_momentum"}
DECAYS = {"power_t", "decay_steps", "decay_rate"}
STOPPING, NOT_STOPPING = {"early_stopping": True}, {"early_stopping": False}


def found(names, validated=False, **params):
    """Return which of some parameters are unused, all of them set, beside what is asked for."""
    own = {name: SET[name] for name in names if name not in params}
    return {*unused(ScratchMLPClassifier(**{**own, **params}), validated)} & {*names}


def warned(validated=False, **params):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_unused(ScratchMLPClassifier(**params), "fit", validated)
    return [str(w.message) for w in caught]


@pytest.mark.parametrize("table", ["STOCHASTIC", "EARLY_STOPPING"])
def test_every_name_is_that_of_a_parameter(table):
    names = getattr(_unused, table)
    assert {*names} <= PARAMETERS
    assert len({*names}) == len(names)


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("solver", [*SOLVERS, "lbfgs", Momentum(0.5)], ids=str)
@pytest.mark.parametrize("rate", [*SCHEDULES, Constant(0.5)], ids=str)
def test_every_reason_belongs_to_a_parameter(solver, rate, validated):
    model = ScratchMLPClassifier(solver=solver, learning_rate=rate)
    assert {*_unused._unused_reasons(model, validated)} <= PARAMETERS


def test_every_argument_of_a_solver_or_schedule_is_a_parameter():
    for factory in (*SOLVERS.values(), *SCHEDULES.values()):
        assert {*inspect.signature(factory).parameters} <= PARAMETERS


@pytest.mark.parametrize("solver", [*SOLVERS, "lbfgs"])
@pytest.mark.parametrize("validated", [False, True])
def test_defaults_are_never_named(solver, validated):
    assert warned(validated, solver=solver) == []


@pytest.mark.parametrize(
    ("solver", "names"),
    [
        ("adam", SGDS | {"max_fun"}),
        ("sgd", ADAMS | {"max_fun"}),
        (Adam(0.9, 0.999, 1e-8), SGDS | ADAMS | {"max_fun"}),
        ("lbfgs", SGDS | ADAMS),
    ],
    ids=["adam", "sgd", "object", "lbfgs"],
)
def test_parameters_of_other_solvers(solver, names):
    assert found(SGDS | ADAMS | {"max_fun"}, solver=solver) == names


@pytest.mark.parametrize(
    ("rate", "used"),
    [
        ("constant", set()),
        ("invscaling", {"power_t"}),
        ("adaptive", set()),
        ("cosine", {"decay_steps"}),
        ("onecycle", {"decay_steps"}),
        ("exponential", {"decay_steps", "decay_rate"}),
        ("step", {"decay_steps", "decay_rate"}),
    ],
)
def test_parameters_of_other_schedules(rate, used):
    names = DECAYS | {"learning_rate_init", "warmup_steps"}
    assert found(names, learning_rate=rate) == DECAYS - used


@pytest.mark.parametrize("rate", [Constant(0.5), lambda step: 0.5], ids=["object", "function"])
def test_a_schedule_of_ones_own_needs_no_parameter_but_may_warm_up(rate):
    names = DECAYS | {"learning_rate_init", "warmup_steps"}
    assert found(names, learning_rate=rate) == DECAYS | {"learning_rate_init"}


@pytest.mark.parametrize(
    ("params", "validated", "names"),
    [
        (NOT_STOPPING, False, {"validation_fraction", "scoring", "n_updates_no_change", "refit"}),
        (STOPPING, False, set()),
        (NOT_STOPPING, True, {"validation_fraction", "n_updates_no_change", "refit"}),
        (STOPPING, True, {"validation_fraction", "refit"}),
    ],
    ids=["no validation", "held out", "watched", "the user's own"],
)
def test_parameters_of_validation(params, validated, names):
    of_validation = ("validation_fraction", "scoring", "n_updates_no_change", "refit")
    assert found(of_validation, validated, **params) == names


def test_parameters_of_checkpoints():
    names = {"checkpoint_epochs", "checkpoint_seconds"}
    assert found(names) == names
    assert found(names, checkpoint="file") == set()


@pytest.mark.parametrize("validated", [False, True])
def test_lbfgs_uses_none_of_them_but_its_own(validated):
    used = {"max_fun"} | ({"scoring"} if validated else set())
    checkpoints = {"checkpoint_epochs", "checkpoint_seconds"}
    unknown = found(SET, validated, solver="lbfgs")
    assert unknown >= {*SET} - used - checkpoints
    assert not unknown & used


def test_lbfgs_is_the_reason_whatever_else_would_be_one():
    params = {name: SET[name] for name in (*_unused.STOCHASTIC, *DECAYS)}
    reasons = unused(ScratchMLPClassifier(solver="lbfgs", **params), validated=False)
    assert {reasons[name] for name in params} == {"solver='lbfgs'"}


def test_one_warning_names_all_with_their_values_and_reasons():
    params = {"momentum": 0.5, "max_fun": 7, "power_t": 0.25, "refit": True}
    (message,) = warned(solver="adam", **params, **NOT_STOPPING)
    assert message == (
        "Parameters that this fit does not use: max_fun=7 (solver='adam'), momentum=0.5 "
        "(solver='adam'), power_t=0.25 (learning_rate='constant'), refit=True (no early stopping)."
    )


def test_a_default_for_each_layer_is_not_named():
    assert warned(solver="lbfgs", dropout=[0.0, 0]) == []
    assert len(warned(solver="lbfgs", dropout=[0.0, 0.5])) == 1


def test_a_default_written_out_is_not_named():
    assert warned(momentum=0.9, nesterovs_momentum=True, max_fun=15000, decay_steps="auto") == []


@pytest.mark.parametrize("value", [[0.1, 0.2], (0.1,), np.float64(0.5)], ids=repr)
def test_a_value_of_any_kind_can_be_compared_with_the_default(value):
    assert len(warned(solver="lbfgs", dropout=value)) == 1


class Fewer(ScratchMLPClassifier):
    """A subclass that leaves a parameter to itself."""

    def __init__(self, solver="adam", momentum=0.5):
        super().__init__(solver=solver, momentum=momentum, max_fun=7)


def test_a_subclass_has_parameters_and_defaults_of_its_own():
    assert unused(Fewer(), validated=False) == {}
    assert {*unused(Fewer(momentum=0.9), validated=False)} == {"momentum"}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # short on purpose
class TestFit:
    @pytest.mark.filterwarnings("default:Parameters that this fit does not use")
    @pytest.mark.parametrize(
        ("params", "n_rows", "used"),
        [({}, 90, True), ({}, 49, False), ({"warm_start": True}, 90, False)],
        ids=["enough rows", "few rows", "warm start"],
    )
    def test_what_early_stopping_would_use_depends_on_whether_there_is_any(
        self, binary, small, recwarn, params, n_rows, used
    ):
        X, y = binary
        model = small(early_stopping="auto", scoring="accuracy", **params)
        model.fit(X[:n_rows], y[:n_rows])
        told = [str(w.message) for w in recwarn if "does not use" in str(w.message)]
        assert told == ([] if used else [
            "Parameters that this fit does not use: scoring='accuracy' (no validation set)."
        ])  # fmt: skip

    def test_a_switch_that_turns_off_what_is_not_on_is_no_wish(self, binary, small):
        off = {"early_stopping": False, "ema_decay": 0, "temperature_scaling": False}
        model = small(solver="lbfgs", max_iter=3, **off).fit(*binary)  # no warning
        assert model.n_iter_ == 3

    def test_it_warns_where_fit_was_called(self, binary, small):
        with pytest.warns(UserWarning, match="max_fun=7") as caught:
            small(max_fun=7).fit(*binary)
        files = [w.filename for w in caught if w.category is UserWarning]
        assert files == [__file__]

    def test_a_validation_set_makes_the_difference(self, binary, small):
        X, y = binary
        model = small(scoring="accuracy")
        with pytest.warns(UserWarning, match=r"scoring='accuracy' \(no validation set\)"):
            model.fit(X, y)
        model.fit(X, y, X_val=X, y_val=y)


class TestPartialFit:
    """What it does not use is named by the call that begins a network."""

    def told(self, recwarn, model, X, y, n_calls=1):
        for _ in range(n_calls):
            model.partial_fit(X, y, classes=[0, 1])
        return [str(w.message) for w in recwarn if "does not use" in str(w.message)]

    @pytest.mark.filterwarnings("default:Parameters that this partial_fit does not use")
    def test_one_warning_names_all(self, binary, recwarn):
        model = ScratchMLPClassifier(
            (8, 8), early_stopping=True, n_members=2, tol=0.5, max_fun=7, learning_rate="adaptive"
        )
        assert self.told(recwarn, model, *binary, n_calls=3) == [
            "Parameters that this partial_fit does not use: early_stopping=True (only for fit), "
            "learning_rate='adaptive' (it waits for a plateau, which only fit looks for), "
            "max_fun=7 (solver='adam'), n_members=2 (only for fit), tol=0.5 (only for fit)."
        ]

    @pytest.mark.filterwarnings("default:Parameters that this partial_fit does not use")
    def test_it_warns_where_it_was_called(self, binary, recwarn):
        ScratchMLPClassifier(tol=0.5).partial_fit(*binary, classes=[0, 1])
        assert [w.filename for w in recwarn] == [__file__]

    @pytest.mark.parametrize("name", _unused.WHOLE_FIT)
    def test_every_parameter_of_a_whole_fit(self, name, binary):
        defaults = {"standardize", "temperature_scaling"}  # on; nobody has asked for them
        value = {**SET, "n_members": 2, "tol": 0.5, **dict.fromkeys(defaults, True)}[name]
        reasons = unused(ScratchMLPClassifier(**{name: value}), False, "partial_fit")
        assert reasons == ({} if name in defaults else {name: "only for fit"})

    def test_what_it_does_anyway_is_no_wish(self, binary, recwarn):
        off = {"early_stopping": False, "temperature_scaling": False, "standardize": False}
        off |= {"n_members": 1, "n_iter_no_change": float("inf")}
        model = ScratchMLPClassifier((8,), max_iter=7, warm_start=True, **off)
        assert self.told(recwarn, model, *binary) == []

    def test_defaults_are_never_named(self, binary, recwarn):
        assert self.told(recwarn, ScratchMLPClassifier(), *binary) == []

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_after_a_fit_that_used_them_it_does_not_warn(self, binary, recwarn):
        model = ScratchMLPClassifier((8,), early_stopping=True, validation_fraction=0.2, max_iter=3)
        assert self.told(recwarn, model.fit(*binary), *binary) == []
