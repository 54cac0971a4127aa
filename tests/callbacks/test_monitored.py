"""A column of the history, from where each fit began."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch.callbacks import EarlyStopping, ModelCheckpoint
from skscratch.callbacks._monitored import Monitored

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def fitted(**columns):
    return SimpleNamespace(history_={name: np.array(column) for name, column in columns.items()})


def test_losses_are_costs_and_scores_are_turned_round():
    estimator, fit = fitted(loss=[3.0, 2.0], validation_score=[0.1, 0.2]), object()
    for name, costs in (("loss", [3, 2]), ("validation_score", [-0.1, -0.2])):
        monitored = Monitored(name)
        monitored.begin(fitted(), fit)
        assert_array_equal(monitored.costs(estimator, fit), costs)
        assert monitored.cost(estimator.history_[name][0]) == costs[0]


def test_rows_of_former_fits_do_not_count():
    monitored, fits = Monitored("loss"), [object(), object()]
    monitored.begin(fitted(), fits[0])
    monitored.begin(fitted(loss=[3.0]), fits[1])
    now = fitted(loss=[3.0, 2.0])
    assert_array_equal(monitored.costs(now, fits[0]), [3, 2])
    assert_array_equal(monitored.costs(now, fits[1]), [2])
    monitored.end(fits[1])
    with pytest.raises(KeyError):
        monitored.costs(now, fits[1])
    monitored.end(fits[1])


def test_another_process_has_other_fits():
    monitored = Monitored("loss")
    monitored.begin(fitted(), 7)
    copied = pickle.loads(pickle.dumps(monitored))
    assert copied.name == "loss"
    with pytest.raises(KeyError):
        copied.costs(fitted(loss=[1.0]), 7)


def test_a_column_that_nobody_writes_is_named(data, small):
    X, y = data[:2]
    before = small(max_iter=2).fit(X, y)
    model = small().set_callbacks(EarlyStopping("validation_loss"))
    with pytest.raises(ValueError, match=r"'validation_loss' needs a validation set.*X_val"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")
    assert set(vars(model)) < set(vars(before)) | {"_skl_callbacks"}


@pytest.mark.parametrize("name", ["accuracy", "seconds", None, 3])
def test_what_cannot_be_watched_is_refused(name):
    with pytest.raises(ValueError, match=r"monitor must be one of \['loss', 'validation_loss'"):
        Monitored(name)


def test_a_pipeline_has_no_epochs(data, tmp_path, small):
    X, y = data[:2]
    for callback in (EarlyStopping("loss"), ModelCheckpoint(tmp_path / "model")):
        model = make_pipeline(StandardScaler(), small()).set_callbacks(callback)
        with pytest.raises(TypeError, match="set on a Pipeline, which has no epochs"):
            model.fit(X, y)
