"""Early stopping: what is held out, what is kept, and that it does no harm."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss

short = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # fits of a fixed length on purpose
)

ENDLESS = {"tol": 0, "n_iter_no_change": 1000}
STOPPING = {"early_stopping": True, "validation_fraction": 0.4}


def ones(rng, fan_in, fan_out):
    """Initial weights that do not depend on the random stream."""
    return np.ones((fan_in, fan_out))


@short
@pytest.mark.filterwarnings("ignore:Parameters that this partial_fit does not use")
def test_the_parameters_of_the_lowest_validation_loss_are_kept(small):
    """Every row is the same and 40 in 100 are of class 1: any stratified part equals the whole.

    So the same course without early stopping has the validation losses, and strong momentum
    makes it swing through the optimum and out again.
    """
    X, y = np.ones((500, 1)), np.repeat([0, 1], [300, 200])
    params = {
        "hidden_layer_sizes": (), "solver": "sgd", "momentum": 0.9, "learning_rate_init": 0.2,
        "nesterovs_momentum": False, "alpha": 0, "weight_init": ones,
        "batch_size": 500, "max_iter": 12, **ENDLESS,
    }  # fmt: skip
    course, losses = small(**params), []
    for _ in range(params["max_iter"]):
        course.partial_fit(X, y, classes=[0, 1])
        losses.append(log_loss(y, course.predict_proba(X)))
    best = int(np.argmin(losses))
    assert 0 < best < len(losses) - 2, "the course must swing, or nothing is tested"
    kept = small(**STOPPING, **params).fit(X, y)
    assert kept.n_iter_ == len(losses)
    assert_allclose(log_loss(y, kept.predict_proba(X)), losses[best], rtol=1e-12)


@short
def test_the_last_of_equally_good_parameters_are_kept(small):
    """X is zero and the classes balance, so the loss stands still while the penalty shrinks W."""
    X, y = np.zeros((500, 1)), np.repeat([0, 1], 250)
    model = small(
        hidden_layer_sizes=(), solver="sgd", momentum=0, learning_rate_init=1.0, alpha=30.0,
        weight_init=ones, batch_size=500, max_iter=5, **STOPPING, **ENDLESS,
    ).fit(X, y)  # fmt: skip
    assert_allclose(model.coefs_[0], [[(1 - 30 / 300) ** 5]])


@short
def test_scores_of_every_epoch(multiclass, small):
    model = small(max_iter=12, **STOPPING).fit(*multiclass)
    assert len(model.validation_scores_) == model.n_iter_ == len(model.loss_curve_) == 12
    assert all(0 <= score <= 1 for score in model.validation_scores_)
    assert_allclose(np.array(model.validation_scores_) * 36 % 1, 0, atol=1e-9)  # 36 of 90 rows
    assert model.best_validation_score_ in model.validation_scores_
    assert model.best_loss_ is None


@short
def test_no_scores_without_early_stopping(binary, small):
    model = small().fit(*binary)
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None


@short
@pytest.mark.parametrize("seed", range(10))
def test_the_split_is_stratified_with_more_than_two_classes(seed, small):
    """On rows of zeros one class is predicted everywhere: its share is the accuracy."""
    X, y = np.zeros((300, 2)), np.tile(["a", "b", "c"], 100)
    model = small(early_stopping=True, random_state=seed, validation_fraction=0.1, max_iter=3)
    assert_allclose(model.fit(X, y).validation_scores_, 1 / 3)


@pytest.mark.parametrize("seed", range(10))
def test_a_class_of_one_row_stays_in_training(clusters, seed, small):
    X, y = clusters
    X = np.r_[X, [[-9, -9, -9]]]
    y = np.r_[np.array(["ant", "bee", "cow"])[y], ["dog"]]
    model = small(
        random_state=seed, max_iter=5000, learning_rate_init=0.02, class_weight={"dog": 30},
        **STOPPING,
    ).fit(X, y)  # fmt: skip
    assert model.predict(X[-1:]) == ["dog"]


@short
@pytest.mark.parametrize("n", [1, 2, 3, 10, 40])
def test_too_few_rows_to_hold_any_out(n, small):
    """A handful says too little to stop by: then all are trained on, as without it."""
    X, y = np.arange(n, dtype=float).reshape(-1, 1), np.resize(["no", "yes"], n)
    model, without = small(early_stopping=True).fit(X, y), small().fit(X, y)
    assert_array_equal(model.predict_proba(X), without.predict_proba(X))
    assert model.loss_curve_ == without.loss_curve_
    assert model.validation_scores_ is None


@short
def test_multilabel_and_weights(multilabel, small):
    X, y = multilabel
    weight = np.linspace(0, 2, len(y))
    model = small(max_iter=40, learning_rate_init=0.01, **STOPPING).fit(X, y, weight)
    assert len(model.validation_scores_) == model.n_iter_
    assert model.score(X, y) > 0.5


@short
def test_rows_of_weight_zero_do_not_count_in_the_score(binary, small):
    """A wrong copy of every row has no weight; the scores must be those of the right ones."""
    X, y = binary
    doubled = np.r_[X, X], np.r_[y, 1 - y], np.r_[np.ones(90), np.zeros(90)]
    params = {"max_iter": 60, "learning_rate_init": 0.02, **STOPPING}
    assert small(**params).fit(*doubled).best_validation_score_ > 0.6


@short
def test_the_same_split_again(binary, small):
    one, other = (small(**STOPPING).fit(*binary) for _ in range(2))
    assert one.validation_scores_ == other.validation_scores_
    assert_array_equal(one.coefs_[0], other.coefs_[0])
