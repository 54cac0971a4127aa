"""What the data decide: early stopping, and how many members there are."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from skscratch import ScratchMLPClassifier
from skscratch._compat import InvalidParameterError
from skscratch.core.optimizers import Momentum
from skscratch.estimators._resolved import resolved

short = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(200, 4)), np.arange(200) % 2
WIDTHS = {
    (500,): 5, (100,): 5, (50,): 2, (49,): 1, (64,): 4, (101,): 1, (31,): 1, (32,): 2, (48,): 3,
    (512,): 8, (505,): 5, 100: 5, (1,): 1, (): 1, (100, 50): 2, (256, 128): 8, (128, 256): 8,
    (256, 31): 1, (256, 32): 2, (100, 64): 4, (64, 49): 1, (300, 200, 100): 5, (64, 32, 16): 1,
}  # fmt: skip


def settle(model, n=200, w=None, form=np.asarray, first=True, whole=True, validation=False):
    """Return what is made of a model on the first n rows."""
    own = (X[:9], Y[:9], None) if validation else (None, None, None)
    data = model._validate(form(X[:n]), Y[:n], None if w is None else w[:n], None, first, own)
    return resolved(model, data, whole)


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
    "few rows, a validation set": ({}, {"n": 20, "validation": True}, True, False),
    "sparse": ({}, {"form": csr_array}, True, False),
    "warm start": ({"warm_start": True}, {}, False, False),
    "warm start, a validation set": ({"warm_start": True}, {"validation": True}, False, False),
    "refit": ({"refit": True}, {}, True, False),
    "lbfgs": ({"solver": "lbfgs"}, {}, False, False),
    "lbfgs, a validation set": ({"solver": "lbfgs"}, {"validation": True}, False, False),
    "sgd": ({"solver": "sgd"}, {}, True, True),
    "an update rule": ({"solver": Momentum(0.5)}, {}, True, True),
    "partial_fit": ({}, {"whole": False}, False, False),
}
cases = pytest.mark.parametrize(("params", "given", "stops", "several"), CASES.values(), ids=CASES)


class TestMembers:
    @pytest.mark.parametrize(("sizes", "members"), WIDTHS.items(), ids=str)
    def test_wide_layers_are_divided_into_equal_ones_of_16_units_or_more(self, sizes, members):
        assert settle(ScratchMLPClassifier(sizes)).n_members == members

    def test_no_other_number_would_be_larger_and_allowed(self):
        for width in range(1, 300):
            for sizes in ((width,), (width, 240), (600, width)):
                expected = [
                    m for m in range(2, 9) if all(q % m == 0 and q / m >= 16 for q in sizes)
                ]
                settled = settle(ScratchMLPClassifier(sizes))
                assert settled.n_members == max(expected, default=1)

    @cases
    def test_several_need_all_this(self, params, given, stops, several):
        model = ScratchMLPClassifier((100,), **params)
        assert settle(model, **given).n_members == (5 if several else 1)

    @short
    def test_a_run_that_goes_on_is_one_network(self):
        model = ScratchMLPClassifier((100,), max_iter=1, solver="lbfgs").fit(X, Y)
        model.set_params(solver="adam", warm_start=True)
        assert settle(model, first=False).n_members == 1

    @pytest.mark.parametrize("sizes", [(4,), (6, 10, 2), [8], 20], ids=str)
    def test_an_explicit_number_is_taken_if_it_divides_every_width(self, sizes):
        for n in (1, 2, np.int64(2)):
            assert settle(ScratchMLPClassifier(sizes, n_members=n), n=7).n_members == n

    @pytest.mark.parametrize("sizes", [(5,), (4, 3), (), 1], ids=str)
    def test_one_that_does_not_is_refused(self, sizes):
        widths = tuple(np.atleast_1d(np.array(sizes, int)).tolist())
        message = f"n_members=2 must divide every width in hidden_layer_sizes={widths}."
        with pytest.raises(InvalidParameterError) as error:
            settle(ScratchMLPClassifier(sizes, n_members=2))
        assert str(error.value) == message

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
        assert settle(ScratchMLPClassifier((4,), n_members=1, **params), **given).n_members == 1

    def test_partial_fit_trains_one_network_whatever_is_asked_for(self):
        model = ScratchMLPClassifier((4,), n_members=2)
        assert settle(model, whole=False).n_members == 1
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
    def test_auto(self, params, given, stops, several):
        settled = settle(ScratchMLPClassifier((100,), **params), **given)
        assert settled.early_stopping is stops

    @pytest.mark.parametrize("value", [True, False])
    @cases
    def test_what_is_asked_for_stays(self, params, given, stops, several, value):
        model = ScratchMLPClassifier((100,), early_stopping=value, **params)
        assert settle(model, **given).early_stopping is value

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
    assert settle(ScratchMLPClassifier(), whole=False).standardize is False
    assert settle(ScratchMLPClassifier(standardize=False)).standardize is False


def test_the_estimator_itself_is_left_alone():
    model = ScratchMLPClassifier()
    before = model.get_params()
    settled = settle(model)
    assert settled is not model
    assert model.get_params() == before
    assert (model.n_members, model.early_stopping) == ("auto", "auto")
    changed = {name for name, value in settled.get_params().items() if value != before[name]}
    assert changed == {"n_members", "early_stopping"}
    assert_array_equal(settled.classes_, model.classes_)
