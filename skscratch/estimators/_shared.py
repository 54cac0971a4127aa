"""A call of ``fit`` or ``partial_fit`` that ranks share: its beginning, its hooks, its checkpoint.

Each rank keeps its rows of X. y and the weights are small, so every rank gets all of them. Choices
that depend on them are then made by the same code as in one process.
"""

import copyreg
import zlib
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from numbers import Real
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse, vstack

from skscratch._compat import InvalidParameterError
from skscratch.estimators._auto import is_lbfgs
from skscratch.estimators._fitted import fitted_parameters
from skscratch.training.checkpoint import CheckpointFile
from skscratch.training.collective import Ranks, Rows
from skscratch.training.config import TrainingConfig
from skscratch.training.outcome import Outcome
from skscratch.training.state import TrainingState

__all__ = ["SharedFile", "SharedHooks", "begin_call", "check_shared_data"]

# Parameters that only rank 0 uses. A checkpoint must be set on all ranks or on none.
OF_RANK_0 = {"verbose", "checkpoint", "checkpoint_epochs", "checkpoint_seconds"}
# All ranks take the seed that rank 0 draws, so the states of these need not be the same.
GENERATORS = (np.random.Generator, np.random.RandomState)
# Of a longer text, the beginning and a digest are compared.
LONGEST = 200


def begin_call(shared: Ranks, estimator: Any, **others: Any) -> None:
    """Raise on all ranks unless all make the same call on the same estimator, and can share it.

    ``others`` are the arguments of the call besides X, y and their weights. ``partial_fit`` has
    ``classes``, and ``fit`` has not.

    Raises
    ------
    RuntimeError
        If the ranks make different calls.
    ValueError
        If a parameter differs between ranks, or if ranks cannot share such a fit.
    """
    is_partial, groups, classes = "classes" in others, others.get("groups"), others.get("classes")
    call = f"{type(estimator).__name__}.{'partial_fit' if is_partial else 'fit'}"
    own = {
        name: _compared(value)
        for name, value in estimator.get_params(deep=False).items()
        if name not in OF_RANK_0
    }
    given = others | {"checkpoint": estimator.checkpoint}
    own |= {name: "None" if value is None else "given" for name, value in given.items()}
    own["classes"] = "None" if classes is None else repr(np.asarray(classes).tolist())
    if is_partial or estimator.warm_start:
        own["the fitted network"] = _digest(estimator)
    _check_same(shared.exchange(own, call))
    if groups is not None:
        raise ValueError(
            "groups are not known to all ranks of data_parallel. Pass X_val and y_val of other "
            "groups instead."
        )
    if not is_partial:
        _refuse(estimator, others["X_val"] is not None)


def _check_same(of_ranks: list[dict[str, Any]]) -> None:
    """Raise if an entry differs between ranks."""
    for name, value in of_ranks[0].items():
        for rank, other in enumerate(of_ranks):
            if other[name] != value:
                raise ValueError(
                    f"{name} is {value} on rank 0, but {other[name]} on rank {rank}. All ranks of "
                    "data_parallel must have the same."
                )


def _refuse(estimator: Any, has_validation_set: bool) -> None:
    """Raise if ranks cannot share a fit with these parameters."""
    fault = ""
    if is_lbfgs(estimator.solver):
        fault = "solver='lbfgs' compares all rows with each other. Set solver='adam'."
    elif estimator.n_jobs not in (None, 1):
        fault = f"n_jobs={estimator.n_jobs} divides the members of one process. Set n_jobs=None."
    elif not (isinstance(estimator.scoring, str) and estimator.scoring == "loss"):
        fault = (
            f"scoring={estimator.scoring!r} needs the predictions for all validation rows at one "
            "place. Set scoring='loss', which is a sum over rows."
        )
    elif not has_validation_set and not isinstance(estimator.validation_fraction, Real):
        fault = (
            f"validation_fraction={estimator.validation_fraction!r} needs all rows at one place. "
            "Set a fraction, or pass X_val and y_val."
        )
    if fault:
        raise InvalidParameterError(f"{fault} data_parallel cannot share such a fit.")


def _compared(value: Any) -> str:
    """Return a text that is the same on all ranks for equal parameters.

    Numbers of different types differ: NumPy computes with 0.5 otherwise than with np.float64(0.5).
    """
    try:
        return _text(value, {})
    except RecursionError:  # a chain of very many objects
        return _kind(value)


def _text(value: Any, seen: dict[int, tuple[Any, str]]) -> str:
    """Return a text on a value, made of all that it contains.

    ``seen`` are the objects met before, by id, each with its text. Where an object contains itself,
    and where it cannot be taken apart, only its class is in the text.
    """
    if value is None or isinstance(value, (str, bytes, bool, Real)):
        return _beginning(repr(value))
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        digest = _crc(value.tobytes())
        return f"an array of {value.dtype}, shape {value.shape} and digest {digest}"
    if id(value) not in seen:
        seen[id(value)] = value, _kind(value)
        seen[id(value)] = value, _beginning(_composed(value, partial(_text, seen=seen)))
    return seen[id(value)][1]


def _composed(value: Any, text: Callable[[Any], str]) -> str:
    """Return the text on a value from the texts of its parts."""
    if isinstance(value, Mapping):
        items = sorted(value.items(), key=lambda item: text(item[0]))
        return f"{{{', '.join(f'{text(k)}: {text(v)}' for k, v in items)}}}"
    if isinstance(value, Set):
        return f"{{{', '.join(sorted(map(text, value)))}}}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(text, value))}]"
    parts = ", ".join(map(text, _parts(value)))
    return f"{_kind(value)} of {parts}" if parts else _kind(value)


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"


def _beginning(text: str) -> str:
    """Return a text, or the beginning and a digest of a long one."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... (digest {_crc(text.encode())})"


def _parts(value: Any) -> Sequence[Any]:
    """Return what an object is made of: of a function its code, otherwise what pickle stores."""
    if isinstance(value, GENERATORS):
        return ()
    if isinstance(value, type):
        return value.__module__, value.__qualname__
    if isinstance(value, CodeType):
        return value.co_code, value.co_names, value.co_consts
    try:
        if isinstance(value, FunctionType):
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            defaults = value.__defaults__, value.__kwdefaults__
            return value.__qualname__, value.__code__, *defaults, cells
        registered = copyreg.dispatch_table.get(type(value))
        stored: Any = value.__reduce_ex__(4) if registered is None else registered(value)
    except Exception:  # a lock, for instance, or a method of the user that fails
        return ()
    if isinstance(stored, str):  # the name of a global object
        return (stored,)
    if stored[0] is copyreg.__newobj__:  # type: ignore[attr-defined]
        stored = (*stored[1][1:], *stored[2:])  # without the class
    return [part for part in stored if part is not None]


def _crc(data: Any) -> str:
    return f"{zlib.crc32(data):08x}"


def _digest(estimator: Any) -> str:
    """Return a text about the fitted network, by its numbers."""
    if "coefs_" not in vars(estimator):
        return "not fitted"
    number = 0
    weights, biases = fitted_parameters(estimator)
    for array in (*weights, *biases):
        number = zlib.crc32(np.ascontiguousarray(array).data, number)
    return f"one of {estimator.n_iter_} epochs and digest {number:08x}"


class _Part(NamedTuple):
    """A rank's message to the other ranks about its rows."""

    y: Any
    w: Any
    n: int
    features: tuple[int, list[str] | None]
    dtypes: list[Any]


def check_shared_data(
    shared: Ranks, check: Callable[..., Any], estimator: Any, X: Any, y: Any, w: Any, *more: Any
) -> tuple[Any, ...]:
    """Return X as ``Rows``, and y and the weights of all ranks, in the order of the ranks.

    ``check(estimator, X, y, w, *more)`` checks the rows of one rank. If it also returns a dtype,
    the last result is the common one of all ranks. A rank may have no rows.
    """
    part, local = None, None
    if _n_rows(X) != 0:
        part, local = _own_part(check, estimator, X, y, w, *more)
    parts: list[_Part | None] = shared.exchange(part, "a check of data")
    full = [(rank, other) for rank, other in enumerate(parts) if other is not None]
    if not full:
        raise ValueError("X has no rows on any rank of data_parallel. One row is needed at least.")
    _check_fitting(full)
    _, first = full[0]
    n_features, names = first.features
    dtype, *common = map(np.result_type, *(other.dtypes for _, other in full))
    if local is None:
        local = np.empty((0, n_features), dtype)
        estimator.n_features_in_ = n_features
        if names is not None:
            estimator.feature_names_in_ = np.array(names, object)
    ys = [other.y for _, other in full]
    y = vstack(ys, "csr") if issparse(first.y) else np.concatenate(ys)
    w = None if first.w is None else np.concatenate([other.w for _, other in full])
    if w is not None and not w.any():
        raise ValueError("sample_weight is zero for every row; at least one must be positive.")
    counts = [0 if other is None else other.n for other in parts]
    return Rows(shared, local, counts, dtype), y, w, *common


def _n_rows(X: Any) -> int | None:
    """Return the number of rows, or None if X is something that the check refuses."""
    shape = getattr(X, "shape", None)
    if shape is not None:
        return int(shape[0]) if len(shape) else None
    return len(X) if hasattr(X, "__len__") else None


def _own_part(
    check: Callable[..., Any], estimator: Any, X: Any, y: Any, w: Any, *more: Any
) -> tuple[_Part, Any]:
    """Return the checked rows of this rank: what all ranks get, and X."""
    # the weights of a rank may all be 0, if those of another are not
    absent = w is not None and not np.any(np.asarray(w))
    weights = np.ones(np.shape(w)) if absent else w
    X, y, w, *dtypes = check(estimator, X, y, weights, *more)
    if issparse(X):
        raise TypeError("X must be dense in data_parallel. Convert the rows: X.toarray().")
    names = getattr(estimator, "feature_names_in_", None)
    features = X.shape[1], None if names is None else list(names)
    return _Part(y, 0 * w if absent else w, X.shape[0], features, [X.dtype, *dtypes]), X


def _check_fitting(full: list[tuple[int, _Part]]) -> None:
    """Raise unless the rows of all ranks can be rows of one X, one y and one sample_weight."""
    described = [_described(part) for _, part in full]
    for (rank, _), other in zip(full, described, strict=True):
        for name, value in described[0].items():
            if other[name] != value:
                raise ValueError(
                    f"{name} is {value} on rank {full[0][0]}, but {other[name]} on rank {rank}. "
                    "The rows of all ranks of data_parallel make one data set."
                )


def _described(part: _Part) -> dict[str, Any]:
    """Return what must be the same for the rows of all ranks."""
    n_features, names = part.features
    kind = "sparse" if issparse(part.y) else "text" if _is_text(part.y) else "numbers"
    return {
        "the number of features of X": n_features,
        "the feature names of X": names,
        "the number of columns of y": part.y.shape[1] if part.y.ndim > 1 else "none (a vector)",
        "the kind of y": kind,
        "sample_weight": "None" if part.w is None else "given",
    }


def _is_text(y: Any) -> bool:
    return y.dtype.kind in "US" or (y.dtype.kind == "O" and isinstance(y.flat[0], str))


class SharedHooks:
    """Hooks that rank 0 calls; all ranks stop, or raise, where rank 0 does.

    Parameters
    ----------
    shared : Ranks
    hooks : Hooks
        The hooks of one process.
    """

    def __init__(self, shared: Ranks, hooks: Any) -> None:
        self._shared, self._hooks = shared, hooks

    def begin(self, config: TrainingConfig, state: TrainingState, keep_optimizer: bool) -> None:
        """Begin the fit; ``keep_optimizer`` says whether the model keeps the optimizer state."""
        self._call("begin", config, state, keep_optimizer)

    def resume(self, state: TrainingState) -> None:
        """Report that training continues from a checkpoint."""
        self._call("resume", state)

    def begin_epoch(self, state: TrainingState, name: str = "epoch") -> None:
        """Begin an epoch."""
        self._call("begin_epoch", state, name)

    def end_epoch(self, state: TrainingState) -> bool:
        """End the epoch; return on all ranks whether a callback asks to stop."""
        return bool(self._call("end_epoch", state))

    def end_training(self, state: TrainingState, outcome: Outcome) -> None:
        """Report how training ended."""
        self._call("end_training", state, outcome)

    def end(self) -> None:
        """End the fit."""
        self._call("end")

    def _call(self, name: str, *args: Any) -> Any:
        return self._shared.on_first(lambda: getattr(self._hooks, name)(*args) is True)


class SharedFile(CheckpointFile):
    """A checkpoint file that rank 0 reads and writes."""

    def __init__(self, shared: Ranks, *args: Any) -> None:
        super().__init__(*args)
        self._shared = shared

    def load(self) -> dict[str, Any] | None:
        """Return on all ranks what rank 0 reads."""
        content: dict[str, Any] | None = self._shared.on_first(super().load)
        if content is not None:
            self.owner["seed"] = content["belongs_to"]["seed"]
        return content

    def save(self, n_epochs: int, content: Callable[[], dict[str, Any]]) -> None:
        """Save on rank 0."""
        if self._shared.rank == 0:
            super().save(n_epochs, content)
