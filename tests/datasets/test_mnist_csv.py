"""The MNIST CSV reader: what it returns, and what it says about files that are wrong."""

import gzip
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from skscratch.datasets import load_mnist_csv

PIXELS = [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)]
HEADER = ",".join(["label", *PIXELS])


def table(n_rows, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(10, size=(n_rows, 1))
    return np.hstack([labels, rng.integers(256, size=(n_rows, 784))])


def text(rows, header=HEADER):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="mnist.csv"):
        path = tmp_path / name
        content = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(content)
        return path

    return write


def rows_with(row, column, cell):
    rows = table(3).tolist()
    rows[row][column] = cell
    return rows


def test_values_dtypes_and_fields(write):
    rows = table(5)
    digits = load_mnist_csv(write(text(rows)))
    np.testing.assert_array_equal(digits.target, rows[:, 0])
    np.testing.assert_array_equal(digits.data, rows[:, 1:])
    assert digits.target.dtype == np.int64
    assert digits.data.dtype == np.uint8
    assert digits.feature_names == PIXELS
    assert digits.pixel_max == 255
    assert "MNIST" in digits.DESCR


def test_images_are_a_view_with_rows_and_columns_in_place(write):
    digits = load_mnist_csv(write(text(table(4))))
    assert digits.images.shape == (4, 28, 28)
    assert np.shares_memory(digits.images, digits.data)
    third_row_fifth_column = digits.data[:, PIXELS.index("3x5")]
    np.testing.assert_array_equal(digits.images[:, 2, 4], third_row_fifth_column)


def test_return_x_y(write):
    path = write(text(table(2)))
    data, target = load_mnist_csv(path, return_X_y=True)
    np.testing.assert_array_equal(data, load_mnist_csv(path).data)
    np.testing.assert_array_equal(target, load_mnist_csv(path).target)


def test_as_frame(write):
    rows = table(3)
    digits = load_mnist_csv(write(text(rows)), as_frame=True)
    assert list(digits.data) == PIXELS
    assert set(digits.data.dtypes) == {np.dtype(np.uint8)}
    np.testing.assert_array_equal(digits.data.to_numpy(), rows[:, 1:])
    np.testing.assert_array_equal(digits.target, rows[:, 0])
    assert digits.images.shape == (3, 28, 28)


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("gzip.csv.gz", lambda t: gzip.compress(t.encode())),
        ("windows.csv", lambda t: t.replace("\n", "\r\n").encode()),
        ("byte_order_mark.csv", lambda t: t.encode("utf-8-sig")),
        ("no_last_newline.csv", lambda t: t.rstrip().encode()),
        ("blank_lines.csv", lambda t: (t + "\n\n").encode()),
    ],
)
def test_same_content_in_other_clothes(write, name, encode):
    rows = table(3)
    digits = load_mnist_csv(str(write(encode(text(rows)), name)))
    np.testing.assert_array_equal(digits.data, rows[:, 1:])
    np.testing.assert_array_equal(digits.target, rows[:, 0])


def test_single_row(write):
    assert load_mnist_csv(write(text(table(1)))).data.shape == (1, 784)


def test_missing_file_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*absent\.csv.*kaggle\.com"):
        load_mnist_csv(tmp_path / "absent.csv")
    with pytest.raises(FileNotFoundError, match="no file"):
        load_mnist_csv(tmp_path)


def test_path_of_another_kind():
    with pytest.raises(TypeError, match="path must be a string or path-like, got 7"):
        load_mnist_csv(7)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (HEADER + "\n", "no lines after the header"),
        (HEADER, "no lines after the header"),
        (text([], "label,1x1"), "header has 2 columns, expected 785"),
        (text(table(2), HEADER + ",28x29"), "header has 786 columns, expected 785"),
        (text(table(2), HEADER.replace("label", "class")), "column 1 .*'class', expected 'label'"),
        (
            text(table(2), HEADER.replace(",1x2,", ",pixel1,")),
            "column 3 .*'pixel1', expected '1x2'",
        ),
        ("\n".join(text(table(2)).split("\n")[1:]), "column 1 of the header is '8'"),
    ],
)
def test_wrong_header(write, content, message):
    with pytest.raises(ValueError, match=rf"mnist\.csv.*{message}"):
        load_mnist_csv(write(content))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (table(3)[:, :-1], "line 2 has 784 columns, expected 785"),
        (np.hstack([table(3), table(3)[:, :1]]), "line 2 has 786 columns, expected 785"),
        ([*table(2).tolist(), [1, 2, 3]], "line 4 has 3 columns, expected 785"),
        ([*table(2).tolist(), [0] * 786], "line 4 has 786 columns, expected 785"),
    ],
)
def test_wrong_number_of_columns(write, rows, message):
    with pytest.raises(ValueError, match=rf"mnist\.csv: {message}"):
        load_mnist_csv(write(text(rows)))


@pytest.mark.parametrize("cell", ["ink", "", "nan", "True", "0x1F", "1.5", "1.0", "1e2", -1, 256])
def test_wrong_pixel(write, cell):
    message = rf"line 3, column 1x2: expected a whole number from 0 to 255, got '{cell}'"
    with pytest.raises(ValueError, match=rf"mnist\.csv: {message}"):
        load_mnist_csv(write(text(rows_with(1, 2, cell))))


@pytest.mark.parametrize("cell", ["five", "", "5.0", -1, 10, 256])
def test_wrong_label(write, cell):
    message = rf"line 4, column label: expected a whole number from 0 to 9, got '{cell}'"
    with pytest.raises(ValueError, match=rf"mnist\.csv: {message}"):
        load_mnist_csv(write(text(rows_with(2, 0, cell))))


def test_line_number_counts_blank_lines(write):
    lines = text(rows_with(2, 1, "x")).replace("\n", "\n\n")
    with pytest.raises(ValueError, match="line 7, column 1x1"):
        load_mnist_csv(write(lines))


@pytest.mark.parametrize("damage", ["truncated", "not gzip", "wrong checksum"])
def test_unreadable_gzip(write, damage):
    whole = gzip.compress(text(table(200)).encode())
    content = {
        "truncated": whole[: len(whole) // 2],
        "not gzip": text(table(2)).encode(),
        "wrong checksum": whole[:-8] + bytes(8),
    }[damage]
    with pytest.raises(ValueError, match=r"mnist\.csv\.gz is damaged or not a gzip file"):
        load_mnist_csv(write(content, "mnist.csv.gz"))


def test_gzip_under_a_plain_name(write):
    with pytest.raises(ValueError, match=r"mnist\.csv is not text.*must end in \.gz"):
        load_mnist_csv(write(gzip.compress(text(table(2)).encode())))


def test_reading_makes_no_wide_copy(write):
    path = write(text(table(2000)))
    load_mnist_csv(path)
    tracemalloc.start()
    digits = load_mnist_csv(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * digits.data.nbytes


def test_loader_needs_no_pandas(write):
    program = (
        "import sys; sys.modules['pandas'] = None; from skscratch.datasets import load_mnist_csv; "
        "print(load_mnist_csv(sys.argv[1]).data.shape)"
    )
    command = [sys.executable, "-c", program, str(write(text(table(3))))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "(3, 784)\n"


def test_the_real_training_file(mnist_dir):
    digits = load_mnist_csv(mnist_dir / "mnist_train.csv.gz")
    assert digits.data.shape == (60000, 784)
    assert digits.data.dtype == np.uint8
    assert digits.data.max() == 255
    counts = np.bincount(digits.target)
    assert counts.size == 10
    assert 5400 < counts.min() < counts.max() < 6800
    borders = digits.images[:, [0, -1], :]
    assert borders.mean() < 1 < digits.images[:, 14, 14].mean()
