"""scikit-learn's own checks, with no expected failure and no skip of our making."""

import pytest
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_inplace_ensure_writeable,
    check_param_validation,
    estimator_checks_generator,
)

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from tests.checks import check_name, run

# The checks cut max_iter down to a handful of epochs.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    # the same parameters for every solver, for fit and partial_fit
    "ignore:Parameters that this (fit|partial_fit) does not use",
)

VARIANTS = [
    ScratchMLPClassifier(solver="sgd"),
    ScratchMLPClassifier(solver="sgd", activation="tanh", momentum=0),
    # With the default alpha the descent on the 15 rows of the check is so long that the last bits
    # of its sums, which weights and repeated rows round otherwise, grow beyond 1e-7 with some
    # initial weights.
    ScratchMLPClassifier(solver="lbfgs", alpha=1e-4),
    ScratchMLPClassifier(early_stopping=True),
    ScratchMLPClassifier(class_weight="balanced"),
    ScratchMLPRegressor(solver="sgd"),
    ScratchMLPRegressor(solver="lbfgs", alpha=1e-4),
    ScratchMLPRegressor(early_stopping=True),
    ScratchMLPRegressor(loss="absolute_error"),
    ScratchMLPRegressor(loss="huber"),
    ScratchMLPRegressor(loss="quantile", quantile=0.75),
]
# The defaults as they are. In most checks neither the size of a network matters nor how long it
# learns: small variants do in every run.
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 30}
ESTIMATORS = [
    ScratchMLPClassifier(),
    ScratchMLPClassifier(hidden_layer_sizes=(), solver="lbfgs"),
    ScratchMLPRegressor(),
    *(clone(model).set_params(**QUICK) for model in VARIANTS),
    *(pytest.param(model, marks=pytest.mark.exhaustive) for model in VARIANTS),
]


# What parametrize_with_checks does; but pytest deprecates the generator it makes in 1.7.
@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(estimator, check, marks=getattr(case, "marks", ()))
        for case in ESTIMATORS
        for estimator, check in estimator_checks_generator(getattr(case, "values", [case])[0])
    ],
    ids=lambda part: check_name(part) if callable(part) else repr(part),
)
def test_scikit_learn_checks(estimator, check):
    run(check, estimator)


def test_the_tags_bring_in_every_family_of_checks():
    names = {check_name(check) for _, check in estimator_checks_generator(ScratchMLPClassifier())}
    assert names >= {
        "check_classifiers_train",
        "check_class_weight_classifiers",
        "check_classifiers_multilabel_output_format_decision_function",
        "check_estimators_partial_fit_n_features",
        "check_sample_weight_equivalence_on_sparse_data",
    }
    names = {check_name(check) for _, check in estimator_checks_generator(ScratchMLPRegressor())}
    assert names >= {
        "check_regressors_train",
        "check_regressor_multioutput",
        "check_estimators_partial_fit_n_features",
        "check_sample_weight_equivalence_on_sparse_data",
    }


@pytest.mark.parametrize(
    ("params", "several_columns", "positive"),
    [
        ({}, True, False),
        ({"loss": "quantile"}, True, False),
        ({"loss": "quantile", "quantile": [0.1, 0.9]}, False, False),
        ({"quantile": [0.1, 0.9]}, True, False),
        ({"loss": "poisson"}, True, True),
        ({"loss": "gamma"}, True, True),
        ({"loss": ["not a loss"]}, True, False),
    ],
    ids=str,
)
def test_the_tags_say_which_targets_a_regressor_takes(params, several_columns, positive):
    tags = get_tags(ScratchMLPRegressor(**params))
    assert tags.estimator_type == "regressor"
    assert tags.regressor_tags.poor_score is False
    assert tags.target_tags.required is True
    assert tags.target_tags.single_output is True
    assert tags.target_tags.multi_output is several_columns
    assert tags.target_tags.positive_only is positive


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
@pytest.mark.parametrize(
    "check",
    [
        check_param_validation,
        check_dataframe_column_names_consistency,
        check_inplace_ensure_writeable,
    ],
)
def test_checks_that_scikit_learn_leaves_to_be_called_by_hand(check, estimator):
    check(type(estimator).__name__, estimator)
