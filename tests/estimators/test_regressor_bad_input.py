"""Every wrong argument of a regressor is refused by name, with what it was.

``test_bad_input`` tests the parameters and arguments that the classifier has too.
"""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError

from skscratch import ScratchMLPRegressor
from skscratch.core.regression_losses import Huber
from tests.estimators.test_bad_input import REFUSED as REFUSED_BY_BOTH

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NAN, INF = float("nan"), float("inf")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 5))
Y = X @ [1.0, 2.0, 3.0, 0.0, 0.0] + RNG.normal(size=90)
OF_CLASSES = re.compile(
    r"(?<!<)class(?!es there is ScratchMLPClassifier)|label|MLPClassifier\b.*predict"
)


def small(**params):
    """Return a small model, quick to fit."""
    settings = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0, "batch_size": 30}
    return ScratchMLPRegressor(**settings | params)


def refusal(call, *names):
    """Return the message with which a call is refused; it names the argument, and no classes."""
    with pytest.raises((ValueError, TypeError)) as error:
        call()
    message = str(error.value)
    for name in names:
        assert re.search(rf"\b{name}\b", message), message
    assert not OF_CLASSES.search(message), message
    return message


OWN = {
    "loss": [
        "mse", "log_loss", "", None, 3, ["huber"], ("huber",), Huber, np.ones(3),
        {"huber"}, b"huber",
    ],
    "quantile": [
        0, 1, -0.1, 1.5, NAN, "0.5", None, True, [], [0.5, 0.5], [0.9, 0.1], [0, 0.5], [0.5, 1],
        [0.5, "a"], [[0.1], [0.2]], [[0.1, 0.2]], [0.5, NAN], [0.5, None], {0.5}, [True],
    ],
}  # fmt: skip
CLASSIFIER_ONLY = {"class_weight", "label_smoothing", "temperature_scaling", "soft_labels"}
REFUSED = {k: v for k, v in REFUSED_BY_BOTH.items() if k not in CLASSIFIER_ONLY} | OWN


class TestParameters:
    @pytest.mark.parametrize(
        ("name", "value"),
        [(name, value) for name, values in REFUSED.items() for value in values],
        ids=lambda part: part if isinstance(part, str) else repr(part),
    )
    def test_a_wrong_value_is_named(self, name, value):
        params = {"hidden_layer_sizes": (4, 4), "early_stopping": True, "n_members": 1}
        if name == "quantile":
            params["loss"] = "quantile"
        message = refusal(lambda: small(**params | {name: value}).fit(X, Y), name)
        assert repr(value) in message
        assert re.search(r"must|should|expected|accept", message), "says what would be right"

    @pytest.mark.parametrize("sizes", [50, (50,), [50, 20]])
    def test_sizes_in_the_place_of_the_loss(self, sizes):
        meant = re.escape(f"Did you mean hidden_layer_sizes={sizes!r}?")
        with pytest.raises(ValueError, match=meant):
            ScratchMLPRegressor(sizes).fit(X, Y)

    def test_every_parameter_is_covered(self):
        assert set(REFUSED) == set(ScratchMLPRegressor().get_params())

    @pytest.mark.parametrize(
        ("given", "meant"),
        [("mse", "squared_error"), ("MAE", "absolute_error"), ("pinball", "quantile"),
         ("hubber", "huber"), ("squared_eror", "squared_error")],
    )  # fmt: skip
    def test_names_of_losses_elsewhere_are_understood(self, given, meant):
        message = refusal(lambda: small(loss=given).fit(X, Y), "loss")
        assert f"Did you mean '{meant}'?" in message

    @pytest.mark.parametrize("name", sorted(CLASSIFIER_ONLY))
    def test_parameters_of_a_classifier_are_unknown(self, name):
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
            ScratchMLPRegressor(**{name: None})
        with pytest.raises(TypeError, match="unexpected keyword argument 'classes'"):
            small().partial_fit(X, Y, classes=[0, 1])


def replaced(value, dtype=float):
    y = np.array(Y, dtype=dtype)
    y[3] = value
    return y


Y_REFUSED = {
    "missing": (None, "requires y to be passed"),
    "NaN": (replaced(NAN), "contains NaN.*[Rr]ow 3 holds a missing value: nan"),
    "NaNs": (
        np.where(np.arange(90) < 70, Y, NAN),
        "[Rr]ow 70 holds.*Other such rows: 71, 72, 73 and 16 more.*Leave out such rows",
    ),
    "infinity": (replaced(-INF), "contains infinity.*[Rr]ow 3 holds an infinite number: -inf"),
    "NaN in a column": (np.c_[Y, replaced(NAN)], "contains NaN.*[Rr]ow 3 holds a missing"),
    "None": (replaced(None, object), "finite numbers.*[Rr]ow 3 holds a missing value: None"),
    "NA": (pd.Series(replaced(pd.NA, object), dtype="Float64"), "[Rr]ow 3 holds a missing"),
    "complex": (Y + 1j, "Complex data.*[Rr]ow 0 holds complex numbers"),
    "objects": (replaced({}, object), "must hold numbers; got object.*[Rr]ow 3 holds an object"),
    "mixed": (replaced("dog", object), "must hold numbers.*[Rr]ow 3 holds text: 'dog'"),
    "labels": (np.array(["cat", "dog"] * 45), "must hold numbers.*[Rr]ow 0 holds text: 'cat'"),
    "labels in a list": (["cat", "dog"] * 45, "must hold numbers.*[Rr]ow 0 holds text: 'cat'"),
    "categories": (pd.Series(["a", "b"] * 45, dtype="category"), "must hold numbers.*text: 'a'"),
    "columns of labels": (np.full((90, 2), "cat"), "must hold numbers.*text: 'cat'"),
    "bytes": (np.full(90, b"cat"), "must hold numbers.*text: b'cat'"),
    "dates": (np.full(90, "2020-01-01", "M8[D]"), "holds dates.*Turn them into numbers"),
    "time spans": (np.full(90, 3, "m8[s]"), "holds time spans.*Turn them into numbers"),
    "shorter": (Y[1:], r"inconsistent numbers of samples.*90.*89"),
    "a number": (3.0, r"at least 1 dimension|scalar"),
    "three axes": (np.zeros((90, 2, 2)), r"dim 3"),
    "no columns": (np.zeros((90, 0)), r"shape=\(90, 0\)"),
    "ragged": ([[1.0], [1.0, 2.0]] * 45, "inhomogeneous"),
    "sparse": (sparse.csr_array(Y[:, None]), "must be dense"),
}


class TestTargets:
    @pytest.mark.parametrize(("y", "message"), Y_REFUSED.values(), ids=Y_REFUSED)
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_y(self, y, message, solver):
        model = (
            small(solver=solver) if solver == "adam" else small(solver=solver, batch_size="auto")
        )
        assert re.search(message, refusal(lambda: model.fit(X, y), "y"), re.DOTALL)
        assert not hasattr(model, "coefs_")

    @pytest.mark.parametrize(("y", "message"), Y_REFUSED.values(), ids=Y_REFUSED)
    def test_y_val(self, y, message):
        if y is None:
            message = "given both or not at all; got only X_val"
        found = refusal(lambda: small().fit(X, Y, X_val=X, y_val=y), "y_val")
        assert re.search(message, found, re.DOTALL)
        assert not re.search(r"\by (contains|has)\b|Input y\b", found)

    @pytest.mark.parametrize(
        ("y", "y_val"), [(Y, np.c_[Y, Y]), (np.c_[Y, Y], Y), (np.c_[Y, Y], np.c_[Y, Y, Y])]
    )
    def test_y_val_has_the_columns_of_y(self, y, y_val):
        message = refusal(lambda: small().fit(X, y, X_val=X, y_val=y_val), "y_val", "y")
        assert str(y.shape) in message
        assert str(y_val.shape) in message

    @pytest.mark.parametrize(
        ("loss", "low", "bound"), [("poisson", -2.5, "at least 0"), ("gamma", 0.0, "above 0"),
                                   ("gamma", -2.5, "above 0")],
    )  # fmt: skip
    def test_targets_out_of_the_range_of_the_loss(self, loss, low, bound):
        good, bad = np.abs(Y), np.abs(replaced(low))
        bad[3] = low
        fits = {
            "y": [
                lambda m: m.fit(X, bad),
                lambda m: m.partial_fit(X, bad),
                lambda m: m.partial_fit(X, good).partial_fit(X, bad),
                lambda m: m.fit(X, np.c_[good, bad]),
            ],
            "y_val": [lambda m: m.fit(X, good, X_val=X, y_val=bad)],
        }
        for name, calls in fits.items():
            for call in calls:
                message = refusal(lambda call=call: call(small(loss=loss)), name)
                assert bound in message
                assert f"contains {low:g}" in message

    def test_a_batch_without_counts_is_no_fault(self):
        counts = np.floor(np.abs(Y))
        model = small(loss="poisson").fit(X, counts, X_val=X[:3], y_val=np.zeros(3))
        before = model.predict(X).mean()
        assert model.partial_fit(X, np.zeros(90)).predict(X).mean() < before

    def test_several_quantiles_have_a_single_target(self):
        model = small(loss="quantile", quantile=[0.1, 0.9])
        assert "2 columns" in refusal(lambda: model.fit(X, np.c_[Y, Y]), "y")

    @pytest.mark.parametrize("kind", [object, list, pd.Series])
    def test_numbers_in_another_container_are_accepted(self, kind):
        y = Y.astype(kind) if kind is object else kind(Y)
        assert_array_equal(small().fit(X, y).predict(X), small().fit(X, Y).predict(X))

    @pytest.mark.parametrize("dtype", ["?", "i1", "u8", "f2", "f4"])
    def test_numbers_of_another_type_are_accepted(self, dtype):
        y = (Y > 0).astype(dtype)
        assert_array_equal(small().fit(X, y).predict(X), small().fit(X, Y > 0).predict(X))


class TestShapes:
    def test_weights_of_other_rows(self):
        w = np.ones(89)
        assert "(89,)" in refusal(lambda: small().fit(X, Y, w), "sample_weight")
        assert "(89,)" in refusal(
            lambda: small().fit(X, Y, X_val=X, y_val=Y, sample_weight_val=w), "sample_weight_val"
        )

    @pytest.mark.parametrize("call", ["partial_fit", "fit"])
    def test_other_columns_than_the_fitted_network(self, call):
        model = small(warm_start=True).fit(X, Y)
        message = refusal(lambda: getattr(model, call)(X, np.c_[Y, Y]), "y")
        assert "(90, 2)" in message
        assert "1 output" in message

    def test_prediction_before_fit(self):
        for call in (small().predict, lambda X: small().score(X, Y)):
            with pytest.raises(NotFittedError, match="ScratchMLPRegressor"):
                call(X)

    @pytest.mark.parametrize("wrong", [X[:, :3], X[0], X + 1j, np.where(X > 1, NAN, X)])
    def test_X_at_prediction(self, wrong):
        model = small().fit(X, Y)
        assert refusal(lambda: model.predict(wrong)) == refusal(lambda: model.score(wrong, Y))


WRONG_CALLS = {
    "y": lambda m: m.fit(X, replaced(NAN)),
    "rows": lambda m: m.fit(X, Y[1:]),
    "labels": lambda m: m.partial_fit(X, ["cat", "dog"] * 45),
    "columns": lambda m: m.partial_fit(X, np.c_[Y, Y]),
    "y_val": lambda m: m.fit(X, Y, X_val=X, y_val=replaced(INF)),
    "X_val": lambda m: m.fit(X, Y, X_val=X[:, 1:], y_val=Y),
    "another loss": lambda m: m.set_params(loss="huber").partial_fit(X, Y),
}


@pytest.mark.parametrize("wrong", WRONG_CALLS.values(), ids=WRONG_CALLS)
@pytest.mark.parametrize("warm_start", [False, True])
def test_a_call_that_is_refused_leaves_the_estimator_as_before(wrong, warm_start):
    model = small(warm_start=warm_start).fit(X, 7 * Y + 1)
    before = {k: pickle.dumps(v) for k, v in vars(model).items() if k != "loss"}
    refusal(lambda: wrong(model))
    assert {k: pickle.dumps(v) for k, v in vars(model).items() if k != "loss"} == before


def test_the_warning_of_a_fit_that_has_learned_nothing_speaks_of_no_classes():
    with pytest.warns(
        UserWarning, match="not clearly below the loss of a constant prediction"
    ) as found:
        small(learning_rate_init=1e-9, max_iter=20).fit(X, RNG.normal(size=90))
    assert not any(OF_CLASSES.search(str(warning.message)) for warning in found)


def test_what_only_a_classifier_has_is_no_attribute():
    """Tab completion would offer it."""
    assert not [name for name in CLASSIFIER_ONLY if hasattr(ScratchMLPRegressor(), name)]


class TestWrongUse:
    """Faults that nothing but the result, or a late error, would show."""

    @pytest.mark.parametrize(
        "y", [Y.astype(str), [str(v) for v in Y], np.array([*Y[1:], "7"], "O")]
    )
    def test_text_is_no_target_even_if_it_reads_as_a_number(self, y):
        assert "astype(float)" in refusal(lambda: small().fit(X, y), "y")

    @pytest.mark.parametrize("unit", [1e60, 1e-60, 1e38])
    def test_a_scale_that_float32_cannot_hold(self, unit):
        single = small(dtype="float32")
        message = refusal(lambda: single.fit(X.astype("f4"), Y * unit), "y", "float32")
        assert "dtype='float64'" in message
        for dtype in ("auto", "float64"):
            assert np.isfinite(small(dtype=dtype).fit(X.astype("f4"), Y * unit).predict(X)).all()

    @pytest.mark.parametrize("unit", [1e300, 1e-290, 1e30, 1e-30])
    def test_r2_has_no_unit(self, unit):
        model = small(max_iter=30).fit(X, Y)
        scaled = small(max_iter=30).fit(X, Y * unit)
        assert scaled.score(X, Y * unit) == pytest.approx(model.score(X, Y), abs=0.05)

    @pytest.mark.parametrize(
        "y", [np.where(Y > 2, NAN, Y), Y[:-1], np.column_stack([Y, Y]), Y.astype(str)]
    )
    def test_score_names_a_wrong_y(self, y):
        model = small().fit(X, Y)
        assert refusal(lambda: model.score(X, y), "y")

    @pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error"])
    def test_a_scorer_of_one_prediction_with_several_levels(self, scoring):
        params = {"loss": "quantile", "quantile": [0.1, 0.9], "early_stopping": True}
        message = refusal(lambda: small(**params, scoring=scoring).fit(X, Y), "scoring", "quantile")
        assert "scoring='loss'" in message
        assert small(**params, scoring=None).fit(X, Y).predict(X).shape == (90, 2)

    def test_a_loss_with_a_wrong_gradient_is_refused_before_training(self):
        class Wrong(Huber):
            def backward(self, p, y, w):
                p -= y

        message = refusal(lambda: small(loss=Wrong()).fit(X, Y), "loss", "backward")
        assert "not the derivative of forward" in message

    def test_a_loss_that_is_lowest_far_away_is_refused(self):
        class Negative(Huber):
            def forward(self, z, y, w):
                return -super().forward(z, y, w)

            def backward(self, p, y, w):
                super().backward(p, y, w)
                p *= -1

        message = refusal(lambda: small(loss=Negative()).fit(X, Y), "loss", "forward")
        assert "lower loss than the constant" in message

    def test_a_loss_that_ignores_weights_is_refused(self):
        class Unweighted(Huber):
            def forward(self, z, y, w):
                return super().forward(z, y, np.full_like(w, 1 / w.shape[-1]))

            def backward(self, p, y, w):
                super().backward(p, y, np.full_like(w, 1 / w.shape[-1]))

        message = refusal(lambda: small(loss=Unweighted()).fit(X, Y), "loss", "forward")
        assert "not the sum of w" in message

    def test_a_loss_that_lacks_methods_is_told_which(self):
        class Half:
            def forward(self, z, y, w):
                return 0.0

            def backward(self, p, y, w):
                p[...] = 0

        message = refusal(lambda: small(loss=Half()).fit(X, Y), "loss")
        assert "It lacks name, output_activation, for_prediction" in message

    def test_targets_of_another_scale_in_a_later_call(self):
        model = small().partial_fit(X, Y)
        model.partial_fit(X, Y * 2)
        with pytest.warns(
            UserWarning, match=r"about \d+ times as large as those of the first call"
        ):
            model.partial_fit(X, Y * 100)

    @pytest.mark.parametrize("loss", ["absolute_error", "huber"])
    def test_a_good_robust_fit_is_not_called_a_bad_one(self, loss):
        """One wild target has nearly all of the loss, whatever the model does."""
        wild = Y.copy()
        wild[3] = 1e9
        model = ScratchMLPRegressor(loss, random_state=0)
        with warnings.catch_warnings():  # an error, whatever is ignored in this file
            warnings.simplefilter("error")
            model.fit(X, wild)
        assert model.score(np.delete(X, 3, 0), np.delete(Y, 3)) > 0.5

    @pytest.mark.parametrize("loss", ["absolute_error", "huber"])
    def test_an_outlier_does_not_settle_the_scale_where_half_of_y_is_equal(self, loss):
        tied = np.maximum(Y - np.quantile(Y, 0.85), 0)
        wild = tied.copy()
        wild[0] = 1e9
        model = small(loss=loss, max_iter=100).fit(X, wild)
        assert np.abs(model.predict(X) - tied)[1:].max() < 20

    @pytest.mark.parametrize("rows", [[5], [5, 6, 7]])
    @pytest.mark.parametrize("loss", ["squared_error", "poisson", "gamma"])
    def test_outliers_are_named_for_losses_that_are_not_robust(self, loss, rows):
        wild = np.abs(Y) + 1
        wild[rows] = 1e7
        with pytest.warns(UserWarning, match="Row 5 of y is .* dominates the fit"):
            model = small(loss=loss).fit(X, wild)
        assert model.n_iter_ == 2

    @pytest.mark.parametrize(
        ("loss", "dtype", "offset", "way_out"),
        [
            ("squared_error", "float32", 1.7e9, "dtype='float64'"),
            ("poisson", "float64", 1e4, "loss='squared_error'"),
            ("gamma", "float64", 1.7e9, "loss='squared_error'"),
        ],
    )
    def test_targets_that_cannot_be_told_apart(self, loss, dtype, offset, way_out):
        with pytest.warns(UserWarning, match=f"varies by only .*{way_out}"):
            model = small(loss=loss, dtype=dtype).fit(X, Y + offset)
        assert model.n_iter_ == 2

    def test_a_row_of_weight_0_may_have_any_target(self):
        counts = np.floor(np.abs(Y))
        wrong, w = counts.copy(), np.ones(90)
        wrong[4], w[4] = -1, 0
        model = small(loss="poisson").fit(X, wrong, w)
        assert_array_equal(model.predict(X), small(loss="poisson").fit(X, counts, w).predict(X))

    @pytest.mark.parametrize("factor", [1000, 1e-3])
    def test_validation_targets_in_another_unit(self, factor):
        with pytest.warns(UserWarning, match="y_val has another scale than y"):
            model = small().fit(X, Y + 20, X_val=X, y_val=(Y + 20) * factor)
        assert model.n_iter_ == 2

    @pytest.mark.parametrize("n", [20, 45])
    @pytest.mark.parametrize("loss", ["poisson", "gamma"])
    def test_few_rows_through_an_exponential(self, loss, n):
        """Nothing is held out, so no step that is too long is undone."""
        y = np.exp(Y[:n] / 3)
        for seed in range(3):
            model = ScratchMLPRegressor(loss, random_state=seed)
            with warnings.catch_warnings():  # an error, whatever is ignored in this file
                warnings.simplefilter("error")
                model.fit(X[:n], y)
            assert model.score(X[:n], y) > 0.5

    def test_a_standardised_y_val_is_noticed(self):
        y = 22 + 9 * (Y - Y.mean()) / Y.std()
        with pytest.warns(UserWarning, match="y_val has another scale than y"):
            model = small().fit(X, y, X_val=X, y_val=(y - 22) / 9)
        assert model.n_iter_ == 2

    @pytest.mark.parametrize(
        "scoring", ["r2", None, lambda model, X, y: -np.abs(model.predict(X) - y).mean()]
    )
    @pytest.mark.parametrize("n_members", [1, 2])
    @pytest.mark.filterwarnings("error::UserWarning")
    def test_a_first_fit_with_a_scorer_and_many_validation_rows(self, scoring, n_members):
        """The scorer's view of the estimator has all that a prediction of many rows needs."""
        many = np.tile(X, (20, 1))
        model = small(scoring=scoring, early_stopping=True, n_members=n_members)
        model.fit(many, np.tile(Y, 20))
        assert len(model.validation_scores_) == 2
