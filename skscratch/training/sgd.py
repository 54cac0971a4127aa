"""A fit by a stochastic optimizer, from its first epoch to its last."""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skscratch.core.network import rows_per_buffer, views
from skscratch.training.checkpoint import CheckpointFile, check
from skscratch.training.config import Stochastic, TrainingConfig
from skscratch.training.data import Dataset
from skscratch.training.early_stopping import BestWeights, Patience, is_unfinished
from skscratch.training.history import VALIDATION, History, empty_columns
from skscratch.training.loop import runner_class
from skscratch.training.outcome import Diverged, End, Hooks, Outcome
from skscratch.training.scaling import Scaling, former_scaling
from skscratch.training.state import Streams, TrainingState
from skscratch.training.validation import Evaluator, mean_loss

__all__ = ["StochasticFit"]


class Stage(StrEnum):
    """The next step of a fit. The values are those in checkpoint files."""

    SEARCH = "search"
    SEARCHED = "searched"
    REFIT = "refit"
    DONE = "done"


class StochasticFit:
    """Trains until the loss stalls or ``max_iter`` is reached; then, with refit, on all rows.

    Parameters
    ----------
    config : TrainingConfig
    options : Stochastic
        The optimizer of config.
    state : TrainingState
    data : Dataset
    hooks : Hooks
    file : CheckpointFile or None
        The file to save the state to, and to resume from.

    Attributes
    ----------
    outcome : Outcome

    Examples
    --------
    Logistic regression on four points, for at most 300 epochs:

    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture
    >>> from skscratch.core.initializers import Glorot
    >>> from skscratch.core.optimizers import Adam
    >>> from skscratch.core.schedules import Constant
    >>> from skscratch.training.config import Stochastic, TrainingConfig
    >>> from skscratch.training.data import Dataset
    >>> from skscratch.training.outcome import NoHooks
    >>> from skscratch.training.sgd import StochasticFit
    >>> from skscratch.training.state import TrainingState
    >>> X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([[0.0], [0.0], [1.0], [1.0]])
    >>> loss, dtype = LogisticCrossEntropy(), np.dtype(float)
    >>> data = Dataset(X, y, None, dtype, loss, 1, y, None)
    >>> options = Stochastic(Adam(0.9, 0.999, 1e-8), Constant(0.1), batch_size=4)
    >>> arch = Architecture((1, 1), (), loss)
    >>> config = TrainingConfig(arch, (Glorot(),), dtype, options, alpha=0.1, max_iter=300)
    >>> state = TrainingState.start(config, data, seed=0)
    >>> fit = StochasticFit(config, options, state, data, NoHooks())
    >>> fit.run()
    >>> fit.outcome.end, state.n_epochs
    (<End.MAX_ITER: 2>, 300)
    >>> state.result[:1].round(1)
    array([3.4])
    """

    def __init__(
        self,
        config: TrainingConfig,
        options: Stochastic,
        state: TrainingState,
        data: Dataset,
        hooks: Hooks,
        file: CheckpointFile | None = None,
    ) -> None:
        self.config, self.options, self.state, self.data = config, options, state, data
        self.hooks, self.file, early = hooks, file, options.early_stopping
        content = None if file is None else file.load()
        if file is not None and content is not None:
            state.seed = content["belongs_to"]["seed"]
            with file.blamed():
                state.scaling = self._scaling_of(content)
        self.counters, rng = state.counters(), Streams.of_seed(state.seed).holdout
        fraction = None if early is None else early.validation_fraction
        rows, validation = data.split(fraction, rng, state.arch.members)
        self.runner = runner_class(options, state.arch.members, data)(
            config, options, state, data, rows, options.batch_size
        )
        self.evaluator = None
        if validation is not None:
            self.evaluator = Evaluator(state, validation, config.scorer, self.runner.current)
        n_updates = 0 if early is None else early.n_updates_no_change
        self.patience = Patience(config.tol, options.n_iter_no_change, n_updates)
        state.best = self.best = BestWeights(self.runner.current, state.arch)
        self.refit_batch_size = None if early is None else early.refit_batch_size
        self.start = None if self.refit_batch_size is None else copy.deepcopy(state.state_dict())
        n_recorded = self.counters["counted"]["n_rows"]
        self.outcome = Outcome(state.theta.copy(), state.n_epochs, n_recorded)
        self.stage = Stage.SEARCH
        self.n_updates_before = self.runner.optimizer.state.n_updates
        self.updates_per_epoch = -(-rows.shape[-1] // self.runner.batches.batch_size)
        if file is not None and content is not None:
            with file.blamed():
                self._resume(content)
            hooks.resume(state)

    def run(self) -> None:
        """Train to the end.

        Raises
        ------
        Diverged
            If the loss becomes non-finite before any parameters are better than those at the start.
        """
        with self._keeping_the_best():
            if self.stage is Stage.SEARCH:
                with self.runner.working:
                    self._search()
            if self.start is not None and self.stage in (Stage.SEARCH, Stage.SEARCHED):
                self.state.load_state_dict({"learned": self.start["learned"]})
                self.stage = Stage.REFIT
            if self.stage is Stage.REFIT and self.refit_batch_size is not None:
                self._refit(self.refit_batch_size)
        self._end_training()
        early = self.options.early_stopping
        if early is not None and early.temperature_scaling and self.state.keeps_best:
            del self.runner  # its buffers make room for those of the temperature
            self._apply_temperature()

    @contextmanager
    def _keeping_the_best(self) -> Iterator[None]:
        """Make the best parameters the result if Ctrl-C ends training."""
        try:
            yield
        except KeyboardInterrupt:
            self._go_back_to_best()
            self.outcome.end = End.INTERRUPT
            self._end_training()
            raise

    def _search(self) -> None:
        """Train until patience runs out, ``max_iter`` is reached, or a callback stops training."""
        state, n_first = self.state, self.outcome.n_epochs_before
        while state.n_epochs - n_first < self.config.max_iter:
            self.hooks.begin_epoch(state)
            losses: Any = self.runner.epoch()
            scores: Any = math.nan
            if self.evaluator is not None and math.isfinite(losses):
                watched, scores = self.evaluator.evaluate()
                losses = watched if self.options.early_stopping is not None else losses
            loss = losses if isinstance(losses, float) else float(np.mean(losses))
            if not math.isfinite(loss):
                self._diverge()
                return
            self.counters, n_updates = state.counters(), self.runner.optimizer.state.n_updates
            self.best.update(losses, t=n_updates, score=scores)
            if self.options.early_stopping is not None:
                self._keep_best()
            stalled = self.patience.step(loss, n_updates)
            if stalled:
                self.patience.restart(n_updates)
            ended = stalled and self.runner.after_plateau()
            stopped = self._end_epoch(Stage.SEARCHED if ended else Stage.SEARCH)
            if ended or stopped:
                self.outcome.end = End.CALLBACK if stopped else End.NO_PROGRESS
                break
        else:
            self.outcome.end = End.MAX_ITER
            self.outcome.unfinished = self._is_unfinished()
        self._save()

    def _is_unfinished(self) -> bool:
        """Return whether the monitored loss is still falling."""
        history, first = self.state.history, self.outcome.n_recorded_before
        stops = self.options.early_stopping is not None
        losses = history["validation_loss"] if stops else history.objective()
        rates = history["learning_rate"][first:]
        return is_unfinished(losses[first:], rates, self.options.n_iter_no_change)

    def _refit(self, batch_size: int) -> None:
        """Train from the same start on all rows, for as many updates as the best parameters had."""
        state, rows = self.state, self.data.weighted_rows()
        n_updates = round(np.mean(self.best.metadata["t"]))
        runner = runner_class(self.options, state.arch.members, self.data)
        self.runner = runner(self.config, self.options, state, self.data, rows, batch_size)
        updates = self.runner.optimizer.state
        while updates.n_updates < n_updates:
            self.hooks.begin_epoch(state, "refit epoch")
            if not math.isfinite(self.runner.epoch(n_updates - updates.n_updates)):
                self._diverge()
                return
            self.counters = state.counters()
            if self._end_epoch(Stage.REFIT):
                self.outcome.end = End.CALLBACK
                break
        else:
            state.keeps_best = False
        self.outcome.refit_updates = n_updates
        self.stage = Stage.DONE
        self._save()

    def _end_epoch(self, stage: Stage) -> bool:
        """Call the hooks, and save if it is time; return whether a callback asks to stop."""
        stopped = self.hooks.end_epoch(self.state)
        self.stage = Stage.DONE if stopped else stage
        if self.file is not None:
            self.file.save_if_due(self.state.n_epochs, self._content)
        return stopped

    def _save(self) -> None:
        if self.file is not None:
            self.file.save(self.state.n_epochs, self._content)

    def _go_back_to_best(self) -> None:
        """Make the best parameters the result, with the counters after the last complete epoch."""
        self.state.load_state_dict(self.counters)
        self._keep_best()

    def _keep_best(self) -> None:
        self.state.keeps_best = True
        if self.options.early_stopping is not None:
            scores = self.best.metadata.get("score")
            self.state.best_validation_score = None if scores is None else float(np.mean(scores))

    def _end_training(self) -> None:
        """Store each member's best epoch, if the best parameters are the result; call the hooks."""
        if self.state.keeps_best and "t" in self.best.metadata:
            updates = self.best.metadata["t"] - self.n_updates_before
            n_epochs = updates // self.updates_per_epoch
            self.outcome.best_epochs = self.outcome.n_epochs_before + n_epochs
        self.hooks.end_training(self.state, self.outcome)

    def _diverge(self) -> None:
        """Go back to the best parameters, if they are better than those at the start."""
        state, outcome = self.state, self.outcome
        self._go_back_to_best()
        self.start = None
        state.optimizer, state.ema = None, None  # not finite
        epoch = state.n_epochs + 1
        if state.n_epochs == outcome.n_epochs_before or not self._is_better():
            raise Diverged(epoch)
        outcome.end, outcome.diverged_epoch = End.DIVERGED, epoch

    def _is_better(self) -> bool:
        """Return whether the best parameters have a lower loss than those at the start."""
        best, before = self.best.theta, self.outcome.theta_before
        return mean_loss(self.state, self.data, best) < mean_loss(self.state, self.data, before)

    def _apply_temperature(self) -> None:
        """Divide the logits of the best parameters by the temperature fitted on validation rows."""
        if self.evaluator is None:
            return
        arch, theta = self.state.arch, self.best.theta.copy()
        weights, biases = views(theta, arch.sizes, arch.members)
        T = self.evaluator.temperature(theta)
        weights[-1] /= T
        biases[-1] /= T
        np.copyto(self.best.theta, theta)

    def _content(self) -> dict[str, Any]:
        """Return the content of a checkpoint."""
        state = self.state
        return {
            "phase": str(self.stage),
            "state": state.state_dict(),
            "history": state.history.arrays(),
            "patience": self.patience.state_dict(),
            "best": self.best.state_dict(),
            "chosen": state.keeps_best,
            "best_validation_score": state.best_validation_score,
            "theta_before": self.outcome.theta_before,
            "start": self.start,
            "scaling": None if state.scaling is None else state.scaling._asdict(),
        }

    def _scaling_of(self, content: dict[str, Any]) -> Scaling | None:
        """Return the scaling that a checkpoint was written with."""
        saved, state, X = content.get("scaling"), self.state, self.data.X
        if saved is not None:
            of_features = np.zeros(X.shape[1], state.theta.dtype)
            expected: dict[str, Any] = {"center": of_features, "scale": of_features, "limit": None}
            if isinstance(saved, dict) and saved.get("limit") is not None:
                expected["limit"] = of_features
            check(saved, expected, "scaling")
            return Scaling(**saved)
        if "scaling" in content:
            return None
        goes_on = content["belongs_to"]["fitted network"] is not None
        if goes_on or not self.config.standardize or issparse(X):
            return state.scaling
        return former_scaling(X, self.data.w, rows_per_buffer(state.arch, X), state.theta.dtype)

    def _check(self, content: dict[str, Any]) -> None:
        """Raise unless the content of a checkpoint has the structure that this fit writes."""
        members, best = self.state.arch.members, self.best.state_dict()
        best["marks"] = {"t": np.zeros(members, int), "score": np.zeros(members)}
        varying = {name: content.get(name) for name in ("belongs_to", "history", "phase")}
        score = None if content.get("best_validation_score") is None else 0.0
        if "scaling" not in content:  # a file of a former version
            content["scaling"] = self._content()["scaling"]
        expected = self._content() | varying | {"best": best, "best_validation_score": score}
        check(content, expected)
        names = {*content["history"], *(() if self.evaluator is None else VALIDATION)}
        columns = empty_columns(names, content["state"]["counted"]["n_rows"])
        check(content["history"], columns, "history")
        stages = {*Stage} - ({Stage.REFIT} if self.start is None else set())
        if content["phase"] not in stages:
            raise ValueError(
                f"its phase {content['phase']!r} is none of {sorted(map(str, stages))}"
            )
        states = [content["state"], *([] if self.start is None else [content["start"]])]
        learned = [state["learned"][name] for state in states for name in ("theta", "mean")]
        for theta in (*learned, content["best"]["theta"], content["theta_before"]):
            if theta is not None and not np.isfinite(theta).all():
                raise ValueError("a parameter of its network is not finite")

    def _resume(self, content: dict[str, Any]) -> None:
        """Continue from the content of a checkpoint."""
        state = self.state
        self._check(content)
        state.history = History(content["history"])
        state.load_state_dict(content["state"])
        self.patience.load_state_dict(content["patience"])
        self.best.load_state_dict(content["best"])
        state.keeps_best = content["chosen"]
        state.best_validation_score = content["best_validation_score"]
        self.outcome.theta_before, self.start = content["theta_before"], content["start"]
        self.stage, self.counters = Stage(content["phase"]), state.counters()
