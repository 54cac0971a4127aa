"""What a user is told of a run."""

import pytest

from skscratch.core.schedules import Constant
from skscratch.estimators._messages import diverged, report


@pytest.fixture
def run(binary, small, start):
    """A run after two epochs, the second of which was validated."""
    _, run, _ = start(small(), *binary)
    run.record(1.0, penalty=0.5, seconds=1.0)
    run.record(0.75, penalty=0.125, seconds=2.25)
    return run


def printed(model, run, capsys):
    report(model, run)
    return capsys.readouterr().out


def test_silence_unless_asked(run, small, capsys):
    assert printed(small(), run, capsys) == ""


def test_a_line_has_the_epoch_its_loss_and_the_penalty(run, small, capsys):
    """The loss is that of history_ and of the figure: without the penalty."""
    line = "epoch    2  loss 0.750000  penalty 0.125000    2.250 s\n"
    assert printed(small(verbose=True), run, capsys) == line


def test_a_line_has_what_was_measured_on_rows_held_out(run, small, capsys):
    run.history.update_last(validation_loss=0.25, validation_score=0.5)
    line = printed(small(verbose=1), run, capsys)
    losses = "loss 0.750000  validation loss 0.250000"
    assert line == f"epoch    2  {losses}  score  0.5000    2.250 s\n"
    assert len(line) <= 79


def test_lbfgs_has_iterations(run, small, capsys):
    line = printed(small(solver="lbfgs", verbose=True), run, capsys)
    assert line.startswith("iteration    2  loss")


def test_epochs_of_earlier_runs_are_counted(run, small, capsys):
    run.n_epochs = 207
    assert printed(small(verbose=True), run, capsys).startswith("epoch  207  loss")


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (0.0, "0.00e+00"),
        (1.234e-7, "1.23e-07"),
        (0.0012345678, "0.001235"),
        (2.302585, "2.302585"),
        (23.02585, "23.02585"),
        (23025.85, "23025.85"),
        (2302585.1, "2.30e+06"),
    ],
)
def test_losses_of_any_size_take_the_same_room(run, small, capsys, loss, text):
    run.record(loss, penalty=0.0, seconds=0.0)
    assert f"loss {text}  " in printed(small(verbose=True), run, capsys)


def test_lines_of_a_fit_stand_below_one_another(binary, small, capsys):
    X, y = binary
    small(verbose=True, max_iter=120, n_iter_no_change=float("inf")).fit(X, y, X_val=X, y_val=y)
    *lines, _, _ = capsys.readouterr().out.splitlines()
    assert [int(line.split()[1]) for line in lines] == [*range(1, 121)]
    assert len({tuple(i for i, c in enumerate(line) if c.isalpha()) for line in lines}) == 1


def test_a_line_is_there_at_once(run, small, monkeypatch):
    flushed = []
    monkeypatch.setattr("sys.stdout.flush", lambda: flushed.append(1), raising=False)
    report(small(verbose=True), run)
    assert flushed


@pytest.mark.parametrize(
    ("params", "lever"),
    [
        ({"learning_rate_init": 0.25}, "Lower learning_rate_init (now 0.25), set max_grad_norm,"),
        ({"learning_rate_init": "auto"}, "Lower learning_rate_init (now 0.001), set"),
        (
            {"learning_rate_init": "auto", "solver": "sgd", "momentum": 0},
            "Lower learning_rate_init (now 0.1), set",
        ),
        ({"learning_rate": Constant(9.0)}, "Lower learning_rate, set max_grad_norm,"),
        ({"max_grad_norm": 9.0}, "(now 0.001), lower max_grad_norm,"),
    ],
)
def test_a_divergence_names_the_epoch_and_what_to_try(small, binary, start, params, lever):
    model = small(**params)
    error = diverged(model, start(model, *binary)[0], 3)
    assert isinstance(error, ValueError)
    for words in ("epoch 3", lever, "raise batch_size, or scale the features", "sample weights"):
        assert words in str(error)


def test_lbfgs_is_told_only_what_it_can_change(small, binary, start):
    model = small(solver="lbfgs")
    message = str(diverged(model, start(model, *binary)[0], 3))
    assert "Scale the features" in message
    for name in ("learning_rate_init", "max_grad_norm", "batch_size"):
        assert name not in message
