"""A run in motion: epochs on the training rows, the loss on the rows held out."""

from typing import Any

from skscratch.core.network import Gradient, Workspace
from skscratch.core.optimizers import Optimizer, Rule
from skscratch.training.batches import Gathered
from skscratch.training.epoch import evaluate, run_epoch
from skscratch.training.state import Run
from skscratch.training.stopping import Best

__all__ = ["HeldOut", "Trainer"]


class Trainer:
    """Trains a run, one epoch at a time.

    Parameters
    ----------
    run : Run
        Its theta, loss curve, counters and optimizer state are written after every epoch.
    batches : Gathered
    rule : Rule
        The optimizer's; it goes on from the state in run if that is of the same kind.
    schedule : Schedule
    l2 : float
        Strength of the penalty ½ · l2 · ‖W‖².

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
    >>> run = Run(arch, *allocate(arch.sizes, np.float64), seed=0, rng=rng)
    >>> batches = Gathered(X, y, None, 2, np.float64, np.arange(2), rng)
    >>> trainer = Trainer(run, batches, GradientDescent(), Constant(1.0), l2=0.0)
    >>> for _ in range(3):
    ...     trainer.epoch()
    >>> [round(loss, 2) for loss in run.loss_curve]
    [0.69, 0.47, 0.35]
    """

    def __init__(self, run: Run, batches: Gathered, rule: Rule, schedule: Any, l2: float) -> None:
        self.run, self.batches, self.l2 = run, batches, l2
        self.ws = Workspace.empty(run.arch, batches.batch_size, run.theta.dtype)
        self.grad = Gradient.empty(run.arch, batches.batch_size, run.theta.dtype)
        self._kind = {"rule": type(rule).__name__, "units": rule.units}
        saved = run.optimizer_state
        same = saved.get("rule") == self._kind["rule"]
        if same:
            _convert(saved["slots"], saved["units"], rule.units)
        self.optimizer = Optimizer(
            rule,
            schedule,
            run.theta,
            self.grad.g,
            run.W.size,
            l2,
            t=saved["t"] if same else 0,
            slots=saved["slots"] if same else None,
        )

    def epoch(self) -> None:
        """Train for one epoch; its loss is the mean over batches plus the penalty at its start."""
        run, optimizer = self.run, self.optimizer
        penalty = 0.5 * self.l2 * float(run.W @ run.W)
        loss = run_epoch(run.arch, run.params, self.ws, self.grad, optimizer, self.batches)
        run.record(loss + penalty)
        run.n_seen += len(self.batches.rows)
        run.optimizer_state = {**self._kind, "t": optimizer.t, "slots": optimizer.slots}


def _convert(slots: list[Any], before: tuple[float, ...], now: tuple[float, ...]) -> None:
    """Convert in place what a rule remembers to its units of now."""
    for slot, old, new in zip(slots, before, now, strict=True):
        if old != new:
            slot *= old / new


class HeldOut:
    """Follows a run on rows that it is not trained on, and keeps its best parameters.

    Parameters
    ----------
    run : Run
        Its validation scores are written after every epoch, its theta by ``restore``.
    batches : Gathered
    hits : callable
        From a prediction (n, q) and targets to (n,), whether each row is right.
    """

    def __init__(self, run: Run, batches: Gathered, hits: Any) -> None:
        self.run, self.batches, self.hits = run, batches, hits
        self.ws = Workspace.empty(run.arch, batches.batch_size, run.theta.dtype)
        self.best = Best(run.theta)

    def loss(self) -> float:
        """Return the loss on these rows after another epoch."""
        run = self.run
        loss, score = evaluate(run.arch, run.params, self.ws, self.batches, self.hits)
        self.best.update(loss)
        run.validation_scores.append(score)
        return loss

    def restore(self) -> None:
        """Go back to the parameters with the lowest loss."""
        self.best.restore()
        self.run.best_validation_score = self.run.validation_scores[self.best.index]
