"""The state of a training run: everything that changes, and one way to save it and load it."""

import copy
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skscratch._ranks import ranks
from skscratch.core.losses import RegressionLoss
from skscratch.core.network import (
    Architecture,
    Parameters,
    allocate,
    merge_members,
    rows_per_buffer,
    views,
)
from skscratch.core.optimizers import EMA, OptimizerState
from skscratch.training.config import TrainingConfig
from skscratch.training.data import Dataset
from skscratch.training.early_stopping import BestWeights
from skscratch.training.history import History
from skscratch.training.scaling import Scaling, TargetScaling, find_scaling

__all__ = ["Streams", "TrainingState", "draw_seed"]


class Streams(NamedTuple):
    """One random generator per purpose, so that no stream depends on the draws from another."""

    weights: np.random.Generator
    shuffle: np.random.Generator
    holdout: np.random.Generator
    dropout: np.random.Generator

    @classmethod
    def of_seed(cls, seed: int) -> Self:
        """Return the generators of a seed, the same ones each time.

        Examples
        --------
        >>> from skscratch.training.state import Streams
        >>> first, second = Streams.of_seed(0), Streams.of_seed(0)
        >>> first.shuffle.integers(100) == second.shuffle.integers(100)
        np.True_
        """
        return cls(*map(np.random.default_rng, np.random.SeedSequence(seed).spawn(4)))


def draw_seed(random_state: Any) -> int:
    """Return the seed that a checked random_state stands for.

    An int is its own seed. A RandomState or a Generator is advanced by one draw. None takes fresh
    entropy from the operating system. NumPy's global state is never touched. Ranks that share a fit
    get the seed of rank 0.

    Examples
    --------
    >>> from skscratch.training.state import draw_seed
    >>> draw_seed(42)
    42
    """
    shared = ranks.get()
    seed = _drawn(random_state)
    return seed if shared is None else int(shared.exchange(seed)[0])


def _drawn(random_state: Any) -> int:
    """Return the seed of this process."""
    if random_state is None:
        return int(np.random.SeedSequence().entropy)  # type: ignore[arg-type]
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(np.iinfo(np.uint32).max, dtype="u8"))
    return int(random_state)


@dataclass
class TrainingState:
    """The state of one training run. It holds copies, so the estimator is unchanged until the end.

    Parameters
    ----------
    arch : Architecture
    theta : ndarray of shape (P,)
        The parameters that the optimizer changes.
    params : Parameters
        Views into theta.
    seed : int
        The seed of the random streams.
    shuffle, dropout : Generator
        The streams that draw the order of rows and the dropout masks.
    optimizer : OptimizerState or None
        None before the first step, and for L-BFGS.
    ema : EMA or None
        The running average of theta.
    scaling : Scaling or None
        The scaling of the network's inputs.
    target_scaling : TargetScaling or None
        The scaling of the targets that the network is trained on.
    history : History
        The numbers of every epoch, including those of earlier runs.
    best_loss : float
        The lowest training loss.
    n_epochs, n_samples_seen : int
        Epochs trained and samples seen, including those of earlier runs.
    best : BestWeights or None
        The best parameters of the run.
    keeps_best : bool
        Whether the result is the best parameters instead of the current ones.
    best_validation_score : float or None
        The score of the result, if the result was chosen on validation rows.

    Examples
    --------
    >>> import copy
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture, allocate
    >>> from skscratch.training.state import TrainingState
    >>> arch, rng = Architecture((1, 1), (), LogisticCrossEntropy()), np.random.default_rng(0)
    >>> state = TrainingState(arch, *allocate(arch.sizes, np.float64), 0, rng, rng)
    >>> before = copy.deepcopy(state.state_dict())
    >>> state.theta += 1
    >>> state.load_state_dict(before)
    >>> state.theta
    array([0., 0.])
    """

    arch: Architecture
    theta: NDArray[Any]
    params: Parameters
    seed: int
    shuffle: np.random.Generator
    dropout: np.random.Generator
    optimizer: OptimizerState | None = None
    ema: EMA | None = None
    scaling: Scaling | None = None
    target_scaling: TargetScaling | None = None
    history: History = field(default_factory=lambda: History({}))
    best_loss: float = float("inf")
    n_epochs: int = 0
    n_samples_seen: int = 0
    best: BestWeights | None = None
    keeps_best: bool = False
    best_validation_score: float | None = None

    @classmethod
    def start(cls, config: TrainingConfig, data: Dataset, seed: int) -> Self:
        """Return the state of a new network: initial weights, biases of zero."""
        arch, streams = config.arch, Streams.of_seed(seed)
        theta, params = allocate(arch.sizes, config.dtype, arch.members)
        n_rows = rows_per_buffer(arch, data.X)
        for W, initializer in zip(params.weights, config.initializers, strict=True):
            for of_member in W.reshape(-1, *W.shape[-2:]):
                of_member[...] = initializer(streams.weights, *W.shape[-2:])
        shuffle, dropout, history = streams.shuffle, streams.dropout, History({})
        state = cls(arch, theta, params, seed, shuffle, dropout, history=history)
        state.target_scaling = data.target_scaling
        if config.standardize and not issparse(data.X):
            state.scaling = find_scaling(data.X, data.w, n_rows, config.dtype)
        if config.given is not None:
            state._write(config.given)
        return state

    def _write(self, given: Parameters) -> None:
        """Write given arrays, which are for unscaled X and targets, over the initial ones."""
        params = self.unscaled(self.theta)
        for arrays, own in zip(params, given, strict=True):
            for array, new in zip(arrays, own, strict=True):
                if new is not None:
                    array[...] = new
        (*weights, W), (*biases, b) = params
        if self.target_scaling is not None:
            loss = cast(RegressionLoss, self.arch.loss)
            W, b = loss.unfold_target(W, b, *self.target_scaling)
        params = Parameters([*weights, W], [*biases, b])
        params = params if self.scaling is None else self.scaling.unfold(params)
        for own_arrays, arrays in zip(self.params, params, strict=True):
            for own_array, array in zip(own_arrays, arrays, strict=True):
                own_array[...] = array
        for b, new in zip(self.params.biases, given.biases, strict=True):
            if new is None:
                b[...] = 0

    @property
    def W(self) -> NDArray[Any]:
        """All the weights as one vector: the part of theta that is regularised."""
        W: NDArray[Any] = self.theta[: sum(W.size for W in self.params.weights)]
        return W

    @property
    def current(self) -> NDArray[Any]:
        """The parameters to predict with now: the moving average if there is one, or theta."""
        current: NDArray[Any] = self.theta if self.ema is None else self.ema.mean
        return current

    @property
    def result(self) -> NDArray[Any]:
        """The parameters to publish."""
        if self.keeps_best and self.best is not None:
            best: NDArray[Any] = self.best.theta
            return best
        return self.current

    def unscaled(self, theta: Any, *, targets: bool = True) -> Parameters:
        """Return the parameters of networks from unscaled X to unscaled targets.

        They are views into theta unless the inputs or the targets are scaled. Without ``targets``,
        the networks predict scaled targets.
        """
        params = views(theta, self.arch.sizes, self.arch.members)
        if self.scaling is not None:
            params = self.scaling.fold(params)
        if targets and self.target_scaling is not None:
            (*weights, W), (*biases, b) = params
            loss = cast(RegressionLoss, self.arch.loss)
            W, b = loss.fold_target(W, b, *self.target_scaling)
            params = Parameters([*weights, W], [*biases, b])
        return params

    def network(self, theta: Any, *, targets: bool = True) -> tuple[Architecture, Parameters]:
        """Return the merged network of the members with parameters theta, for unscaled X.

        Without ``targets``, the network predicts scaled targets.
        """
        arch, members = self.arch.for_prediction(), self.arch.members
        params = self.unscaled(theta, targets=targets)
        if members > 1:
            p, *hidden, q = arch.sizes
            sizes = p, *(members * width for width in hidden), q
            arch, params = replace(arch, sizes=sizes, members=1), merge_members(params)
        return arch, params

    def record(self, loss: float, penalty: float, **row: float) -> None:
        """Add an epoch to the history and to the counters."""
        # the history stores the penalty in float32: the loss takes the rounding error
        rounded = float(np.float32(min(penalty, 1e38)))
        loss, penalty = loss + (penalty - rounded), rounded
        self.history.append(loss=loss, penalty=penalty, **row)
        self.n_epochs += 1
        self.best_loss = min(self.best_loss, loss + penalty)

    def counters(self) -> dict[str, Any]:
        """Return the counters, which are a part of ``state_dict``."""
        return {
            "counted": {
                "best_loss": self.best_loss,
                "n_epochs": self.n_epochs,
                "n_seen": self.n_samples_seen,
                "n_rows": len(self.history.columns["loss"]),
            }
        }

    def state_dict(self) -> dict[str, Any]:
        """Return everything that an epoch changes, in plain containers; arrays are not copied.

        The part "learned" has the parameters, the optimizer state and the random streams. The part
        "counted" has the counters. The names are those in checkpoint files.
        """
        return {
            "learned": {
                "theta": self.theta,
                "memory": {} if self.optimizer is None else self.optimizer.state_dict(),
                "mean": None if self.ema is None else self.ema.mean,
                "n_averaged": 0 if self.ema is None else self.ema.n,
                "shuffle": self.shuffle.bit_generator.state,
                "dropout": self.dropout.bit_generator.state,
            },
            **self.counters(),
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Load in place the parts of a ``state_dict`` that ``saved`` has."""
        if "learned" in saved:
            learned, memory = saved["learned"], saved["learned"]["memory"]
            if self.ema is not None:
                np.copyto(self.ema.mean, learned["mean"])
                self.ema.n = learned["n_averaged"]
            np.copyto(self.theta, learned["theta"])
            if self.optimizer is None:
                self.optimizer = OptimizerState.from_state_dict(copy.deepcopy(memory))
            else:
                self.optimizer.load_state_dict(memory)
            self.shuffle.bit_generator.state = learned["shuffle"]
            self.dropout.bit_generator.state = learned["dropout"]
        if "counted" in saved:
            counted = saved["counted"]
            self.best_loss, self.n_epochs = counted["best_loss"], counted["n_epochs"]
            self.n_samples_seen = counted["n_seen"]
            self.history.keep_first(counted["n_rows"])
