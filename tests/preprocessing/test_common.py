"""scikit-learn's own checks of the encoder, with no expected failure."""

import pytest
from sklearn.utils import estimator_checks, get_tags

from skscratch.preprocessing import PiecewiseLinearEncoder
from tests.checks import check_name, run

ENCODERS = [
    PiecewiseLinearEncoder(),
    PiecewiseLinearEncoder(strategy="quantile"),
    PiecewiseLinearEncoder(strategy="uniform", handle_missing="passthrough"),
    PiecewiseLinearEncoder(n_bins=4, keep_input=False, scale=2),
    PiecewiseLinearEncoder(target_type="continuous"),
]


# What parametrize_with_checks does; but pytest deprecates the generator it makes in 1.7.
@pytest.mark.parametrize(
    ("encoder", "check"),
    [case for encoder in ENCODERS for case in estimator_checks.estimator_checks_generator(encoder)],
    ids=lambda part: check_name(part) if callable(part) else repr(part),
)
def test_scikit_learn_checks(encoder, check):
    run(check, encoder)


def test_the_tags_bring_in_every_family_of_checks():
    names = {
        check_name(check) for _, check in estimator_checks.estimator_checks_generator(ENCODERS[0])
    }
    assert names >= {
        "check_requires_y_none",
        "check_sample_weight_equivalence_on_dense_data",
        "check_transformer_general",
        "check_transformer_preserve_dtypes",
    }
    tags = get_tags(PiecewiseLinearEncoder(strategy="quantile"))
    assert tags.target_tags.required is False
    assert tags.input_tags.allow_nan is True


# The checks transform arrays after a fit to a table, and tables after a fit to arrays.
@pytest.mark.filterwarnings("ignore:X (does not have valid|has) feature names:UserWarning")
@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
@pytest.mark.parametrize(
    "name",
    [
        "dataframe_column_names_consistency",
        "get_feature_names_out_error",
        "global_output_transform_pandas",
        "inplace_ensure_writeable",
        "param_validation",
        "set_output_transform",
        "set_output_transform_pandas",
        "transformer_get_feature_names_out",
        "transformer_get_feature_names_out_pandas",
    ],
)
def test_checks_that_scikit_learn_leaves_to_be_called_by_hand(name, encoder):
    check = getattr(estimator_checks, f"check_{name}")
    check(type(encoder).__name__, encoder)
