"""The bundled digits carry the fields of the MNIST loader."""

import numpy as np
import sklearn.datasets

from skscratch.datasets import load_digits, load_mnist_csv


def test_data_are_those_of_scikit_learn():
    digits = load_digits()
    expected = sklearn.datasets.load_digits()
    np.testing.assert_array_equal(digits.data, expected.data)
    np.testing.assert_array_equal(digits.target, expected.target)
    np.testing.assert_array_equal(digits.images, expected.images)
    assert digits.target.dtype == np.int64
    assert digits.DESCR == expected.DESCR


def test_images_are_a_view_of_the_data():
    digits = load_digits()
    assert digits.images.shape == (1797, 8, 8)
    assert np.shares_memory(digits.images, digits.data)


def test_pixel_max_is_the_largest_pixel():
    digits = load_digits()
    assert digits.pixel_max == digits.data.max() == 16


def test_as_frame():
    digits, plain = load_digits(as_frame=True), load_digits()
    assert list(digits.data) == plain.feature_names
    np.testing.assert_array_equal(digits.data.to_numpy(), plain.data)
    assert digits.target.name == "target"
    np.testing.assert_array_equal(digits.target, plain.target)
    np.testing.assert_array_equal(digits.images, plain.images)
    X, y = load_digits(return_X_y=True, as_frame=True)
    assert X.equals(digits.data)
    assert y.equals(digits.target)


def test_return_x_y():
    data, target = load_digits(return_X_y=True)
    np.testing.assert_array_equal(data, load_digits().data)
    np.testing.assert_array_equal(target, load_digits().target)


def test_same_fields_as_the_mnist_loader(tmp_path):
    pixels = [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)]
    path = tmp_path / "one.csv"
    path.write_text(",".join(["label", *pixels]) + "\n5" + ",0" * 784 + "\n")
    small, large = load_digits(), load_mnist_csv(path)
    assert set(small) == set(large)
    for digits in (small, large):
        assert digits.data.shape[1] == len(digits.feature_names)
        np.testing.assert_array_equal(digits.target_names, np.arange(10))
