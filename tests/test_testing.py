"""What an object of the user's own promises: every broken promise is named, ours are all kept."""

import itertools
import re

import numpy as np
import pytest
from sklearn.utils import shuffle

from skscratch import ScratchMLPClassifier, testing
from skscratch.core.activations import ACTIVATIONS, LeakyReLU, Tanh
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.losses import LogisticCrossEntropy, SoftmaxCrossEntropy
from skscratch.core.optimizers import Adam, GradientDescent, Momentum, Nesterov
from skscratch.core.regression_losses import SquaredError
from skscratch.core.schedules import Adaptive, Constant, Cosine
from skscratch.estimators import _former, _objects
from tests.core.targets import OF_REGRESSORS, draw_targets

short = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)


class Own:
    """tanh."""

    def forward(self, z, a):
        np.tanh(z, out=a)

    def backward(self, z, a, delta):
        delta *= 1 - a * a


class OwnRule:
    """Momentum."""

    units = (1.0,)

    def scalars(self, t, rate):
        return 0.9, rate

    def __call__(self, g, step, scalars, v):
        v *= scalars[0]
        v += g
        np.multiply(v, scalars[1], out=step)


def returning(self, z, a):
    return np.tanh(z)


def returning_gradient(self, z, a, delta):
    return delta * (1 - a * a)


def spoiling_z(self, z, a):
    np.tanh(z, out=a)
    z.fill(0)


def infinite(self, z, a):
    a.fill(np.inf)


def half(self, z, a):
    a[..., 0] = z[..., 0]


def nothing(self, z, a):
    pass


def no_gradient(self, z, a, delta):
    pass


def wrong_gradient(self, z, a, delta):
    delta *= 1 - a


def over_the_batch(self, z, a):
    np.tanh(z - z.mean(axis=-2, keepdims=True), out=a)


def failing(self, z, a):
    raise RuntimeError("no such number")


def by_first_axis(self, z, a):
    a[...] = z
    a[:, 0] = np.tanh(z[:, 0])


def by_first_axis_gradient(self, z, a, delta):
    delta[:, 0] *= 1 - a[:, 0] ** 2


def coarse(self, z, a):
    np.tanh(z, out=a)
    if z.dtype == np.float32:
        a += 0.5


def remember(self, z, a):
    self.mask = z > 0
    np.multiply(z, self.mask, out=a)


def recall(self, z, a, delta):
    delta *= self.mask


def made(kind, **methods):
    return type("Bad", (kind,), methods)()


BROKEN = {
    "returns": ({"forward": returning}, r"Bad.forward returned its result.*write it into a\b"),
    "returns the gradient": (
        {"backward": returning_gradient},
        r"Bad.backward returned its result.*write it into delta",
    ),
    "writes z": ({"forward": spoiling_z}, r"Bad.forward: it must not change z"),
    "infinite": ({"forward": infinite}, r"Bad.forward.*not finite"),
    "part": ({"forward": half}, r"Bad.forward: it must write into a"),
    "nothing": ({"forward": nothing}, r"Bad.forward: it must write into a, but wrote nothing"),
    "no gradient": ({"backward": no_gradient}, r"Bad.backward.*derivative of forward"),
    "wrong gradient": ({"backward": wrong_gradient}, r"Bad.backward.*derivative of forward"),
    "batch": ({"forward": over_the_batch}, r"Bad.forward.*depends on other rows"),
    "raises": ({"forward": failing}, r"Bad.forward raised RuntimeError: no such number"),
    "axis of members": (
        {"forward": by_first_axis, "backward": by_first_axis_gradient},
        r"Bad.forward",
    ),
    "float32": ({"forward": coarse}, r"Bad.forward: its results differ in float32"),
    "memory": ({"forward": remember, "backward": recall}, r"Bad.backward raised ValueError"),
}


class TestActivation:
    @pytest.mark.parametrize(
        "activation", [*ACTIVATIONS.values(), Own()], ids=lambda f: type(f).__name__
    )
    def test_ours_and_a_good_one_keep_their_promises(self, activation):
        assert testing.check_activation(activation) is None

    @pytest.mark.parametrize(("methods", "message"), BROKEN.values(), ids=BROKEN)
    def test_a_broken_promise_is_named(self, methods, message):
        with pytest.raises(ValueError, match=message):
            testing.check_activation(made(Own, **methods))

    @pytest.mark.parametrize(("methods", "message"), BROKEN.values(), ids=BROKEN)
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    @pytest.mark.parametrize("several", [False, True])
    def test_the_estimator_refuses_it(self, methods, message, method, several):
        bad = made(Own, **methods)
        model = ScratchMLPClassifier((4, 4), activation=[Own(), bad] if several else bad)
        arguments = {} if method == "fit" else {"classes": [0, 1]}
        with pytest.raises(ValueError, match=f"(?s)activation: .*{message}"):
            getattr(model, method)(X, Y, **arguments)
        assert "coefs_" not in vars(model)

    @short
    def test_the_object_is_as_it_was(self):
        class Counting(Own):
            n_calls = 0

            def forward(self, z, a):
                self.n_calls += 1
                super().forward(z, a)

        counting = Counting()
        testing.check_activation(counting)
        assert counting.n_calls == 0

    def test_one_that_cannot_be_copied_is_checked_all_the_same(self):
        class Single(Own):
            def __deepcopy__(self, memo):
                raise TypeError("there is but one")

        assert testing.check_activation(Single()) is None
        with pytest.raises(ValueError, match=r"Bad.forward returned"):
            testing.check_activation(made(Single, forward=returning))

    @short
    def test_names_and_objects_of_ours_are_not_checked(self, monkeypatch):
        def refuse(*_):
            raise AssertionError

        for name in ("check_activation", "check_update_rule"):
            monkeypatch.setattr(f"skscratch.estimators._settings.{name}", refuse)
        params = {"activation": [LeakyReLU(0.1)], "solver": Adam(0.9, 0.999, 1e-8)}
        model = ScratchMLPClassifier((4,), max_iter=2, **params).fit(X, Y)
        assert model.n_iter_ == 2
        with pytest.raises(AssertionError):
            model.set_params(activation=[Own()]).fit(X, Y)

    @short
    @pytest.mark.filterwarnings("ignore:Parameters that this fit does not use")
    def test_without_hidden_layers_it_is_not_called(self):
        calls = []

        def record(self, *arrays):
            calls.append(len(arrays))
            raise AssertionError

        params = {"max_iter": 2, "random_state": 0}
        bad = made(Own, forward=record, backward=record)
        model = ScratchMLPClassifier((), activation=bad, **params).fit(X, Y)
        assert calls == []
        assert (model.coefs_[0] == ScratchMLPClassifier((), **params).fit(X, Y).coefs_[0]).all()

    @short
    def test_a_stream_is_checked_once(self, monkeypatch):
        model = ScratchMLPClassifier((4,), activation=Own()).partial_fit(X, Y, classes=[0, 1])
        monkeypatch.setattr("skscratch.estimators._settings.check_activation", None)
        assert model.partial_fit(X, Y).n_iter_ == 2

    @pytest.mark.parametrize("slope", [1.5, float("nan")])
    def test_a_slope_for_which_the_maximum_is_another_function(self, slope):
        with pytest.raises(ValueError, match=rf"slope must be at most 1. Got {slope}"):
            LeakyReLU(slope)


def rule_returns(self, g, step, scalars, v):
    return scalars[1] * g


def uphill(self, g, step, scalars, v):
    np.multiply(g, -scalars[1], out=step)


def by_the_norm(self, g, step, scalars, v):
    np.multiply(g, scalars[1] / np.linalg.norm(g), out=step)


def without_rate(self, g, step, scalars, v):
    step[...] = 0.1 * g


def zero_over_zero(self, g, step, scalars, v):
    with np.errstate(all="ignore"):
        step[...] = scalars[1] * g / abs(g)


def scaling_scalars(self, g, step, scalars, v):
    np.multiply(g, scalars[1], out=step)
    scalars[1][...] = 0


def own_memory(self, g, step, scalars, v):
    self.n = getattr(self, "n", 0) + 1
    step[...] = scalars[1] * g * self.n


RULES_BROKEN = {
    "returns": ({"__call__": rule_returns}, r"Bad returned its result.*into step"),
    "uphill": ({"__call__": uphill}, r"Bad: its first step goes uphill"),
    "norm": ({"__call__": by_the_norm}, r"Bad: .*depends on other entries"),
    "rate": ({"__call__": without_rate}, r"Bad: at a rate of 0"),
    "zero gradient": ({"__call__": zero_over_zero}, r"Bad: .*write into step.*not finite"),
    "scalars": ({"__call__": scaling_scalars}, r"Bad: it must not change scalars"),
    "memory": ({"__call__": own_memory}, r"Bad: it keeps state outside"),
    "units": ({"units": (0.0,)}, r"Bad.units: .*positive"),
    "number of scalars": (
        {"scalars": lambda self, t, rate: (rate,) * t},
        r"Bad(.scalars: it must return the same number| raised)",
    ),
    "infinite scalars": (
        {"scalars": lambda self, t, rate: (np.inf, rate)},
        r"Bad.scalars: .*finite",
    ),
}


class TestUpdateRule:
    @pytest.mark.parametrize(
        "rule",
        [GradientDescent(), Momentum(0.9), Nesterov(0.9), Adam(0.9, 0.999, 1e-8), OwnRule()],
        ids=lambda own: type(own).__name__,
    )
    def test_ours_and_a_good_one_keep_their_promises(self, rule):
        assert testing.check_update_rule(rule) is None

    @pytest.mark.parametrize(("methods", "message"), RULES_BROKEN.values(), ids=RULES_BROKEN)
    def test_a_broken_promise_is_named_and_refused(self, methods, message):
        rule = made(OwnRule, **methods)
        with pytest.raises(ValueError, match=message):
            testing.check_update_rule(rule)
        with pytest.raises(ValueError, match=f"solver: {message}"):
            ScratchMLPClassifier((4,), solver=rule).fit(X, Y)


def loss(**methods):
    return made(SoftmaxCrossEntropy, **methods)


class TestLoss:
    @pytest.mark.parametrize("smoothing", [0.0, 0.2])
    def test_ours_keep_their_promises(self, smoothing):
        assert testing.check_loss(SoftmaxCrossEntropy(smoothing), [0, 2, 1, 1], 3) is None
        assert testing.check_loss(LogisticCrossEntropy(smoothing), np.eye(4), 4) is None

    @pytest.mark.parametrize("loss", OF_REGRESSORS.values(), ids=OF_REGRESSORS)
    def test_those_of_regressors_keep_them(self, loss):
        y = draw_targets(loss, np.random.default_rng(0), (8,), 4)
        assert testing.check_loss(loss, y, 4) is None

    def test_predictions_that_are_the_logits_are_for_the_identity(self):
        class Bad(SquaredError):
            output_activation = "exp"

        with pytest.raises(ValueError, match=r"Bad.forward: .*write the prediction"):
            testing.check_loss(Bad(), [[1.0], [2.0]], 1)

    @pytest.mark.parametrize(
        ("broken", "message"),
        [
            (loss(backward=lambda self, p, y, w: p.fill(0.5)), "Bad.backward: .*derivative"),
            (loss(forward=lambda self, z, y, w: 1.0), "Bad.forward: .*write the prediction"),
            (loss(forward=lambda self, z, y, w: None), "Bad.forward: .*finite number.*None"),
            (loss(backward=lambda self, p, y, w: p - 1), "Bad.backward returned its result"),
            (loss(forward=lambda self, z, y, w: 1 / 0), "Bad.forward raised ZeroDivisionError"),
            (
                loss(forward=lambda self, z, y, w: z.fill(np.nan) or 1.0),
                "Bad.forward: it must write the prediction over z, finite",
            ),
        ],
    )  # fmt: skip
    def test_a_broken_promise_is_named(self, broken, message):
        with pytest.raises(ValueError, match=message):
            testing.check_loss(broken, [0, 2, 1], 3)

    def test_targets_stay_as_they_are(self):
        def spoil(self, p, y, w):
            SoftmaxCrossEntropy.backward(self, p, y, w)
            w *= 2

        with pytest.raises(ValueError, match="must not change w"):
            testing.check_loss(loss(backward=spoil), [0, 1], 2)


class TestInitializer:
    @pytest.mark.parametrize("draw", INITIALIZERS.values(), ids=INITIALIZERS)
    def test_ours_keep_their_promises(self, draw):
        assert testing.check_initializer(draw) is None

    @pytest.mark.parametrize(
        ("draw", "message"),
        [
            (lambda rng, i, o: rng.normal(size=(o, i + 1)), r"shape \(4, 3\)"),
            (lambda rng, i, o: np.full((i, o), np.nan), "finite"),
            (lambda rng, i, o: np.random.default_rng().normal(size=(i, o)), "given generator only"),
        ],
    )
    def test_a_broken_promise_is_named_and_refused(self, draw, message):
        with pytest.raises(ValueError, match=f"weight_init.*{message}"):
            testing.check_initializer(draw)
        with pytest.raises(ValueError, match=r"weight_init must (return|draw)"):
            ScratchMLPClassifier((4,), weight_init=draw).fit(X, Y)


COUNT = itertools.count(1)


class Falling:
    """A schedule with a mind of its own on plateaus."""

    def __init__(self, answer, rate=0.1):
        self.answer, self.rate = answer, rate

    def __call__(self, step):
        return self.rate

    def after_plateau(self, scale):
        return self.answer


class TestSchedule:
    @pytest.mark.parametrize(
        "schedule",
        [Constant(0.1), Adaptive(0.1), Cosine(0.1, 50)],
        ids=lambda own: type(own).__name__,
    )
    def test_ours_keep_their_promises(self, schedule):
        assert testing.check_schedule(schedule) is None

    @pytest.mark.parametrize(
        "schedule",
        [
            lambda step: -0.1,
            lambda step: None,
            Constant(-1.0),
            Falling(None),
            Falling(-1.0),
            Falling(0.5, rate=np.nan),
            lambda step: 1 / next(COUNT),
        ],
    )
    def test_a_broken_promise_is_named_and_refused(self, schedule):
        with pytest.raises(ValueError, match="learning_rate"):
            testing.check_schedule(schedule)
        with pytest.raises(ValueError, match="learning_rate"):
            ScratchMLPClassifier((4,), learning_rate=schedule).fit(X, Y)

    def test_a_function_of_something_else_is_refused_by_name(self):
        with pytest.raises(TypeError, match=r"^learning_rate: .* 0 positional"):
            ScratchMLPClassifier((4,), learning_rate=lambda: 0.1).fit(X, Y)

    def test_later_steps_are_tried_too(self):
        with pytest.raises(ValueError, match="At step 7 it returned -1"):
            testing.check_schedule(lambda step: -1 if step == 7 else 0.1)
        assert testing.check_schedule(lambda step: -1 if step == 7 else 0.1, n_steps=7) is None

    def test_each_rate_of_an_object_is_checked_while_it_trains(self):
        class Late(Falling):
            def __call__(self, step):
                return np.nan if step == 3 else 0.1

        with pytest.raises(ValueError, match=r"learning_rate.*At step 3 it returned nan"):
            ScratchMLPClassifier((4,), learning_rate=Late(0.5)).fit(X, Y)

    @short
    def test_an_object_is_asked_after_a_plateau(self):
        """A half of the rate again and again: training goes on to max_iter."""
        params = {"tol": 1e9, "n_iter_no_change": 1, "max_iter": 9, "early_stopping": False}
        n_epochs = [
            ScratchMLPClassifier((4,), learning_rate=Falling(answer), **params).fit(X, Y).n_iter_
            for answer in (0.0, 0.5)
        ]
        assert n_epochs == [2, 9]


@short
class TestScorer:
    @pytest.fixture
    def model(self):
        return ScratchMLPClassifier((), solver="lbfgs").fit(X, Y)

    def test_a_good_one(self, model):
        assert testing.check_scorer(lambda m, X, y: m.score(X, y), model, X, Y) is None

    @pytest.mark.parametrize(
        "value", [np.nan, None, "good", [1, 2]], ids=lambda own: type(own).__name__
    )
    def test_no_number(self, model, value):
        with pytest.raises((ValueError, TypeError), match="scoring"):
            testing.check_scorer(lambda *_: value, model, X, Y)

    def test_one_that_writes_into_what_it_gets(self, model):
        def spoil(estimator, X, y):
            X[0] = 7
            return 0.5

        with pytest.raises(ValueError, match=r"scoring.*must not change X"):
            testing.check_scorer(spoil, model, X.copy(), Y)
        own = ScratchMLPClassifier((4,), scoring=spoil, early_stopping=True)
        with pytest.raises(ValueError, match=r"scoring.*must not change X"):
            own.fit(X, Y)

    def test_one_that_shuffles_the_labels(self, model):
        def spoil(estimator, X, y):
            y[:] = shuffle(1 - y, random_state=0)
            return 0.5

        with pytest.raises(ValueError, match=r"scoring.*must not change y"):
            testing.check_scorer(spoil, model, X, Y.copy())

    def test_it_is_not_called_more_often_than_epochs(self):
        calls = []

        def score(estimator, X, y):
            calls.append(len(y))
            return float(len(calls))

        ScratchMLPClassifier((4,), scoring=score, early_stopping=True, max_iter=3, n_members=1).fit(
            X, Y
        )
        assert calls == [6, 6, 6]


CHECKS = {
    "activation": testing.check_activation,
    "loss": lambda loss: testing.check_loss(loss, [0, 1], 2),
    "rule": testing.check_update_rule,
    "initializer": testing.check_initializer,
    "schedule": testing.check_schedule,
    "scorer": lambda scorer: testing.check_scorer(scorer, None, X, Y),
}


@pytest.mark.parametrize(("argument", "check"), CHECKS.items(), ids=CHECKS)
@pytest.mark.parametrize("given", ["relu", None, 3, Own(), Own, OwnRule])
def test_what_is_no_object_of_its_kind_is_refused_by_name(argument, check, given):
    if argument in ("activation", "loss") and isinstance(given, Own):
        given = object()
    with pytest.raises(ValueError, match=rf"^{argument} must be .*Got {re.escape(repr(given))}\."):
        check(given)


def test_every_check_is_public():
    checks = {name for name in _objects.__all__ if name.startswith("check_")}
    assert checks == {*testing.__all__}


class TestFormerObjects:
    """Activations and rules that take NumPy as ``xp`` before the arrays."""

    class Identity:
        def forward(self, xp, z, a):
            a[...] = z

        def backward(self, xp, z, a, delta):
            xp.multiply(delta, 1, out=delta)

    class Plain:
        units = (1.0,)

        def scalars(self, t, rate):
            return 0.9, rate

        def __call__(self, xp, g, step, scalars, v):
            v *= scalars[0]
            v += g
            xp.multiply(v, scalars[1], out=step)

    @short
    def test_they_are_adapted_with_a_warning(self):
        params = {"learning_rate_init": 0.1, "max_iter": 5, "random_state": 0, "n_members": 1}
        now = ScratchMLPClassifier(
            (4,), activation="identity", solver=Momentum(0.9), ema_decay=0, **params
        ).fit(X, Y)
        then = ScratchMLPClassifier(
            (4,), activation=self.Identity(), solver=self.Plain(), weight_init="glorot_uniform",
            ema_decay=0, **params,
        )  # fmt: skip
        with pytest.warns(FutureWarning) as caught:
            then.fit(X, Y)
        messages = [str(w.message) for w in caught if w.category is FutureWarning]
        assert [m.partition("=")[0] for m in messages] == ["activation", "solver"]
        assert all("xp" in message for message in messages)
        assert (then.predict_proba(X) == now.predict_proba(X)).all()

    @pytest.mark.parametrize("kind", ["optional", "other name", "slots"])
    def test_other_forms_of_the_former_signatures(self, kind):
        class Optional(self.Identity):
            def forward(self, xp, z, a, out=None):
                xp.copyto(a, z)

        class OtherName(self.Identity):
            def forward(self, _, z, a):
                a[...] = z

        class Slots(self.Plain):
            def __call__(self, xp, g, step, scalars, *slots):
                xp.multiply(g, scalars[1], out=step)

        z, a = np.array([[1.0, -2.0]]), np.empty((1, 2))
        if kind == "slots":
            _former.current_rule(Slots())(z[0], a[0], (0.9, 0.5), np.zeros(2))
            assert a.tolist() == [[0.5, -1.0]]
        else:
            f = OtherName() if kind == "other name" else Optional()
            _former.current_activation(f).forward(z, a)
            assert a.tolist() == [[1.0, -2.0]]

    @short
    def test_optional_arguments_do_not_make_an_object_a_former_one(self):
        """The warning would be an error here."""

        class Scaled(Own):
            def forward(self, z, a, eps=1.0):
                np.tanh(z * eps, out=a)

        class Extra(OwnRule):
            def __call__(self, g, step, scalars, v, k=3):
                super().__call__(g, step, scalars, v)

        class Rest(OwnRule):
            def __call__(self, g, step, scalars, v, *rest):
                super().__call__(g, step, scalars, v)

        for given in (Scaled(), Own()):
            assert _former.current_activation(given) is given
        for given in (Extra(), Rest(), OwnRule()):
            assert _former.current_rule(given) is given
        common = {"max_iter": 3, "random_state": 0, "weight_init": "glorot_uniform"}
        common["learning_rate_init"] = 0.1
        with_options, plain = (
            ScratchMLPClassifier((4,), activation=f, solver=rule, **common).fit(X, Y)
            for f, rule in ((Scaled(), Extra()), (Own(), OwnRule()))
        )
        assert (with_options.coefs_[0] == plain.coefs_[0]).all()

    @pytest.mark.filterwarnings("ignore::FutureWarning")
    def test_a_former_subclass_of_ours_is_told_to_take_xp_out(self):
        class Forward(Tanh):
            def forward(self, xp, z, a):
                super().forward(xp, z, a)

        class Backward(Tanh):
            def backward(self, xp, z, a, delta):
                super().backward(xp, z, a, delta)

        class Sub(Momentum):
            def __call__(self, xp, g, step, scalars, *slots):
                super().__call__(xp, g, step, scalars, *slots)

        for params, name in (
            ({"activation": Forward()}, "activation: Forward.forward"),
            ({"activation": Backward()}, "activation: Backward.forward"),
            ({"solver": Sub(0.9)}, "solver: Sub"),
        ):
            with pytest.raises(ValueError, match=rf"{name} raised .*Error: .* Take xp out"):
                ScratchMLPClassifier((4,), **params).fit(X, Y)

    def test_the_checks_take_them(self):
        assert testing.check_activation(self.Identity()) is None
        assert testing.check_update_rule(self.Plain()) is None

    @short
    @pytest.mark.filterwarnings("ignore::FutureWarning")
    def test_training_goes_on_with_them(self):
        params = {"activation": self.Identity(), "solver": self.Plain(), "learning_rate_init": 0.1}
        model = ScratchMLPClassifier((4,), warm_start=True, max_iter=2, random_state=0, **params)
        model.fit(X, Y).fit(X, Y)
        assert model.n_iter_ == 4
        assert model._continuation["memory"]["rule"] == "Plain"
        model.set_params(activation=[self.Identity()]).fit(X, Y)
        with pytest.raises(ValueError, match="differs from"):
            model.set_params(activation="identity").fit(X, Y)
