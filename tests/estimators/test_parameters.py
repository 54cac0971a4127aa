"""The parameters: their defaults, their order, their one table; those set to no effect."""

import ast
import inspect
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.core.optimizers import SOLVERS, Adam, Momentum
from skscratch.core.schedules import SCHEDULES, Constant
from skscratch.estimators._parameters import (
    BEFORE,
    CONSTRAINTS,
    Need,
    _reasons,
    _unmet,
    unused,
    warn_of_unused,
)
from skscratch.estimators._parameters import PARAMETERS as TABLE
from skscratch.estimators._settings import resolve
from tests.estimators.docstring import section

SIGNATURE = inspect.signature(ScratchMLPClassifier).parameters


def documented():
    """Return the default that the docstring gives for each parameter, in its order."""
    return {
        name: ast.literal_eval(kind.partition("default=")[2])
        for name, kind in section("Parameters")
    }


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
        "n_members", "dtype",
    }  # fmt: skip


def test_every_parameter_is_stored_as_it_is_and_constrained():
    values = {name: object() for name in SIGNATURE}
    assert vars(ScratchMLPClassifier(**values)) == values
    assert [*values] == [*ScratchMLPClassifier._parameter_constraints]


@pytest.mark.parametrize("name", [*SIGNATURE])
def test_those_are_given_by_position_that_mlpclassifier_takes_so(name):
    theirs = inspect.signature(MLPClassifier).parameters
    by_name = name not in theirs or theirs[name].kind is inspect.Parameter.KEYWORD_ONLY
    assert (SIGNATURE[name].kind is inspect.Parameter.KEYWORD_ONLY) == by_name


def test_their_positions_are_those_of_mlpclassifier():
    assert [*SIGNATURE][:2] == [*inspect.signature(MLPClassifier).parameters][:2]
    model = ScratchMLPClassifier((3, 4), "tanh")
    assert (model.hidden_layer_sizes, model.activation) == ((3, 4), "tanh")


def test_every_one_has_a_type_and_is_found_by_scikit_learn():
    annotations = ScratchMLPClassifier.__init__.__wrapped__.__annotations__
    assert set(annotations) - {"return"} == set(SIGNATURE)
    model = ScratchMLPClassifier((5,), n_members=1, standardize=False)
    assert clone(model).get_params() == model.get_params()


def test_the_table_has_every_parameter_and_no_other():
    known = set()
    for kind in (ScratchMLPClassifier, ScratchMLPRegressor):
        own = inspect.signature(kind).parameters
        assert [name for name in TABLE if name in own] == [*own]
        assert kind._parameter_constraints == {name: CONSTRAINTS[name] for name in own}
        known |= {*own}
    assert {*TABLE} == known


def test_former_values_are_those_of_files_without_the_parameter():
    assert BEFORE == {
        "n_members": 1, "standardize": False, "temperature_scaling": False, "n_jobs": 1,
        "soft_labels": False, "coefs_init": None, "intercepts_init": None, "trainable": True,
    }  # fmt: skip


PARAMETERS = {*ScratchMLPClassifier().get_params()}
# a value unlike the default of every parameter that may be without effect
SET = {
    "batch_size": 7, "shuffle": False, "learning_rate": "invscaling", "learning_rate_init": 0.5,
    "power_t": 0.25, "momentum": 0.5, "nesterovs_momentum": False, "early_stopping": True,
    "validation_fraction": 0.25, "beta_1": 0.5, "beta_2": 0.5, "epsilon": 0.5,
    "n_iter_no_change": 5, "max_fun": 5, "dropout": 0.5, "weight_decay": 0.5, "max_grad_norm": 5.0,
    "ema_decay": 0.5, "warmup_steps": 5, "decay_steps": 5, "decay_rate": 0.5,
    "scoring": "accuracy", "n_updates_no_change": 5, "refit": True, "checkpoint": "file",
    "checkpoint_epochs": 5, "checkpoint_seconds": 5.0, "n_jobs": 2,
}  # fmt: skip
ADAMS, SGDS = {"beta_1", "beta_2", "epsilon"}, {"momentum", "nesterovs_momentum"}
DECAYS = {"power_t", "decay_steps", "decay_rate"}
STOPPING, NOT_STOPPING = {"early_stopping": True}, {"early_stopping": False}


def found(names, validated=False, **params):
    """Return which of some parameters are unused, all of them set, beside what is asked for."""
    own = {name: SET[name] for name in names if name not in params}
    return {*reasons(ScratchMLPClassifier(**{**own, **params}), validated)} & {*names}


def configured(model, validated, n=200):
    """Return the configuration of a fit on n rows."""
    X, y = np.zeros((n, 1)), np.arange(n) % 2
    data = model._check(X, y, None, True)
    if validated:
        data = model._check_validation(X[:9], y[:9], None, data)
    return resolve(model, data)


def reasons(model, validated=False, **given):
    return unused(model, "fit", configured(model, validated, **given), validated)


def warned(validated=False, n=200, **params):
    model = ScratchMLPClassifier(**params)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_unused(model, "fit", configured(model, validated, n), validated)
    return [str(w.message) for w in caught]


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("solver", [*SOLVERS, "lbfgs", Momentum(0.5)], ids=str)
@pytest.mark.parametrize("rate", [*SCHEDULES, Constant(0.5)], ids=str)
def test_every_reason_belongs_to_a_parameter(solver, rate, validated):
    model = ScratchMLPClassifier(solver=solver, learning_rate=rate)
    unmet = _unmet(model, "fit", configured(model, validated), validated)
    assert {*_reasons(model, unmet)} <= {*TABLE}


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
    stochastic = [name for name, p in TABLE.items() if Need.STOCHASTIC in p.needs]
    params = {name: SET[name] for name in (*stochastic, *DECAYS)}
    found = reasons(ScratchMLPClassifier(solver="lbfgs", **params))
    assert {found[name] for name in params} == {"solver='lbfgs'"}


def test_one_warning_names_all_with_their_values_and_reasons():
    params = {"momentum": 0.5, "max_fun": 7, "power_t": 0.25, "refit": True}
    (message,) = warned(solver="adam", **params, **NOT_STOPPING)
    assert message == (
        "Parameters that this fit does not use: max_fun=7 (solver='adam'), momentum=0.5 "
        "(solver='adam'), power_t=0.25 (learning_rate='constant'), refit=True (no early stopping)."
    )


def test_quantiles_without_their_loss_name_the_loss_to_set():
    model = ScratchMLPRegressor(hidden_layer_sizes=(), quantile=[0.05, 0.95], random_state=0)
    with pytest.warns(UserWarning, match="does not use") as caught:
        model.set_params(alpha=0).fit([[-1.0], [0.0], [1.0]], [-1.0, 0.0, 1.0])
    told = [str(w.message) for w in caught if "does not use" in str(w.message)]
    assert told == [
        "Parameters that this fit does not use: quantile=[0.05, 0.95] (loss='squared_error'; set "
        "loss='quantile')."
    ]


def test_too_few_rows_to_hold_out_are_a_reason():
    params = {"early_stopping": True, "refit": True, "n_updates_no_change": 5}
    (message,) = warned(n=30, **params)
    why = "too few rows to hold out"
    assert f"n_updates_no_change=5 ({why}), refit=True ({why})." in message
    assert warned(n=60, **params) == []


def test_a_default_for_each_layer_is_not_named():
    assert warned(solver="lbfgs", dropout=[0.0, 0]) == []
    assert len(warned(solver="lbfgs", dropout=[0.0, 0.5])) == 1


def test_a_default_written_out_is_not_named():
    assert warned(momentum=0.9, nesterovs_momentum=True, max_fun=15000, decay_steps="auto") == []


@pytest.mark.parametrize("value", [[0.1, 0.2], (0.1,), np.float64(0.5)], ids=repr)
def test_a_value_of_any_kind_can_be_compared_with_the_default(value):
    widths = (8,) * max(1, np.size(value))
    assert len(warned(solver="lbfgs", hidden_layer_sizes=widths, dropout=value)) == 1


class Fewer(ScratchMLPClassifier):
    """A subclass that leaves a parameter to itself."""

    def __init__(self, solver="adam", momentum=0.5):
        super().__init__(solver=solver, momentum=momentum, max_fun=7)


def test_a_subclass_has_parameters_and_defaults_of_its_own():
    assert reasons(Fewer()) == {}
    assert {*reasons(Fewer(momentum=0.9))} == {"momentum"}


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

    @pytest.mark.parametrize(
        "name", [name for name, p in TABLE.items() if Need.WHOLE_FIT in p.needs]
    )
    def test_every_parameter_of_a_whole_fit(self, name, binary):
        defaults = {"standardize", "temperature_scaling"}  # on; nobody has asked for them
        value = {**SET, "n_members": 2, "tol": 0.5, **dict.fromkeys(defaults, True)}[name]
        reasons = unused(ScratchMLPClassifier(**{name: value}), "partial_fit")
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
