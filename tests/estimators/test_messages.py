"""What a user is told of a run."""

import pytest

from skscratch.core.schedules import Constant
from skscratch.estimators._messages import diverged, report


@pytest.fixture
def run(binary, small, start):
    """A run after two epochs, the second of which was validated."""
    run, _ = start(small(), *binary)
    run.record(1.0, penalty=0.5)
    run.record(0.75, penalty=0.125)
    return run


def printed(model, run, capsys):
    report(model, run)
    return capsys.readouterr().out


def test_silence_unless_asked(run, small, capsys):
    assert printed(small(), run, capsys) == ""


def test_a_line_has_the_epoch_and_its_loss_with_the_penalty(run, small, capsys):
    assert printed(small(verbose=True), run, capsys) == "Iteration 2, loss = 0.87500000\n"


def test_a_line_has_what_was_measured_on_rows_held_out(run, small, capsys):
    run.history.update_last(validation_loss=0.25, validation_score=0.5)
    line = printed(small(verbose=1), run, capsys).rstrip("\n")
    assert line.split(", ")[2:] == ["validation loss = 0.25000000", "validation score = 0.500000"]


def test_epochs_of_earlier_runs_are_counted(run, small, capsys):
    run.n_epochs = 207
    assert printed(small(verbose=True), run, capsys).startswith("Iteration 207,")


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
def test_a_divergence_names_the_epoch_and_what_to_try(small, params, lever):
    error = diverged(small(**params), 3)
    assert isinstance(error, ValueError)
    for words in ("epoch 3", lever, "raise batch_size, or scale the features", "sample weights"):
        assert words in str(error)


def test_lbfgs_is_told_only_what_it_can_change(small):
    message = str(diverged(small(solver="lbfgs"), 3))
    assert "Scale the features" in message
    for name in ("learning_rate_init", "max_grad_norm", "batch_size"):
        assert name not in message
