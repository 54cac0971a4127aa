"""scikit-learn's own checks of the encoder, with no expected failure."""

from unittest import SkipTest

import numpy as np
import pytest
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_get_feature_names_out_error,
    check_global_output_transform_pandas,
    check_inplace_ensure_writeable,
    check_param_validation,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    estimator_checks_generator,
)

from skscratch.preprocessing import PiecewiseLinearEncoder

ENCODERS = [
    PiecewiseLinearEncoder(),
    PiecewiseLinearEncoder(strategy="quantile"),
    PiecewiseLinearEncoder(strategy="uniform", handle_missing="passthrough"),
    PiecewiseLinearEncoder(n_bins=4, keep_input=False, scale=2),
    PiecewiseLinearEncoder(target_type="continuous"),
]
# Skip themselves: unless SCIPY_ARRAY_API is set when Python starts, or without polars.
MAY_SKIP = {"check_array_api_input", "check_array_api_input_and_values"}


def check_name(check):
    """Name of a check that may be wrapped in a partial."""
    return getattr(check, "func", check).__name__


# What parametrize_with_checks does; but pytest deprecates the generator it makes in 1.7.
@pytest.mark.parametrize(
    ("encoder", "check"),
    [case for encoder in ENCODERS for case in estimator_checks_generator(encoder)],
    ids=lambda part: check_name(part) if callable(part) else repr(part),
)
def test_scikit_learn_checks(encoder, check):
    state = np.random.get_state()  # noqa: NPY002
    try:
        check(encoder)
    except SkipTest:
        assert check_name(check) in MAY_SKIP
        raise
    finally:
        if check_name(check) == "check_methods_sample_order_invariance":
            np.random.set_state(state)  # noqa: NPY002


def test_the_tags_bring_in_every_family_of_checks():
    names = {check_name(check) for _, check in estimator_checks_generator(ENCODERS[0])}
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
    "check",
    [
        check_dataframe_column_names_consistency,
        check_get_feature_names_out_error,
        check_global_output_transform_pandas,
        check_inplace_ensure_writeable,
        check_param_validation,
        check_set_output_transform,
        check_set_output_transform_pandas,
        check_transformer_get_feature_names_out,
        check_transformer_get_feature_names_out_pandas,
    ],
)
def test_checks_that_scikit_learn_leaves_to_be_called_by_hand(check, encoder):
    check(type(encoder).__name__, encoder)
