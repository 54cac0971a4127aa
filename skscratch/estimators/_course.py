"""The course of a fit by a stochastic solver, from its first epoch to its last."""

import math
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skscratch.core.network import Workspace, views
from skscratch.estimators import _params
from skscratch.estimators._checkpoints import Checkpoints
from skscratch.estimators._messages import diverged, report
from skscratch.estimators._sizes import rows_per_buffer
from skscratch.estimators._tasks import NoTasks, Tasks
from skscratch.estimators._trainers import new_schedule, new_trainer
from skscratch.estimators._validation_set import held_out, split, weighted_rows
from skscratch.estimators._warn import warn
from skscratch.training import checkpoint
from skscratch.training.batches import InOrder
from skscratch.training.epoch import evaluate
from skscratch.training.history import VALIDATION, History, empty_columns
from skscratch.training.state import (
    Run,
    capture,
    count,
    restore,
    restore_counted,
    restore_learned,
)
from skscratch.training.stopping import Best, Patience
from skscratch.training.trainer import steps_before

__all__ = ["Course"]

# Training that ends at max_iter is unfinished if the last epochs made more than this part of all
# progress, at more than this part of the highest rate.
UNFINISHED = 0.05


class Course:
    """Trains until stopping or ``max_iter`` ends it; then, if asked to, once more on all rows.

    Parameters
    ----------
    estimator : estimator
    run : Run
    data : Data
    tasks : NoTasks or Tasks
    checkpoints : Checkpoints
    """

    def __init__(
        self,
        estimator: Any,
        run: Run,
        data: Any,
        tasks: NoTasks | Tasks,
        checkpoints: Checkpoints,
    ) -> None:
        self.estimator, self.run, self.data = estimator, run, data
        self.tasks, self.checkpoints = tasks, checkpoints
        content = checkpoints.load(run)
        rows, validation = split(estimator, run, data)
        n_steps = steps_before(run, _params.rule(estimator))
        schedule = new_schedule(estimator, rows.shape[-1], n_steps)
        self.trainer = new_trainer(estimator, run, data, rows, schedule)
        self.held_out: Any = None
        if validation is not None:
            self.held_out = held_out(estimator, run, validation, rows_per_buffer(run.arch, data.X))
        self.stops = estimator.early_stopping and validation is not None
        self.refits = estimator.refit and self.stops and data.validation is None
        n_updates = estimator.n_updates_no_change if self.stops else 0
        self.patience = Patience(estimator.tol, estimator.n_iter_no_change, n_updates)
        self.best, self.theta_before = Best(run.current, run.arch), run.theta.copy()
        self.start: Any = capture(run) if self.refits else None
        self.n_before, self.n_rows = run.n_epochs, len(run.history)
        self.phase, self.counted = "search", count(run)
        if content is not None:
            with checkpoints.naming_the_file():
                self._resume(content)

    def train(self) -> None:
        """Run the course to its end."""
        try:
            if self.phase == "search":
                self._search()
            if self.phase in ("search", "searched") and self.refits:
                restore_learned(self.run, self.start)
                self.phase = "refit"
            if self.phase == "refit":
                self._refit()
        except KeyboardInterrupt:
            self._choose_best()
            raise
        if self.stops and self.run.chosen is not None and self.estimator.temperature_scaling:
            self._temper()

    def _search(self) -> None:
        """Train until the loss that is watched has stalled for longer than patience lasts."""
        run, optimizer = self.run, self.trainer.optimizer
        while run.n_epochs - self.n_before < self.estimator.max_iter:
            self.tasks.begin_epoch(run)
            loss = self.trainer.epoch()
            losses: Any = loss
            scores: Any = math.nan
            if self.held_out is not None and math.isfinite(loss):
                watched, scores = self.held_out.watch()
                losses = watched if self.stops else loss
            loss = float(np.mean(losses))
            if not math.isfinite(loss):
                self._diverge()
                return
            self.counted = count(run)
            self.best.update(losses, t=optimizer.t, score=scores)
            if self.stops:
                self._choose()
            stalled = self.patience.exhausted_by(loss, optimizer.t)
            if stalled:
                self.patience.restart(optimizer.t)
            ended = stalled and self.trainer.plateau()
            if self._end_epoch("searched" if ended else "search") or ended:
                break
        else:
            self._warn_if_unfinished()
        self.checkpoints.save(run, self._content)

    def _temper(self) -> None:
        """Divide the logits of the best parameters by what the rows held out ask for."""
        arch, self.run.chosen = self.run.arch, self.best.theta.copy()
        weights, biases = views(self.run.chosen, arch.sizes, arch.members)
        T = self.held_out.temperature(self.run.chosen)
        weights[-1] /= T
        biases[-1] /= T

    def _refit(self) -> None:
        """Train from the same start on all rows, for as many updates as the best parameters had."""
        run, n_updates = self.run, round(np.mean(self.best.marks["t"]))
        rows = weighted_rows(self.data)  # a single network's
        schedule = self.trainer.optimizer.rate
        self.trainer = new_trainer(self.estimator, run, self.data, rows, schedule)
        optimizer = self.trainer.optimizer
        while optimizer.t < n_updates:
            self.tasks.begin_epoch(run, "refit epoch")
            if not math.isfinite(self.trainer.epoch(n_updates - optimizer.t)):
                self._diverge()
                return
            self.counted = count(run)
            if self._end_epoch("refit"):
                break
        else:
            run.chosen = None
        self.phase = "done"
        self.checkpoints.save(run, self._content)

    def _end_epoch(self, phase: str) -> bool:
        """Tell all who want to know; return whether a callback asks to stop."""
        stopped = self.tasks.end_epoch(self.run)
        self.phase = "done" if stopped else phase
        report(self.estimator, self.run)
        self.checkpoints.save_if_due(self.run, self._content)
        return stopped

    def _choose_best(self) -> None:
        """Let the best parameters be the result, after all the epochs that are whole."""
        restore_counted(self.run, self.counted)
        self._choose()

    def _choose(self) -> None:
        self.run.chosen = self.best.theta
        if self.stops:
            scores = self.best.marks.get("score")
            self.run.best_validation_score = None if scores is None else float(np.mean(scores))

    def _diverge(self) -> None:
        """Go back to the best parameters, if they are better than those at the start; end there."""
        error = diverged(self.estimator, self.counted["n_epochs"] + 1)
        self._choose_best()
        self.refits = False
        self.run.memory, self.run.mean = {}, None  # not finite
        no_epoch = self.run.n_epochs == self.n_before
        if no_epoch or not self._loss(self.best.theta) < self._loss(self.theta_before):
            raise error
        warn(
            f"{error} The estimator has the parameters that were best before.",
            ConvergenceWarning,
        )

    def _loss(self, theta: Any) -> float:
        """Return the mean loss of parameters on all rows."""
        arch, params = self.run.network(theta)
        X, y, w = self.data[:3]
        batches = InOrder(X, y, w, rows_per_buffer(arch, X), theta.dtype)
        ws = Workspace.empty(arch, batches.batch_size, theta.dtype)
        return evaluate(arch, params, ws, batches, self.estimator._hits)[0]

    def _warn_if_unfinished(self) -> None:
        """Warn if more epochs would help: the loss is still on its way, and the rate lets it."""
        run, n = self.run, self.estimator.n_iter_no_change
        if self.stops:
            curve = run.history["validation_loss"][self.n_rows :]
        else:
            curve = run.history.objective()[self.n_rows :]
        rates = run.history["learning_rate"][self.n_rows :]
        at_rest = rates[-1] < UNFINISHED * max(rates)
        progress = UNFINISHED * (max(curve) - min(curve))
        if math.isinf(n) or at_rest or (n < len(curve) and curve[-1 - n] - curve[-1] <= progress):
            return
        warn(
            f"Training ended at max_iter={self.estimator.max_iter} epochs, before the loss had "
            "come to rest. More epochs may give a better model.",
            ConvergenceWarning,
        )

    def _content(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        run = self.run
        return {
            "phase": self.phase,
            "state": capture(run),
            "history": run.history.arrays(),
            "patience": self.patience.state(),
            "best": self.best.state(),
            "chosen": run.chosen is not None,
            "best_validation_score": run.best_validation_score,
            "theta_before": self.theta_before,
            "start": self.start,
        }

    def _check(self, content: dict[str, Any]) -> None:
        """Raise unless a checkpoint's content is such as this course writes."""
        members, best = self.run.arch.members, self.best.state()
        best["marks"] = {"t": np.zeros(members, int), "score": np.zeros(members)}
        varying = {name: content.get(name) for name in ("belongs_to", "history", "phase")}
        score = None if content.get("best_validation_score") is None else 0.0
        expected = self._content() | varying | {"best": best, "best_validation_score": score}
        checkpoint.check(content, expected)
        names = {*content["history"], *(() if self.held_out is None else VALIDATION)}
        columns = empty_columns(names, content["state"]["counted"]["n_rows"])
        checkpoint.check(content["history"], columns, "history")
        phases = {"search", "searched", "done", *(["refit"] if self.refits else [])}
        if content["phase"] not in phases:
            raise ValueError(f"its phase {content['phase']!r} is none of {sorted(phases)}")
        states = [content["state"], *([content["start"]] if self.refits else [])]
        learned = [state["learned"][name] for state in states for name in ("theta", "mean")]
        for theta in (*learned, content["best"]["theta"], content["theta_before"]):
            if theta is not None and not np.isfinite(theta).all():
                raise ValueError("a parameter of its network is not finite")

    def _resume(self, content: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        run = self.run
        self._check(content)
        run.history = History(content["history"])
        restore(run, content["state"])
        self.trainer.sync()
        self.patience.restore(content["patience"])
        self.best.restore(content["best"])
        run.chosen = self.best.theta if content["chosen"] else None
        run.best_validation_score = content["best_validation_score"]
        self.theta_before, self.start = content["theta_before"], content["start"]
        self.phase, self.counted = content["phase"], count(run)
