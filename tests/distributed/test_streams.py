"""partial_fit on parts that ranks stream, and checkpoints of fits that ranks share."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.training import checkpoint
from tests.distributed.test_calls import errors
from tests.distributed.test_equality import CUTS, LABELS, NET, NUMBERS, WEIGHTS, X, pytestmark
from tests.distributed.threads import assert_close, assert_same_bits, on_ranks

__all__ = ["pytestmark"]
Z = np.tanh(X / X.std(axis=0))
STREAM = {"hidden_layer_sizes": (8,), "dtype": "float64", "random_state": 0, "dropout": 0.2}
# the parts of each rank in each call: unequal, and two ranks run out
CALLS = [[40, 30, 10], [20, 0, 50], [0, 0, 60], [30, 0, 0]]


def rows_of(call, rank):
    start = sum(map(sum, CALLS[:call])) + sum(CALLS[call][:rank])
    return slice(start, start + CALLS[call][rank])


@pytest.mark.parametrize("weighted", [False, True])
def test_a_call_is_that_of_one_process_on_the_rows_of_all_ranks(weighted):
    w = WEIGHTS if weighted else None

    def feed(model, ranks=None):
        for call, sizes in enumerate(CALLS):
            first = rows_of(call, 0).start
            own = slice(first, first + sum(sizes)) if ranks is None else rows_of(call, ranks.rank)
            weights = None if w is None else w[own]
            model.partial_fit(Z[own], LABELS[own], classes=[0, 1, 2], sample_weight=weights)
        return model

    models = on_ranks(lambda ranks: feed(ScratchMLPClassifier(**STREAM), ranks))
    assert_same_bits(models)
    assert_close(models[0], feed(ScratchMLPClassifier(**STREAM)))
    assert models[0].t_ == np.count_nonzero(WEIGHTS) if weighted else 240


def test_a_regressor_streams():
    def feed(rows):
        model = ScratchMLPRegressor(**STREAM)
        for _ in range(3):
            model.partial_fit(Z[rows], NUMBERS[rows])
        return model

    models = on_ranks(lambda ranks: feed(slice(80 * ranks.rank, 80 * ranks.rank + 80)))
    assert_same_bits(models)
    assert_close(models[0], feed(slice(0, 240)))


def test_files_of_unequal_length(tmp_path):
    """Each rank streams its own CSV; ``together`` goes on until all have run out."""
    ends = [0, 150, 150, 240]
    for rank in range(3):
        own = slice(*ends[rank : rank + 2])
        table = pd.DataFrame(Z[own], columns=list("abcde")).assign(label=LABELS[own])
        table.to_csv(tmp_path / f"{rank}.csv", index=False)

    def fit(ranks):
        model, n_parts = ScratchMLPClassifier(**STREAM), []
        for _ in range(2):
            parts = []
            if ranks.rank != 1:  # an empty file has no parts
                path = tmp_path / f"{ranks.rank}.csv"
                parts = pd.read_csv(path, chunksize=40)
            n_parts.append(0)
            for part in ranks.together(parts):
                model.partial_fit(part.drop(columns="label"), part["label"], classes=[0, 1, 2])
                n_parts[-1] += 1
        assert n_parts == [4, 4]
        return model

    models = on_ranks(fit)
    assert_same_bits(models)
    assert list(models[1].feature_names_in_) == list("abcde")
    one = ScratchMLPClassifier(**STREAM)
    names = pd.DataFrame(Z, columns=list("abcde"))
    for _ in range(2):
        for i in range(4):
            starts = [40 * i, 150 + 40 * i]
            rows = [
                j
                for a, end in zip(starts, ends[1::2], strict=True)
                for j in range(a, min(a + 40, end))
            ]
            one.partial_fit(names.iloc[rows], LABELS[rows], classes=[0, 1, 2])
    assert_close(models[0], one)


def test_together_takes_tuples_and_no_parts_at_all():
    def parts(ranks):
        own = [(X[:3], LABELS[:3])] * ranks.rank
        return [(a.shape, b.shape) for a, b in ranks.together(own)], [*ranks.together([])]

    assert on_ranks(parts) == [
        ([((0, 5), (0,))] * 2, []),
        ([((3, 5), (3,)), ((0, 5), (0,))], []),
        ([((3, 5), (3,))] * 2, []),
    ]


CHECKED = {"max_iter": 6, "n_members": 2, "dropout": 0.1, "checkpoint_epochs": 1}


def fit_with(path, cuts, **changed):
    def fit(ranks):
        own = slice(*cuts[ranks.rank : ranks.rank + 2])
        # the file of rank 0 alone counts
        file = path if ranks.rank == 0 else path.parent / "no" / "folder"
        model = ScratchMLPClassifier(**NET | CHECKED | changed, checkpoint=file)
        return model.fit(X[own], LABELS[own])

    return on_ranks(fit, len(cuts) - 1)


def test_rank_0_writes_and_all_go_on(tmp_path):
    whole = fit_with(tmp_path / "whole", CUTS[1], max_iter=9)
    assert_same_bits(fit_with(tmp_path / "run", CUTS[1]))
    models = fit_with(tmp_path / "run", CUTS[1], max_iter=9)
    assert_same_bits(models)
    for a, b in zip(models[2].coefs_, whole[0].coefs_, strict=True):
        assert_array_equal(a, b)
    assert {file.name for file in tmp_path.iterdir()} == {"whole", "run"}


def test_fewer_ranks_go_on(tmp_path):
    fit_with(tmp_path / "run", CUTS[1])
    models = fit_with(tmp_path / "run", [0, 100, 240], max_iter=9)
    assert_same_bits(models)
    one = ScratchMLPClassifier(**NET | CHECKED | {"max_iter": 9, "checkpoint_epochs": None})
    assert_close(models[0], one.fit(X, LABELS))
    # six of the nine epochs are those of the checkpoint
    assert models[0].n_iter_ == 9


def test_a_seed_that_was_drawn_is_in_the_file(tmp_path):
    first = fit_with(tmp_path / "run", CUTS[1], random_state=None)
    again = fit_with(tmp_path / "run", CUTS[1], random_state=None)
    assert_same_bits(again)
    assert_array_equal(again[0].coefs_[0], first[0].coefs_[0])


def test_a_file_of_other_data_is_refused_by_all(tmp_path):
    fit_with(tmp_path / "run", CUTS[1])
    changed = X.copy()
    changed[[10, 20]] = changed[[20, 10]]  # the same rows, in another order

    def fit(ranks, own):
        model = ScratchMLPClassifier(**NET | CHECKED, checkpoint=tmp_path / "run")
        return model.fit(changed[own], LABELS[own])

    assert "another data set" in errors(fit)


def test_a_folder_that_is_not_there_is_refused_by_all(tmp_path):
    def fit(ranks, own):
        file = tmp_path / ("no" if ranks.rank == 0 else ".") / "run"
        return ScratchMLPClassifier(**NET | CHECKED, checkpoint=file).fit(X[own], LABELS[own])

    assert "must be a file in a folder that exists" in errors(fit)


def test_ranks_get_the_step_of_one_process_in_a_checkpoint(tmp_path):
    fit_with(tmp_path / "run", CUTS[1])
    content = checkpoint.read(tmp_path / "run")
    one = ScratchMLPClassifier(**NET | CHECKED | {"checkpoint": tmp_path / "one"}).fit(X, LABELS)
    expected = checkpoint.read(tmp_path / "one")
    assert content["state"]["learned"]["shuffle"] == expected["state"]["learned"]["shuffle"]
    assert content["state"]["learned"]["dropout"] == expected["state"]["learned"]["dropout"]
    theta = [c["state"]["learned"]["theta"] for c in (content, expected)]
    assert_allclose(*theta, rtol=1e-9, atol=1e-11)
    assert one.n_iter_ == 6
