"""The course of a fit by a stochastic solver, from its first epoch to its last."""

import math
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skscratch.core.network import views
from skscratch.estimators import _params
from skscratch.estimators._checkpoints import Checkpoints
from skscratch.estimators._endings import mean_loss, unfinished
from skscratch.estimators._messages import diverged, kept_best, out_of_patience, report, report_end
from skscratch.estimators._sizes import rows_per_buffer
from skscratch.estimators._tasks import NoTasks, Tasks
from skscratch.estimators._trainers import LEAST_ROWS, new_schedule, new_trainer
from skscratch.estimators._validation_set import held_out, split, weighted_rows
from skscratch.training import checkpoint
from skscratch.training.history import VALIDATION, History, empty_columns
from skscratch.training.scaling import Scaling, former_scaling
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


class Course:
    """Trains until stopping or ``max_iter`` ends it; then, if asked to, once more on all rows.

    Parameters
    ----------
    estimator : estimator
    run : Run
    data : Data
    tasks : NoTasks or Tasks
    checkpoints : Checkpoints

    Attributes
    ----------
    complaint : str
        What a user has to know of how it ended; may be empty.
    theta_before : ndarray of shape (P,)
        The parameters at its start.
    stopped : bool
        Whether a callback has ended it.
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
        if content is not None:
            with checkpoints.naming_the_file():
                run.scaling = self._scaling_of(content)
        rows, validation = split(estimator, run, data)
        n_steps = steps_before(run, _params.rule(estimator))
        schedule = new_schedule(estimator, rows.shape[-1], n_steps)
        self.trainer = new_trainer(estimator, run, data, rows, schedule, LEAST_ROWS)
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
        self.n_updates = n_steps
        self.per_epoch = -(-rows.shape[-1] // self.trainer.batches.batch_size)
        self.complaint, self.stopped, self.why = (
            "",
            False,
            "it had, when the checkpoint was written",
        )
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
            self.why = "Ctrl-C"
            self._report_end()
            raise
        self._report_end()
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
            stopped = self._end_epoch("searched" if ended else "search")
            if ended or stopped:
                self.why = "a callback" if stopped else out_of_patience(self.estimator, self.stops)
                break
        else:
            self.why = f"max_iter={self.estimator.max_iter}"
            self.complaint = unfinished(self.estimator, run, self.n_rows, self.stops)
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
        self.trainer = new_trainer(self.estimator, run, self.data, rows, schedule, LEAST_ROWS)
        optimizer = self.trainer.optimizer
        while optimizer.t < n_updates:
            self.tasks.begin_epoch(run, "refit epoch")
            if not math.isfinite(self.trainer.epoch(n_updates - optimizer.t)):
                self._diverge()
                return
            self.counted = count(run)
            if self._end_epoch("refit"):
                self.why = "a callback, before all rows had been trained on again"
                break
        else:
            run.chosen = None
            self.why += f"; then all rows were trained on again, for {n_updates} updates"
        self.phase = "done"
        self.checkpoints.save(run, self._content)

    def _end_epoch(self, phase: str) -> bool:
        """Tell all who want to know; return whether a callback asks to stop."""
        self.stopped = self.tasks.end_epoch(self.run)
        self.phase = "done" if self.stopped else phase
        report(self.estimator, self.run)
        self.checkpoints.save_if_due(self.run, self._content)
        return self.stopped

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
        if self.run.n_epochs == self.n_before or not self._is_better():
            raise error
        self.why = f"the loss or a parameter became non-finite in epoch {self.run.n_epochs + 1}"
        self.complaint = f"{error} The estimator has the parameters that were best before."

    def _is_better(self) -> bool:
        """Return whether the best parameters have a lower loss than those at the start."""
        thetas = self.best.theta, self.theta_before
        best, before = (mean_loss(self.estimator, self.run, self.data, each) for each in thetas)
        return best < before

    def _report_end(self) -> None:
        """Say why training ended and what is kept."""
        none = self.run.n_epochs == self.n_before
        kept = "the estimator as it was before" if none else "the parameters at its end"
        if self.run.chosen is not None and "t" in self.best.marks:
            epochs = self.n_before + (self.best.marks["t"] - self.n_updates) // self.per_epoch
            kept = kept_best(self.run, self.best, epochs, self.stops, self.estimator.scoring)
        report_end(self.estimator, self.run, self.why, kept)

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
            "scaling": None if run.scaling is None else run.scaling._asdict(),
        }

    def _scaling_of(self, content: dict[str, Any]) -> Scaling | None:
        """Return the scaling that a checkpoint was written with."""
        saved, run, (X, _, w) = content.get("scaling"), self.run, self.data[:3]
        if saved is not None:
            of_features = np.zeros(X.shape[1], run.theta.dtype)
            expected: dict[str, Any] = {"center": of_features, "scale": of_features, "limit": None}
            if isinstance(saved, dict) and saved.get("limit") is not None:
                expected["limit"] = of_features
            checkpoint.check(saved, expected, "scaling")
            return Scaling(**saved)
        if "scaling" in content:
            return None
        goes_on = content["belongs_to"]["fitted network"] is not None
        if goes_on or not self.estimator.standardize or issparse(X):
            return run.scaling
        return former_scaling(X, w, rows_per_buffer(run.arch, X), run.theta.dtype)

    def _check(self, content: dict[str, Any]) -> None:
        """Raise unless a checkpoint's content is such as this course writes."""
        members, best = self.run.arch.members, self.best.state()
        best["marks"] = {"t": np.zeros(members, int), "score": np.zeros(members)}
        varying = {name: content.get(name) for name in ("belongs_to", "history", "phase")}
        score = None if content.get("best_validation_score") is None else 0.0
        if "scaling" not in content:  # as former versions wrote it
            content["scaling"] = self._content()["scaling"]
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
