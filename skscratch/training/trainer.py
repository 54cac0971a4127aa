"""A run in motion: epochs on the training rows, loss and score on the rows held out."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscratch.core.network import (
    Architecture,
    Gradient,
    Parameters,
    Workspace,
    forward,
    views,
)
from skscratch.core.optimizers import Rule
from skscratch.core.steps import Averaging, Optimizer
from skscratch.training.batches import Gathered, InOrder
from skscratch.training.epoch import evaluate, run_epoch
from skscratch.training.members import apart
from skscratch.training.state import Run
from skscratch.training.temperature import temperature

__all__ = ["HeldOut", "Trainer", "steps_before"]


class Trainer:
    """Trains a run, one epoch at a time.

    Parameters
    ----------
    run : Run
        Written after every epoch.
    batches : Gathered
    rule : Rule
        The optimizer's; it goes on from the memory in run if that is of the same kind.
    schedule : Schedule
    l2 : float
        Strength of the penalty ½ · l2 · ‖W‖².
    ema_decay : float
        The decay of ``Averaging``; 0 for no average.
    **options : float
        ``weight_decay`` and ``max_norm``, as in ``Optimizer``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture, allocate
    >>> from skscratch.core.optimizers import GradientDescent
    >>> from skscratch.core.schedules import Constant
    >>> from skscratch.training.batches import Gathered
    >>> from skscratch.training.state import Run
    >>> from skscratch.training.trainer import Trainer
    >>> X, y = np.array([[-1.0], [1.0]]), np.array([[0.0], [1.0]])
    >>> arch, rng = Architecture((1, 1), (), LogisticCrossEntropy()), np.random.default_rng(0)
    >>> run = Run(arch, *allocate(arch.sizes, np.float64), 0, rng, rng)
    >>> batches = Gathered(X, y, None, 2, np.float64, np.arange(2), rng)
    >>> trainer = Trainer(run, batches, GradientDescent(), Constant(1.0))
    >>> [round(trainer.epoch(), 2) for _ in range(3)]
    [0.69, 0.47, 0.35]
    """

    def __init__(
        self,
        run: Run,
        batches: Gathered,
        rule: Rule,
        schedule: Any,
        *,
        l2: float = 0.0,
        ema_decay: float = 0.0,
        **options: float,
    ) -> None:
        self.run, self.batches, self.l2 = run, batches, l2
        self.ws = Workspace.empty(run.arch, batches.batch_size, run.theta.dtype)
        self.grad = Gradient.empty(run.arch, batches.batch_size, run.theta.dtype)
        saved, t = run.memory, steps_before(run, rule)
        slots = saved["slots"] if _same_kind(saved, rule) else None
        if slots is not None:
            _convert(slots, saved["units"], rule.units)
        self.optimizer = Optimizer(
            rule, schedule, run.theta, self.grad.g, run.W.size, l2=l2, t=t, slots=slots, **options
        )
        run.memory = {
            "rule": type(rule).__name__,
            "units": list(rule.units),
            "t": t,
            "scale": 1.0,
            "slots": self.optimizer.slots,
        }
        self._steps: Optimizer | Averaging = self.optimizer
        if ema_decay:
            if run.mean is None:
                run.mean, run.n_averaged = run.theta.copy(), 0
                if run.n_epochs:  # what has been learned is worth more than a new optimizer's steps
                    run.n_averaged = math.ceil(10 / (1 - ema_decay))
            self._steps = Averaging(self.optimizer, run.theta, run.mean, ema_decay, run.n_averaged)

    def epoch(self, most_steps: int | None = None) -> float:
        """Train for one epoch; return its mean loss over batches plus the penalty at its start.

        An epoch that ends with a loss or parameters that are not finite is not recorded, and what
        it returns is not finite.
        """
        run, optimizer, start = self.run, self.optimizer, perf_counter()
        t, optimizer.norms = optimizer.t, 0.0
        members = run.arch.members
        penalty = 0.5 * self.l2 * float(run.W @ run.W) / members
        batches = self.batches if most_steps is None else islice(self.batches, most_steps)
        loss = run_epoch(
            run.arch, run.params, self.ws, self.grad, self._steps, batches, run.dropout
        )
        # the square overflows long before predictions do
        if not (math.isfinite(loss + penalty) and math.isfinite(run.theta @ run.theta)):
            return math.nan
        n = optimizer.t - t
        self._save()
        run.n_seen += min(n * self.batches.batch_size, self.batches.rows.shape[-1])
        run.record(
            loss,
            penalty,
            learning_rate=optimizer.rate(optimizer.t - 1) * optimizer.scale,
            gradient_norm=optimizer.norms / n / math.sqrt(members),
            seconds=perf_counter() - start,
        )
        return loss + penalty

    def plateau(self) -> bool:
        """Tell the schedule that the loss has stalled; return whether it ends training."""
        optimizer = self.optimizer
        optimizer.scale = optimizer.rate.after_plateau(optimizer.scale)
        self._save()
        return optimizer.scale == 0

    def sync(self) -> None:
        """Go on from the run as it is after ``restore``."""
        self.optimizer.t = self.run.memory["t"]
        self.optimizer.scale = self.run.memory["scale"]
        if isinstance(self._steps, Averaging):
            self._steps.n = self.run.n_averaged

    def _save(self) -> None:
        run, optimizer = self.run, self.optimizer
        run.memory["t"], run.memory["scale"] = optimizer.t, optimizer.scale
        if isinstance(self._steps, Averaging):
            run.n_averaged = self._steps.n


def steps_before(run: Run, rule: Rule) -> int:
    """Return how many steps the optimizer has taken before the run, none if it is a new one."""
    return int(run.memory["t"]) if _same_kind(run.memory, rule) else 0


def _same_kind(memory: dict[str, Any], rule: Rule) -> bool:
    return bool(memory.get("rule") == type(rule).__name__)


def _convert(slots: list[Any], before: tuple[float, ...], now: tuple[float, ...]) -> None:
    """Convert in place what a rule remembers to its units of now."""
    for slot, old, new in zip(slots, before, now, strict=True):
        if old != new:
            slot *= old / new


class HeldOut:
    """Follows a run on rows that it is not trained on, one member after the other.

    Parameters
    ----------
    run : Run
        Its history is written after every epoch.
    batches : list of Gathered or of InOrder
        The rows of each member; the same object for each if these are rows that none has seen.
    hits : callable
        From a prediction (n, q) and targets to (n,), whether each row is right.
    score : callable, optional
        Returns the score of each member's current parameters on its rows, by which they are
        compared; without it they are compared by the loss, and the score is the share of hits.
    """

    def __init__(
        self,
        run: Run,
        batches: Sequence[Gathered | InOrder],
        hits: Any,
        score: Callable[[], NDArray[np.float64]] | None,
    ) -> None:
        self.run, self._hits, self._score = run, hits, score
        self._arch, self._batches = replace(run.arch.for_prediction(), members=1), batches
        self._current = self._members(run.current)
        self._ws = Workspace.empty(self._arch, batches[0].batch_size, run.theta.dtype)

    def watch(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Record the mean loss and score of the members after another epoch.

        Returns
        -------
        losses : ndarray of shape (members,)
            What is to fall: the loss, or the negative score.
        scores : ndarray of shape (members,)
        """
        losses, scores = np.transpose(
            [
                evaluate(self._arch, params, self._ws, batches, self._hits)
                for params, batches in zip(self._current, self._batches, strict=True)
            ]
        )
        watched = losses
        if self._score is not None:
            scores = self._score()
            watched = -scores
        self.run.history.update_last(
            validation_loss=float(losses.mean()), validation_score=float(scores.mean())
        )
        return watched, scores

    def temperature(self, theta: Any) -> float:
        """Return by what the logits of the members with the parameters theta are best divided.

        Rows that are new to all say it of the mean of their logits, others of each by itself.
        """
        members, batches = self._members(theta), self._batches
        groups = [([params], own) for params, own in zip(members, batches, strict=True)]
        if batches[0] is batches[-1]:
            groups = [(members, batches[0])]
        return temperature(self._arch.loss, _Logits(self._arch, self._ws, groups))

    def _members(self, theta: Any) -> list[Parameters]:
        arch = self.run.arch
        return apart(views(theta, arch.sizes, arch.members), arch.members)


class _Logits:
    """The logits of rows, some at a time, with their targets and weights, as often as one likes.

    Parameters
    ----------
    arch : Architecture
    ws : Workspace
    groups : list of (list of Parameters, batches)
        The logits of rows are the mean of those of all networks of their group.
    """

    def __init__(self, arch: Architecture, ws: Workspace, groups: Any) -> None:
        self._arch, self._ws, self._groups = arch, ws, groups

    def __iter__(self) -> Iterator[tuple[Any, Any, Any]]:
        for networks, batches in self._groups:
            for X, y, w, weight in batches:
                here = self._ws.head(X.shape[0])
                z = np.zeros_like(here.z[-1], np.float64)
                for params in networks:
                    forward(self._arch, params, here, X)
                    z += here.z[-1]
                z /= len(networks)
                yield z, y, w * np.float64(weight)
