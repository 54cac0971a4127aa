"""The benchmark on MNIST: a small run, and that the page shows the line that it measures."""

import doctest
import gzip
import re
from itertools import islice
from pathlib import Path

import pytest

from benchmarks import mnist
from skscratch import ScratchMLPClassifier

PAGE = Path(__file__).resolve().parents[2] / "docs" / "accuracy.md"


def test_means_come_with_deviations_where_there_are_several_rows():
    rows = [(0.98, 0.1, 10, 0.97, 0.2, 20, 0.5), (0.99, 0.1, 20, 0.97, 0.2, 20, 1)]
    assert mnist.summary(rows) == (
        "| mean | 0.9850 ± 0.0071 | 0.1000 ± 0.0000 | 15.0 ± 7.1 "
        "| 0.9700 ± 0.0000 | 0.2000 ± 0.0000 | 20.0 ± 0.0 | 0.75 ± 0.35 |"
    )
    assert mnist.summary(rows[:1]) == (
        "| mean | 0.9800 | 0.1000 | 10.0 | 0.9700 | 0.2000 | 20.0 | 0.50 |"
    )


@pytest.fixture
def small_dir(mnist_dir, tmp_path):
    """The first 1200 digits of both files, for the whole ones take long to read."""
    for name in ("mnist_train.csv", "mnist_test.csv"):
        with gzip.open(mnist_dir / f"{name}.gz", "rt") as lines:
            (tmp_path / name).write_text("".join(islice(lines, 1201)))
    return tmp_path


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_small_run_prints_a_line_a_seed_and_learns_the_digits(small_dir, capsys, monkeypatch):
    def a_second_per_million_weights(model, X, y):
        assert len(X) == 1000
        return sum(W.size for W in model.fit(X, y).coefs_) / 1e6

    monkeypatch.setattr(mnist, "fit_seconds", a_second_per_million_weights)
    mnist.main([str(small_dir), "--seeds", "2", "--rows", "1000"])
    *_, first, second, mean = capsys.readouterr().out.splitlines()
    rows = [[float(cell) for cell in line.split("|")[1:-1]] for line in (first, second)]
    for seed, (label, accuracy, loss, seconds, *its, ratio) in enumerate(rows):
        its_accuracy, its_loss, its_seconds = its
        assert label == seed
        assert 0.85 < its_accuracy < 0.95
        assert 0.85 < accuracy < 0.95
        assert 0.2 < its_loss < 0.6
        assert 0.2 < loss < 0.6
        assert (seconds, its_seconds, ratio) == (0.4, 0.2, 2.15)
    assert rows[0][1] != rows[1][1]
    assert mean.endswith("| 2.15 ± 0.00 |")


def test_a_folder_without_the_files_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "mnist_train.csv"))):
        mnist.main([str(tmp_path)])


def test_the_page_shows_the_line_that_is_measured():
    section = PAGE.read_text().partition("\n## MNIST\n")[2]
    session = {"ScratchMLPClassifier": ScratchMLPClassifier}
    for example in doctest.DocTestParser().get_examples(section):
        exec(example.source, session)
    assert session["model"].get_params() == mnist.LINE.get_params()
