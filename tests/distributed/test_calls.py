"""What ranks refuse, with the same error on all; who prints, warns and is called back."""

import pickle
import signal
import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from threadpoolctl import threadpool_info, threadpool_limits

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch._ranks import ranks as running
from skscratch.core.activations import Tanh
from skscratch.distributed import data_parallel
from skscratch.training.collective import Rows
from skscratch.tuning import Layers
from tests.distributed.test_equality import CUTS, LABELS, NET, NUMBERS, WEIGHTS, X, pytestmark
from tests.distributed.threads import assert_close, assert_same_bits, fitted_on_ranks, on_ranks

__all__ = ["pytestmark"]
PARTS = [slice(0, 80), slice(80, 160), slice(160, 240)]


def errors(fit, kind=ValueError):
    """Return the one text of the errors that ``fit(ranks, rows)`` raises on all ranks."""
    raised = on_ranks(lambda ranks: fit(ranks, PARTS[ranks.rank]))
    assert [type(error) for error in raised] == [type(raised[0])] * 3, raised
    assert isinstance(raised[0], kind), raised
    (text,) = {str(error) for error in raised}
    return text


def test_other_columns():
    def fit(ranks, own):
        return ScratchMLPClassifier(**NET).fit(X[own, : 5 - (ranks.rank == 1)], LABELS[own])

    assert "features of X is 5 on rank 0, but 4 on rank 1" in errors(fit)


def test_other_names_of_columns():
    names = ["abcde", "abcde", "abced"]

    def fit(ranks, own):
        table = pd.DataFrame(X[own], columns=list(names[ranks.rank]))
        return ScratchMLPClassifier(**NET).fit(table, LABELS[own])

    assert "'d', 'e'] on rank 0, but ['a', 'b', 'c', 'e', 'd'] on rank 2" in errors(fit)


def test_text_and_numbers_in_y():
    def fit(ranks, own):
        return ScratchMLPClassifier(**NET).fit(
            X[own], LABELS[own].astype("U" if ranks.rank else int)
        )

    assert "the kind of y is numbers on rank 0, but text on rank 1" in errors(fit)


def test_a_vector_and_columns_in_y():
    def fit(ranks, own):
        y = NUMBERS[own]
        return ScratchMLPRegressor(**NET).fit(X[own], np.c_[y, y] if ranks.rank == 2 else y)

    assert "columns of y" in errors(fit)


def test_weights_on_some_ranks():
    def fit(ranks, own):
        return ScratchMLPClassifier(**NET).fit(
            X[own], LABELS[own], WEIGHTS[own] if ranks.rank else None
        )

    assert "sample_weight is None on rank 0, but given on rank 1" in errors(fit)


def test_a_bad_value_on_one_rank():
    wrong = X.copy()
    wrong[100, 3] = np.nan
    text = errors(lambda ranks, own: ScratchMLPClassifier(**NET).fit(wrong[own], LABELS[own]))
    assert "NaN" in text
    assert "(Raised on rank 1 of 3.)" in text

    def fit(ranks, own):
        y = LABELS[own][: 3 if ranks.rank == 1 else None]
        return ScratchMLPClassifier(**NET).fit(X[own], y)

    text = errors(fit)
    assert "inconsistent numbers of samples: [80, 3]" in text


def test_no_rows_at_all():
    text = errors(lambda ranks, own: ScratchMLPClassifier(**NET).fit(X[:0], LABELS[:0]))
    assert "no rows on any rank" in text


def test_no_weight_at_all():
    text = errors(
        lambda ranks, own: ScratchMLPClassifier(**NET).fit(X[own], LABELS[own], np.zeros(80))
    )
    assert "sample_weight is zero for every row" in text


def test_a_rank_whose_rows_have_no_weight():
    w = WEIGHTS.copy()
    w[80:160] = 0

    def make():
        return ScratchMLPClassifier(**NET)

    models = fitted_on_ranks(make, CUTS[0], X, LABELS, sample_weight=w)
    assert_same_bits(models)
    assert_close(models[0], make().fit(X, LABELS, w))


def test_a_rank_without_rows_knows_the_names():
    tables = [pd.DataFrame(X[own], columns=list("abcde")) for own in (slice(0, 0), slice(0, 240))]

    def fit(ranks):
        own = slice(0, 240 * ranks.rank)
        return ScratchMLPClassifier(**NET).fit(tables[ranks.rank], LABELS[own])

    models = on_ranks(fit, 2)
    assert_same_bits(models)
    assert [list(model.feature_names_in_) for model in models] == [list("abcde")] * 2


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"solver": "lbfgs"}, "Set solver='adam'"),
        ({"n_jobs": 2}, "Set n_jobs=None"),
        ({"scoring": "roc_auc"}, "Set scoring='loss'"),
        ({"scoring": None}, "Set scoring='loss'"),
        ({"validation_fraction": KFold(3)}, "Set a fraction, or pass X_val"),
    ],
)
def test_what_ranks_cannot_share_is_refused_by_name(changed, words):
    name, value = next(iter(changed.items()))
    model = ScratchMLPClassifier(**NET | changed)
    text = errors(lambda ranks, own: clone(model).fit(X[own], LABELS[own]))
    assert words in text
    assert f"{name}={value!r}" in text


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_, np.float32])
def test_the_range_of_rows_of_any_dtype(dtype):
    numbers = np.array([[3, 1], [0, 1], [2, 0]]).astype(dtype)

    def limits(ranks):
        own = numbers[:2] if ranks.rank == 0 else numbers[2:] if ranks.rank == 1 else numbers[:0]
        rows = Rows(ranks, own, [2, 1, 0], np.dtype(dtype))
        return rows.max(), rows.min()

    assert on_ranks(limits) == [(float(numbers.max()), float(numbers.min()))] * 3


def test_a_slice_of_rows_has_no_step():
    def taken(ranks):
        rows = Rows(ranks, X[PARTS[ranks.rank]], [80] * 3, X.dtype)
        for step in (2, -1):
            with pytest.raises(ValueError, match="slices without a step"):
                rows[::step]
        return rows[70:90:1]

    for found in on_ranks(taken):
        np.testing.assert_array_equal(found, X[70:90])


@pytest.mark.parametrize("n", [0, -1, 1.5, None, "a", True, np.nan])
def test_what_is_no_number_of_threads_is_refused(n):
    alone = SimpleNamespace(rank=0, size=1, allreduce=lambda array: None)
    with (
        pytest.raises(ValueError, match=f"blas_threads must be a whole number .* Got {n!r}"),
        data_parallel(alone, blas_threads=n),
    ):
        pass
    assert running.get() is None
    with data_parallel(alone, blas_threads=np.int64(1)):
        assert running.get() is not None


@pytest.mark.filterwarnings("ignore:Parameters that this fit does not use")
def test_a_splitter_that_is_not_used_is_not_refused():
    def fit(ranks):
        own = PARTS[ranks.rank]
        model = ScratchMLPClassifier(**NET | {"max_iter": 2}, validation_fraction=KFold(3))
        return model.fit(X[own], LABELS[own], X_val=X[own], y_val=LABELS[own])

    assert_same_bits(on_ranks(fit))


def test_groups_are_refused_by_name():
    def fit(ranks, own):
        return ScratchMLPClassifier(**NET).fit(X[own], LABELS[own], groups=np.arange(80))

    def on_one(ranks, own):
        groups = np.arange(80) if ranks.rank else None
        return ScratchMLPClassifier(**NET).fit(X[own], LABELS[own], groups=groups)

    assert "groups are not known to all ranks" in errors(fit)
    assert "groups is None on rank 0, but given on rank 1" in errors(on_one)


def test_other_arrays_to_start_from():
    def fit(ranks, own):
        given = [np.full((5, 16), float(ranks.rank)), None, None]
        return ScratchMLPClassifier(**NET, coefs_init=given).fit(X[own], LABELS[own])

    assert "coefs_init is [an array of float64, shape (5, 16)" in errors(fit)


def test_other_sizes_of_a_search():
    def fit(ranks, own):
        model = ScratchMLPClassifier(
            **NET | {"hidden_layer_sizes": Layers(1, 16 + 16 * ranks.rank)}
        )
        return model.fit(X[own], LABELS[own])

    assert "hidden_layer_sizes is [16] on rank 0, but [32] on rank 1" in errors(fit)


def test_a_sparse_matrix_is_refused_by_name():
    text = errors(
        lambda ranks, own: ScratchMLPClassifier(**NET).fit(csr_array(X[own]), LABELS[own]),
        TypeError,
    )
    assert "X.toarray()" in text


def test_other_parameters():
    def fit(ranks, own):
        return ScratchMLPClassifier(**NET | {"max_iter": 5 + ranks.rank}).fit(X[own], LABELS[own])

    assert "max_iter is 5 on rank 0, but 6 on rank 1" in errors(fit)


def test_other_classes_and_other_networks():
    def begin(ranks, own):
        return ScratchMLPClassifier(**NET).partial_fit(
            X[own], LABELS[own], classes=range(3 + ranks.rank)
        )

    assert "classes is [0, 1, 2] on rank 0, but [0, 1, 2, 3] on rank 1" in errors(begin)

    def go_on(ranks, own):
        Z = np.tanh(X[own])
        model = ScratchMLPClassifier(**NET).partial_fit(Z, LABELS[own], classes=range(3))
        model.coefs_[0][0, 0] += ranks.rank == 2
        return model.partial_fit(Z, LABELS[own])

    assert "the fitted network is one of 1 epochs" in errors(go_on)


def test_other_calls():
    def fit(ranks, own):
        model = ScratchMLPClassifier(**NET)
        if ranks.rank == 1:
            return model.partial_fit(X[own], LABELS[own], classes=[0, 1, 2])
        return model.fit(X[own], LABELS[own])

    text = errors(fit, RuntimeError)
    assert "Rank 0 is at 'ScratchMLPClassifier.fit', but rank 1 is at" in text

    def leave(ranks, own):
        if ranks.rank:
            ScratchMLPClassifier(**NET).fit(X[own], LABELS[own])

    assert "Rank 0 is at 'the end of data_parallel', but rank 1 is at" in errors(
        leave, RuntimeError
    )


def test_a_validation_set_on_some_ranks():
    def fit(ranks, own):
        more = {"X_val": X[:40], "y_val": LABELS[:40]} if ranks.rank else {}
        return ScratchMLPClassifier(**NET).fit(X[own], LABELS[own], **more)

    assert "X_val is None on rank 0, but given on rank 1" in errors(fit)


def test_only_rank_0_prints(capfd):
    def make():
        return ScratchMLPClassifier(**NET | {"verbose": True})

    make().fit(X, LABELS)
    alone = [line[:30] for line in capfd.readouterr().out.splitlines()]
    assert_same_bits(fitted_on_ranks(make, CUTS[0], X, LABELS))
    assert [line[:30] for line in capfd.readouterr().out.splitlines()] == alone


def test_an_interrupt_ends_all_ranks_at_one_step():
    class Pressing(Tanh):
        calls = 0

        def forward(self, z, a):
            super().forward(z, a)
            shared = running.get()
            if shared is not None and shared.rank == 1:
                Pressing.calls += 1
                shared.interrupted |= Pressing.calls == 150

    models = [None] * 3
    changed = {"max_iter": 200, "activation": Pressing(), "temperature_scaling": False}

    def fit(ranks):
        own = PARTS[ranks.rank]
        models[ranks.rank] = ScratchMLPClassifier(**NET | changed)
        models[ranks.rank].fit(X[own], LABELS[own])

    assert [type(error) for error in on_ranks(fit)] == [KeyboardInterrupt] * 3
    assert_same_bits(models)
    n = models[0].n_iter_
    assert 3 < n < 100
    assert_close(models[0], ScratchMLPClassifier(**NET | changed | {"max_iter": n}).fit(X, LABELS))


def test_an_interrupt_after_training_is_one_of_all(monkeypatch):
    from skscratch.estimators import _base

    conclude = _base.conclude

    def interrupted(*args):
        conclude(*args)
        running.get().interrupted = running.get().rank == 2

    monkeypatch.setattr(_base, "conclude", interrupted)
    models = [ScratchMLPClassifier(**NET) for _ in range(3)]

    def fit(ranks):
        own = PARTS[ranks.rank]
        models[ranks.rank].fit(X[own], LABELS[own])

    assert [type(error) for error in on_ranks(fit)] == [KeyboardInterrupt] * 3
    assert_same_bits(models)
    monkeypatch.undo()
    assert_close(models[0], ScratchMLPClassifier(**NET).fit(X, LABELS))


class TestSignals:
    alone = SimpleNamespace(rank=0, size=1, allreduce=lambda array: None)

    @pytest.fixture(autouse=True)
    def restored(self):
        before = signal.getsignal(signal.SIGINT)
        yield
        signal.signal(signal.SIGINT, before)

    def test_ctrl_c_stays_ignored_where_it_was(self):
        class Pressing(Tanh):
            def forward(self, z, a):
                super().forward(z, a)
                signal.raise_signal(signal.SIGINT)

        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with data_parallel(self.alone):
            model = ScratchMLPClassifier(**NET | {"max_iter": 2, "activation": Pressing()})
            assert model.fit(X, LABELS).n_iter_ == 2
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN

    def test_a_handler_that_is_not_of_python_is_left_alone(self, monkeypatch):
        here = signal.getsignal(signal.SIGINT)
        with monkeypatch.context() as patch:
            patch.setattr(signal, "getsignal", lambda number: None)
            with data_parallel(self.alone):
                pass
        assert signal.getsignal(signal.SIGINT) is here


@pytest.mark.skipif(find_spec("sklearn.callback") is None, reason="callbacks come with 1.9")
class TestCallbacks:
    def test_rank_0_is_called_and_all_stop(self):
        from skscratch.callbacks import EarlyStopping

        seen = []

        class Stopping(EarlyStopping):
            def on_fit_task_end(self, estimator, context, **kwargs):
                if context.task_name == "epoch":
                    seen.append((running.get(), estimator.n_iter_))
                    return estimator.n_iter_ == 3
                return None

        def fit(ranks):
            model = ScratchMLPClassifier(**NET)
            if ranks.rank == 0:
                model.set_callbacks(Stopping())
            own = PARTS[ranks.rank]
            return model.fit(X[own], LABELS[own])

        models = on_ranks(fit)
        assert_same_bits(models)
        # fits of a callback are its own
        assert seen == [(None, 1), (None, 2), (None, 3)]
        assert models[1].n_iter_ == 3

    def test_an_error_of_a_callback_is_raised_on_all_ranks(self):
        from skscratch.callbacks import EarlyStopping

        class Failing(EarlyStopping):
            def on_fit_task_end(self, estimator, context, **kwargs):
                raise ZeroDivisionError("in a callback")

        def fit(ranks):
            own = PARTS[ranks.rank]
            return ScratchMLPClassifier(**NET).set_callbacks(Failing()).fit(X[own], LABELS[own])

        first, *others = on_ranks(fit)
        assert isinstance(first, ZeroDivisionError)
        assert [str(error) for error in others] == ["ZeroDivisionError: in a callback"] * 2


def test_estimators_do_not_know_of_ranks():
    models = fitted_on_ranks(lambda: ScratchMLPClassifier(**NET), CUTS[0], X, LABELS)
    one = ScratchMLPClassifier(**NET).fit(X, LABELS)
    assert repr(models[1]) == repr(one)
    assert clone(models[1]).get_params() == one.get_params()
    assert {*vars(models[1])} == {*vars(one)}
    assert len({pickle.dumps(model) for model in models}) == 1
    assert b"collective" not in pickle.dumps(models[0])
    assert running.get() is None


def test_a_pipeline_passes_the_rows_on():
    def make():
        return make_pipeline(FunctionTransformer(np.tanh), ScratchMLPClassifier(**NET))

    models = fitted_on_ranks(make, CUTS[1], X, LABELS)
    assert_same_bits([model[-1] for model in models])
    assert_close(models[0][-1], make().fit(X, LABELS)[-1])


def test_a_rank_has_one_blas_thread_unless_more_are_asked_for():
    def threads():
        pools = threadpool_info()
        return max(pool["num_threads"] for pool in pools if pool["user_api"] == "blas")

    seen = []

    class Looking(Tanh):
        def forward(self, z, a):
            super().forward(z, a)
            seen.append(threads())

    alone = SimpleNamespace(rank=0, size=1, allreduce=lambda array: None)
    with threadpool_limits(4, user_api="blas"):
        if threads() == 1:
            pytest.skip("this BLAS has a single thread")
        for asked, expected in ({}, 1), ({"blas_threads": 2}, 2):
            with data_parallel(alone, **asked):
                ScratchMLPClassifier(**NET | {"activation": Looking()}).fit(X, LABELS)
            assert {*seen} == {expected}
            seen.clear()
        assert threads() == 4


def test_a_communicator_that_lacks_a_name():
    alone = data_parallel(SimpleNamespace(rank=0))
    with pytest.raises(TypeError, match=r"without size, allreduce"), alone:
        pass


@pytest.mark.parametrize(
    ("rank", "size"), [("0", 1), (0, 1.0), (None, 2), (True, 2), (2, 2), (-1, 2), (0, 0)]
)
def test_a_communicator_of_no_rank(rank, size):
    engine = SimpleNamespace(rank=rank, size=size, allreduce=lambda array: None)
    message = f"^rank and size of the communicator .*Got rank={rank!r} and size={size!r} of"
    with pytest.raises(ValueError, match=message), data_parallel(engine):
        pass


def test_a_communicator_whose_sum_is_no_method():
    engine = SimpleNamespace(rank=0, size=np.int64(1), allreduce="sum")
    with pytest.raises(TypeError, match="allreduce of the communicator must be a method"):
        data_parallel(engine).__enter__()


def test_mpi4py_is_asked_for_by_the_name_of_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ImportError, match=r"skscratch\[mpi\]"), data_parallel():
        pass


def test_without_the_context_nothing_of_it_is_imported():
    code = (
        "import sys; from skscratch import ScratchMLPClassifier as C;"
        "model = C(max_iter=1, early_stopping=False, n_iter_no_change=float('inf'));"
        "model.fit([[0.], [1.]], [0, 1]).predict([[0.]]);"
        "print([n for n in sys.modules if n.startswith('mpi4py') or n.startswith('skscratch.') and "
        "n.rpartition('.')[2] in ('distributed', 'collective', 'ranks', '_shared')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
