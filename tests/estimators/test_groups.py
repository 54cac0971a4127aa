"""Validation rows by groups, by time and by any other splitter."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedGroupKFold,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.training.holdout import ByGroup, BySplits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def subjects(n_subjects=60, n_each=20, seed=0):
    """Near-copies of each subject, whose label is a matter of the subject and partly of chance."""
    rng = np.random.default_rng(seed)
    of_subject = rng.normal(size=(n_subjects, 8))
    label = (of_subject[:, 0] + rng.normal(size=n_subjects) > 0).astype(int)
    groups = np.repeat(np.arange(n_subjects), n_each)
    X = of_subject[groups] + 0.02 * rng.normal(size=(len(groups), 8))
    return X, label[groups], groups


class Held:
    """Notes the rows on which a model is scored: they are those held out."""

    def __init__(self):
        self.rows = []

    def __call__(self, estimator, X, y):
        self.rows.append(np.unique(X[:, -1]).astype(int))
        return -float(len(self.rows))


class Given:
    """A splitter with one split."""

    def __init__(self, train, test):
        self.train, self.test = train, test

    def split(self, X, y=None, groups=None):
        yield self.train, self.test

    def get_n_splits(self, X=None, y=None, groups=None):
        return 1


def held_out(model, X, y, **arguments):
    """Return the rows that each member holds out."""
    held, n = Held(), len(y)
    numbered = np.c_[X, np.arange(n)]
    model = clone(model).set_params(scoring=held, max_iter=1, standardize=False)
    model.fit(numbered, y, **arguments)
    return held.rows


class TestGroups:
    def test_the_score_reported_is_that_of_new_subjects(self):
        """Row by row, copies of the training rows are held out, and the score is that of them."""
        scores = []
        for seed in range(4):
            X, y, groups = subjects(seed=seed)
            new = groups >= 40
            by_row = ScratchMLPClassifier(random_state=0).fit(X[~new], y[~new])
            by_group = ScratchMLPClassifier(random_state=0)
            by_group.fit(X[~new], y[~new], groups=groups[~new])
            scores.append(
                [
                    of_held_out
                    for model in (by_row, by_group)
                    for of_held_out in (model.best_validation_score_, model.score(X[new], y[new]))
                ]
                + [log_loss(y[new], m.predict_proba(X[new])) for m in (by_row, by_group)]
            )
        reported_by_row, new_by_row, reported, of_new, loss_by_row, loss = np.mean(scores, axis=0)
        assert reported_by_row - new_by_row > 0.2
        assert abs(reported - of_new) < 0.1
        assert loss < 0.8 * loss_by_row

    def test_whole_groups_are_held_out_and_other_ones_by_each_member(self):
        X, y, groups = subjects()
        model = ScratchMLPClassifier(random_state=0)
        rows = held_out(model, X, y, groups=groups)
        assert len(rows) == 8
        parts = [set(groups[own]) for own in rows]
        for part, own in zip(parts, rows, strict=True):
            assert len(own) == 120 == 20 * len(part)
        assert len(set.union(*parts)) == 48  # none twice

    @pytest.mark.parametrize("kind", [list, np.array, lambda g: np.array([f"p{i}" for i in g])])
    def test_names_of_groups(self, kind):
        X, y, groups = subjects(20, 5)
        params = {"random_state": 0, "max_iter": 3}
        expected = ScratchMLPClassifier(**params).fit(X, y, groups=groups)
        found = ScratchMLPClassifier(**params).fit(X, y, groups=kind(groups))
        assert_array_equal(found.predict_proba(X).shape, expected.predict_proba(X).shape)
        sizes = {len(own) for own in held_out(ScratchMLPClassifier(), X, y, groups=kind(groups))}
        assert sizes == {10}

    def test_rows_without_weight_do_not_count(self):
        X, y, groups = subjects(20, 10)
        weight = np.where(np.arange(200) % 2, 1.0, 0.0)
        model = ScratchMLPClassifier(random_state=0)
        for own in held_out(model, X, y, groups=groups, sample_weight=weight):
            assert (weight[own] > 0).all()
            assert len(own) == 10

    def test_a_regressor(self):
        X, _, groups = subjects()
        y = X[:, 0] + np.random.default_rng(0).normal(size=60)[groups]
        by_row = ScratchMLPRegressor(random_state=0).fit(X, y)
        by_group = ScratchMLPRegressor(random_state=0).fit(X, y, groups=groups)
        assert by_row.best_validation_score_ > 0.9
        assert by_group.best_validation_score_ < 0.7

    @pytest.mark.parametrize(
        ("groups", "message"),
        [
            (np.arange(10), "X has 100 samples, and groups has 10 entries"),
            (np.zeros(100), r"All rows are of the group 0\.0, so no group"),
            ([None, *range(99)], "Row 0 has no group"),
            (np.zeros((100, 2)), "groups: .*1d"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, groups, message):
        X, y, _ = subjects(20, 5)
        with pytest.raises(ValueError, match=message):
            ScratchMLPClassifier().fit(X, y, groups=groups)

    def test_the_only_group_of_a_class_is_not_held_out(self):
        X, _, groups = subjects(10, 10)
        rows = held_out(ScratchMLPClassifier(random_state=0), X, groups == 3, groups=groups)
        assert all(3 not in groups[own] for own in rows)
        with pytest.raises(ValueError, match="no group can be held out"):
            ScratchMLPClassifier().fit(X, groups > 4, groups=groups > 4)

    def test_groups_that_are_not_used_must_fit_all_the_same(self):
        X, y, groups = subjects(20, 5)
        with pytest.raises(ValueError, match="X has 100 samples, and groups has 99 entries"):
            ScratchMLPClassifier(early_stopping=False).fit(X, y, groups=groups[1:])

    @pytest.mark.parametrize("n_members", [1, 2])
    def test_almost_all_rows_may_be_held_out(self, n_members):
        X, y, groups = subjects(40, 5)
        model = ScratchMLPClassifier(
            random_state=0, max_iter=2, validation_fraction=0.999, n_members=n_members
        )
        for own in held_out(model, X, y, groups=groups):
            assert 150 <= len(own) < 200
            assert len(np.unique(y[own])) == 2

    @pytest.mark.parametrize("kind", [list, tuple, lambda g: np.array(g, object)])
    def test_groups_of_two_kinds_are_refused(self, kind):
        X, y, groups = subjects(20, 5)
        mixed = kind(["a", *groups[1:].tolist()])
        with pytest.raises(ValueError, match=r"groups must hold .* one kind.*\['int', 'str'\]"):
            ScratchMLPClassifier().fit(X, y, groups=mixed)

    @pytest.mark.parametrize(
        ("params", "reason"),
        [
            ({"early_stopping": False}, r"no rows are held out\. Set early_stopping=True"),
            ({"solver": "lbfgs"}, "solver='lbfgs' holds out no rows"),
            ({"warm_start": True}, r"no rows are held out\. Set early_stopping=True"),
        ],
    )
    @pytest.mark.parametrize("groups", [np.zeros(100), np.arange(100)], ids=["one", "many"])
    def test_groups_that_are_not_used_are_not_refused(self, params, reason, groups):
        X, y, _ = subjects(20, 5)
        settings = {"max_iter": 2, "random_state": 0} | params
        with pytest.warns(UserWarning, match=f"groups are not used, because {reason}"):
            model = ScratchMLPClassifier(**settings).fit(X, y, groups=groups)
        assert_array_equal(model.coefs_[0], ScratchMLPClassifier(**settings).fit(X, y).coefs_[0])

    def test_what_makes_groups_useless_is_named(self):
        X, y, groups = subjects(20, 5)
        few = ScratchMLPClassifier(early_stopping=True, max_iter=2)
        with pytest.warns(UserWarning, match="groups are not used, because there are too few rows"):
            few.fit(X[:20], y[:20], groups=groups[:20])
        given = ScratchMLPClassifier(early_stopping=False, max_iter=2)
        with pytest.warns(UserWarning, match="X_val is the validation set"):
            given.fit(X, y, X_val=X, y_val=y, groups=np.zeros(100))

    def test_groups_that_decide_nothing_are_warned_of(self):
        X, y, groups = subjects(20, 5)
        with pytest.warns(UserWarning, match="groups are not used, because no rows are held out"):
            ScratchMLPClassifier(early_stopping=False, max_iter=2).fit(X, y, groups=groups)
        with pytest.warns(UserWarning, match="X_val is the validation set"):
            ScratchMLPClassifier(max_iter=2).fit(X, y, X_val=X, y_val=y, groups=groups)


class TestSplitters:
    @pytest.mark.parametrize(
        "splitter",
        [
            GroupShuffleSplit(8, test_size=0.2, random_state=0), GroupKFold(8),
            StratifiedGroupKFold(8), KFold(8), ShuffleSplit(8, test_size=0.1, random_state=1),
        ],
        ids=str,
    )  # fmt: skip
    def test_each_member_holds_out_the_rows_of_a_split(self, splitter):
        X, y, groups = subjects(40, 5)
        by_group = not isinstance(splitter, (KFold, ShuffleSplit))
        arguments = {"groups": groups} if by_group else {}
        model = ScratchMLPClassifier(random_state=0, validation_fraction=splitter)
        rows = held_out(model, X, y, **arguments)
        expected = [test for _, test in splitter.split(X, y, groups if by_group else None)]
        n = min(map(len, expected))
        for own, split in zip(rows, expected, strict=True):
            assert np.isin(own, split).all()
            assert len(own) == n

    @pytest.mark.parametrize("longest", [None, 20, 60])
    def test_of_a_time_series_the_end_is_held_out(self, longest):
        X, y, _ = subjects(40, 5)
        splitter = TimeSeriesSplit(4, max_train_size=longest)
        model = ScratchMLPClassifier(random_state=0, validation_fraction=splitter)
        for own in held_out(model, X, y):
            assert_array_equal(own, np.arange(160, 200))

    def test_a_predefined_split_may_have_rows_without_weight(self):
        X, y, _ = subjects(40, 5)
        fold, weight = np.repeat([-1, 0], 100), np.ones(200)
        weight[::2] = 0
        model = ScratchMLPClassifier(random_state=0, validation_fraction=PredefinedSplit(fold))
        for own in held_out(model, X, y, sample_weight=weight):
            assert_array_equal(own, np.arange(101, 200, 2))

    def test_a_split_that_trains_on_no_row_with_weight_is_refused(self):
        X, y, _ = subjects(40, 5)
        fold = np.repeat([-1, 0], 100)
        model = ScratchMLPClassifier(validation_fraction=PredefinedSplit(fold))
        with pytest.raises(ValueError, match=r"^validation_fraction: All .* weight 0"):
            model.fit(X, y, sample_weight=fold + 1)

    def test_nothing_is_drawn_from_the_global_state(self):
        X, y, groups = subjects(40, 5)
        splitter = GroupShuffleSplit(3)
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        params = {"random_state": 0, "max_iter": 2, "validation_fraction": splitter}
        models = [ScratchMLPClassifier(**params).fit(X, y, groups=groups) for _ in range(2)]
        assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
        assert splitter.random_state is None
        assert_array_equal(models[0].coefs_[0], models[1].coefs_[0])

    @pytest.mark.filterwarnings("ignore:Parameters that this fit does not use")
    @pytest.mark.parametrize("case", ["early_stopping", "solver", "X_val"])
    def test_a_splitter_is_not_asked_where_nothing_is_held_out(self, case):
        X, y, _ = subjects(20, 5)
        params = {"early_stopping": {"early_stopping": False}, "solver": {"solver": "lbfgs"}}
        settings = {"max_iter": 2, "random_state": 0} | params.get(case, {})
        given = {"X_val": X, "y_val": y} if case == "X_val" else {}
        # it would raise, because there are no groups
        model = ScratchMLPClassifier(**settings, validation_fraction=GroupKFold(3))
        expected = ScratchMLPClassifier(**settings).fit(X, y, **given)
        assert_array_equal(model.fit(X, y, **given).coefs_[0], expected.coefs_[0])

    def test_what_a_splitter_lacks_is_said(self):
        X, y, _ = subjects(40, 5)
        with pytest.raises(ValueError, match="validation_fraction: The 'groups' parameter"):
            ScratchMLPClassifier(validation_fraction=GroupKFold(3)).fit(X, y)

    @pytest.mark.parametrize("splitter", [GroupKFold(3), StratifiedGroupKFold(4)], ids=str)
    def test_where_groups_are_missing_is_said(self, splitter):
        X, y, _ = subjects(40, 5)
        with pytest.raises(ValueError, match=r"^validation_fraction: .* Pass fit\(X, y, groups="):
            ScratchMLPClassifier(validation_fraction=splitter).fit(X, y)

    def test_a_class_is_no_splitter(self):
        X, y, _ = subjects(40, 5)
        with pytest.raises(ValueError, match=r"^validation_fraction.*Pass GroupKFold\(\.\.\.\)"):
            ScratchMLPClassifier(validation_fraction=GroupKFold).fit(X, y)
        with pytest.raises(ValueError, match="validation_fraction"):
            ScratchMLPClassifier(validation_fraction="tenth").fit(X, y)

    @pytest.mark.parametrize("n", [150, 300])
    def test_a_predefined_split_of_other_rows_is_refused(self, n):
        X, y, _ = subjects(40, 5)
        model = ScratchMLPClassifier(validation_fraction=PredefinedSplit(np.arange(n) % 3 - 1))
        with pytest.raises(ValueError, match=f"X has 200 samples, and .* has {n} entries"):
            model.fit(X, y)

    @pytest.mark.parametrize("test", [[205], [-1], [[1, 2]], ["a"], [0.5]])
    def test_rows_that_do_not_exist_are_refused(self, test):
        X, y, _ = subjects(40, 5)
        model = ScratchMLPClassifier(validation_fraction=Given(np.arange(100), test))
        with pytest.raises(ValueError, match="numbers of rows, from 0 to 199"):
            model.fit(X, y)

    def test_splits_may_be_masks(self):
        X, y, _ = subjects(40, 5)
        mask = np.arange(200) < 150
        model = ScratchMLPClassifier(random_state=0, validation_fraction=Given(mask, ~mask))
        for own in held_out(model, X, y):
            assert_array_equal(own, np.arange(150, 200))

    def test_splits_that_cost_many_rows_are_warned_of(self):
        X, y, _ = subjects(40, 5)
        fold = np.repeat([0, 1, 1, 1], 50)
        model = ScratchMLPClassifier(
            random_state=0, max_iter=2, validation_fraction=PredefinedSplit(fold)
        )
        with pytest.warns(UserWarning, match="have 50 to 150 training rows, and each member trai"):
            model.fit(X, y)
        model.set_params(n_members=1).fit(X, y)

    def test_a_checkpoint_knows_the_groups(self, tmp_path):
        X, y, groups = subjects(40, 5)
        params = {"random_state": 0, "checkpoint": tmp_path / "run"}
        ScratchMLPClassifier(**params, max_iter=3).fit(X, y, groups=groups)
        resumed = ScratchMLPClassifier(**params, max_iter=6).fit(X, y, groups=groups)
        whole = ScratchMLPClassifier(random_state=0, max_iter=6).fit(X, y, groups=groups)
        assert_array_equal(resumed.coefs_[0], whole.coefs_[0])
        with pytest.raises(ValueError, match="data set"):
            ScratchMLPClassifier(**params).fit(X, y, groups=groups[::-1])


class TestRouting:
    def test_through_pipelines_and_searches_by_name(self):
        X, y, groups = subjects(30, 10)
        model = make_pipeline(StandardScaler(), ScratchMLPClassifier(max_iter=5, random_state=0))
        search = GridSearchCV(model, {"scratchmlpclassifier__alpha": [1.0]}, cv=GroupKFold(2))
        search.fit(X, y, groups=groups, scratchmlpclassifier__groups=groups)
        alone = ScratchMLPClassifier(max_iter=5, random_state=0)
        alone.fit(StandardScaler().fit_transform(X), y, groups=groups)
        assert_array_equal(search.best_estimator_[-1].coefs_[0], alone.coefs_[0])

    def test_by_metadata_routing(self):
        X, y, groups = subjects(30, 10)
        with sklearn.config_context(enable_metadata_routing=True):
            model = ScratchMLPClassifier(max_iter=5, random_state=0).set_fit_request(groups=True)
            found = cross_validate(
                model, X, y, params={"groups": groups}, cv=GroupKFold(2), return_estimator=True
            )
        train = next(GroupKFold(2).split(X, y, groups))[0]
        alone = ScratchMLPClassifier(max_iter=5, random_state=0)
        alone.fit(X[train], y[train], groups=groups[train])
        assert_array_equal(found["estimator"][0].coefs_[0], alone.coefs_[0])


class TestByGroup:
    @pytest.mark.parametrize("seed", range(5))
    def test_groups_of_any_sizes(self, seed):
        rng = np.random.default_rng(seed)
        groups, strata = np.repeat(np.arange(30), rng.integers(1, 40, 30)), None
        rows = np.flatnonzero(rng.random(len(groups)) < 0.8)
        kept, out = ByGroup(groups).split(rows, strata, 0.2, rng, members=6)
        assert 0.1 * len(rows) < out.shape[1] <= 0.31 * len(rows)
        assert kept.shape[1] + out.shape[1] > 0.8 * len(rows)
        for own, other in zip(kept, out, strict=True):
            assert not set(groups[own]) & set(groups[other])
            assert np.isin(np.r_[own, other], rows).all()

    def test_one_large_group_among_small_ones_is_passed_over(self):
        groups = np.r_[np.zeros(500, int), np.arange(1, 101)]
        rng = np.random.default_rng(0)
        _, out = ByGroup(groups).split(np.arange(600), None, 0.1, rng, members=4)
        assert (groups[out] > 0).all()
        assert out.shape[1] == 60


def test_splits_that_do_not_grow_are_taken_in_turn():
    splits = [(np.array([0, 1, 2]), np.array([3])), (np.array([1, 2, 3]), np.array([0]))]
    kept, out = BySplits(splits).split(np.arange(4), None, None, np.random.default_rng(0), 3)
    assert_array_equal(kept, [[0, 1, 2], [1, 2, 3], [0, 1, 2]])
    assert_array_equal(out, [[3], [0], [3]])
