"""Everything that changes during a run, and what of it a later run needs to go on exactly."""

import copy
import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from skscratch.core.network import Architecture, Parameters, allocate, views
from skscratch.training.history import History
from skscratch.training.members import joined
from skscratch.training.scaling import Scaling

__all__ = [
    "Run",
    "capture",
    "continuation",
    "count",
    "initial_parameters",
    "pack",
    "restore",
    "restore_counted",
    "restore_learned",
    "resume",
]


@dataclass
class Run:
    """One training run. It works on copies: nothing of it is seen before it is published.

    Parameters
    ----------
    arch : Architecture
    theta : ndarray of shape (P,)
    params : Parameters
        Views into theta.
    seed : int
        Where the run's random streams come from.
    shuffle, dropout : Generator
        The streams that draw orders of rows and what dropout drops.
    memory : dict
        What the optimizer needs to go on: "rule", "units", "t", "scale" and "slots"; empty for a
        new one.
    scaling : Scaling or None
        What the network's inputs are brought to scale by.
    mean : ndarray of shape (P,), or None
        The running average of theta.
    n_averaged : int
        Steps that it holds.
    history : History
        The numbers of every epoch, those of earlier runs included.
    best_loss : float
        The lowest training loss.
    n_epochs, n_seen : int
        Epochs trained and samples seen, in earlier runs too.
    chosen : ndarray of shape (P,), or None
        Parameters to publish in place of the current ones.
    best_validation_score : float or None
        Their score, if a validation set has chosen them.
    """

    arch: Architecture
    theta: Any
    params: Parameters
    seed: int
    shuffle: np.random.Generator
    dropout: np.random.Generator
    memory: dict[str, Any] = field(default_factory=dict)
    scaling: Scaling | None = None
    mean: Any = None
    n_averaged: int = 0
    history: History = field(default_factory=lambda: History({}))
    best_loss: float = float("inf")
    n_epochs: int = 0
    n_seen: int = 0
    chosen: Any = None
    best_validation_score: float | None = None

    @property
    def W(self) -> Any:
        """All the weights as one vector: the part of theta that is regularised."""
        return self.theta[: sum(W.size for W in self.params.weights)]

    @property
    def current(self) -> Any:
        """The parameters to predict with now: the average where there is one."""
        return self.theta if self.mean is None else self.mean

    @property
    def result(self) -> Any:
        """The parameters to publish."""
        return self.current if self.chosen is None else self.chosen

    def unscaled(self, theta: Any) -> Parameters:
        """Return what does on X as it is what theta does on the scaled one; views, if it can be."""
        params = views(theta, self.arch.sizes, self.arch.members)
        return params if self.scaling is None else self.scaling.fold(params)

    def network(self, theta: Any) -> tuple[Architecture, Parameters]:
        """Return the one network, for X as it is, whose members have the parameters theta."""
        arch, members, params = self.arch.for_prediction(), self.arch.members, self.unscaled(theta)
        if members > 1:
            p, *hidden, q = arch.sizes
            sizes = p, *(members * width for width in hidden), q
            arch, params = replace(arch, sizes=sizes, members=1), joined(params)
        return arch, params

    def record(self, loss: float, penalty: float, **row: float) -> None:
        """Add one more epoch."""
        # the history keeps a penalty of half the digits; let the sum have all of them
        rounded = float(np.float32(min(penalty, 1e38)))
        loss, penalty = loss + (penalty - rounded), rounded
        self.history.append(loss=loss, penalty=penalty, **row)
        self.n_epochs += 1
        self.best_loss = min(self.best_loss, loss + penalty)


def capture(run: Run) -> dict[str, Any]:
    """Return a copy of all that an epoch changes, in plain containers; ``restore`` goes back to it.

    What is learned stands apart from what is counted.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture, allocate
    >>> from skscratch.training.state import Run, capture, restore
    >>> arch, rng = Architecture((1, 1), (), LogisticCrossEntropy()), np.random.default_rng(0)
    >>> run = Run(arch, *allocate(arch.sizes, np.float64), 0, rng, rng)
    >>> before = capture(run)
    >>> run.theta += 1
    >>> restore(run, before)
    >>> run.theta
    array([0., 0.])
    """
    slots = [slot.copy() for slot in run.memory.get("slots", ())]
    return {
        "learned": {
            "theta": run.theta.copy(),
            "memory": {**run.memory, "slots": slots},
            "mean": None if run.mean is None else run.mean.copy(),
            "n_averaged": run.n_averaged,
            "shuffle": run.shuffle.bit_generator.state,
            "dropout": run.dropout.bit_generator.state,
        },
        "counted": count(run),
    }


def count(run: Run) -> dict[str, Any]:
    """Return the numbers that grow from epoch to epoch."""
    return {
        "best_loss": run.best_loss,
        "n_epochs": run.n_epochs,
        "n_seen": run.n_seen,
        "n_rows": len(run.history),
    }


def restore(run: Run, state: dict[str, Any]) -> None:
    """Go back, in place, to what ``capture`` returned."""
    restore_learned(run, state)
    restore_counted(run, state["counted"])


def restore_counted(run: Run, counted: dict[str, Any]) -> None:
    """Go back to what ``count`` returned."""
    run.best_loss, run.n_epochs = counted["best_loss"], counted["n_epochs"]
    run.n_seen = counted["n_seen"]
    run.history.keep_first(counted["n_rows"])


def restore_learned(run: Run, state: dict[str, Any]) -> None:
    """Go back, in place, to the parameters, optimizer and random streams of ``capture``."""
    learned = state["learned"]
    np.copyto(run.theta, learned["theta"])
    slots = run.memory.get("slots", [])
    for slot, saved in zip(slots, learned["memory"]["slots"], strict=True):
        np.copyto(slot, saved)
    run.memory = {**learned["memory"], "slots": slots}
    if run.mean is not None:
        np.copyto(run.mean, learned["mean"])
    run.n_averaged = learned["n_averaged"]
    run.shuffle.bit_generator.state = learned["shuffle"]
    run.dropout.bit_generator.state = learned["dropout"]


def initial_parameters(
    arch: Architecture, initializers: list[Any], rng: np.random.Generator, dtype: Any
) -> tuple[Any, Parameters]:
    """Return theta and its views: weights as drawn, biases zero."""
    theta, params = allocate(arch.sizes, dtype, arch.members)
    for W, draw in zip(params.weights, initializers, strict=True):
        for of_member in W.reshape(-1, *W.shape[-2:]):
            of_member[...] = draw(rng, *W.shape[-2:])
    return theta, params


def pack(sizes: tuple[int, ...], weights: Any, biases: Any) -> tuple[Any, Parameters]:
    """Return theta and its views, copied from published weights and biases.

    Published arrays may come from a pickle, a read-only memory map or the user's hand; training
    needs them writeable and side by side.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.state import pack
    >>> theta, params = pack((1, 2), [np.array([[1.0, 2.0]])], [np.array([3.0, 4.0])])
    >>> theta
    array([1., 2., 3., 4.])
    """
    theta, params = allocate(sizes, weights[0].dtype.newbyteorder("="))
    for own, published in zip([*params.weights, *params.biases], [*weights, *biases], strict=True):
        own[...] = published
    return theta, params


def continuation(run: Run, keep_memory: bool) -> dict[str, Any]:
    """Return what a later run needs to go on, in plain containers.

    Memory is up to three times as large as the parameters; without it a later run starts with a
    new optimizer. Of an average, what it averages belongs to the memory.
    """
    saved: dict[str, Any] = {
        "scaling": _saved_scaling(run),
        "seed": run.seed,
        "shuffle": run.shuffle.bit_generator.state,
        "dropout": run.dropout.bit_generator.state,
        "memory": {},
    }
    if keep_memory:
        saved["memory"] = run.memory
        if run.mean is not None and np.array_equal(run.result, run.mean):
            saved["averaged"] = {
                "theta": run.theta,
                "n": run.n_averaged,
                "mean": _digest(run.mean),
            }
    return saved


def _saved_scaling(run: Run) -> dict[str, Any] | None:
    """Return the scaling, and the first bias before it was folded in, and what it has become."""
    if run.scaling is None:
        return None
    own = views(run.result, run.arch.sizes, run.arch.members).biases[0].reshape(-1)
    _, (weights, biases) = run.network(run.result)
    folded = {"folded": biases[0].copy(), "weights": _digest(weights[0])}
    return {**run.scaling._asdict(), "bias": own.copy(), **folded}


def _unfold(saved: dict[str, Any] | None, run: Run) -> None:
    """Let the run scale its inputs as the one before it did; without rounding, if it can.

    It can unless someone has changed the published weights or bias since.
    """
    if saved is None:
        return
    run.scaling = Scaling(saved["center"], saved["scale"], saved.get("limit"))
    W, b = run.params.weights[0], run.params.biases[0]
    known = (b == saved["folded"]) & (_digest(W) == saved["weights"])
    unfolded = run.scaling.unfold(run.params)
    W[...], b[...] = unfolded.weights[0], np.where(known, saved["bias"], unfolded.biases[0])


def resume(saved: dict[str, Any], run: Run, average: bool) -> None:
    """Give a run, whose theta holds the published parameters, what ``continuation`` saved.

    If these parameters are an average, and none has changed them since, training goes on from what
    they average.
    """
    run.shuffle.bit_generator.state = saved["shuffle"]
    run.dropout.bit_generator.state = saved["dropout"]
    run.memory = copy.deepcopy(saved["memory"])
    _unfold(saved.get("scaling"), run)
    averaged = saved.get("averaged")
    if average and averaged is not None and averaged["mean"] == _digest(run.theta):
        run.mean, run.n_averaged = run.theta.copy(), averaged["n"]
        np.copyto(run.theta, averaged["theta"])


def _digest(theta: Any) -> str:
    return hashlib.sha256(theta.tobytes()).hexdigest()
