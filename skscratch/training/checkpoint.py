"""Checkpoints: the state of a fit in a file that is complete or does not exist.

The file begins with a line that names the format. The SHA-256 digest of the rest follows. The rest
has NumPy's format ``npz``; one of its members holds everything but the arrays, as JSON. Reading a
file never runs code from it, and takes no more memory than a few times the size of the file.
"""

import hashlib
import io
import json
import math
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

import numpy as np
from numpy.lib import format as npy

from skscratch._warnings import warn
from skscratch.training.files import replacing

__all__ = ["CheckpointFile", "check", "read", "write"]

MAGIC = b"skscratch checkpoint 1\n"
DIGEST_SIZE = hashlib.sha256().digest_size
NUMBERS = "biuf"  # the kinds of an array's dtype


def write(path: Any, content: dict[str, Any]) -> None:
    """Write nested dicts and lists of arrays, numbers, strings and None.

    Even if the process dies, path holds either its former content or all of the new content.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from skscratch.training import checkpoint
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run")
    ...     checkpoint.write(path, {"theta": np.zeros(2), "t": 3})
    ...     checkpoint.read(path)
    {'theta': array([0., 0.]), 't': 3}
    """
    arrays: dict[str, Any] = {}

    def refer(value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray) or value.dtype.kind not in NUMBERS:
            raise TypeError(f"A checkpoint cannot hold {value!r}.")
        arrays[f"array{len(arrays)}"] = value
        return {"__array__": f"array{len(arrays) - 1}"}

    text = json.dumps(content, default=refer).encode()
    buffer = io.BytesIO()
    np.savez(buffer, json=np.frombuffer(text, np.uint8), **arrays)
    payload = buffer.getbuffer()
    with replacing(path) as file:
        file.write(MAGIC + hashlib.sha256(payload).digest())
        file.write(payload)


def read(path: Any) -> dict[str, Any]:
    """Return the content that ``write`` saved.

    Raises
    ------
    ValueError
        If the file is not a checkpoint, is damaged or cut short, or holds anything that
        ``write`` never writes.
    """
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError("it is not a checkpoint, or another version of skscratch wrote it")
        digest = file.read(DIGEST_SIZE)
        if hashlib.file_digest(file, "sha256").digest() != digest:
            raise ValueError("it is damaged or cut short")
        try:
            return _content(file)
        except Exception as error:  # anything may stand behind a correct digest
            raise ValueError(
                "it holds what skscratch does not write, such as a pickle or compressed arrays "
                f"({type(error).__name__}: {error})"
            ) from error


def _content(file: Any) -> dict[str, Any]:
    """Return the content of an open file, after a check of the sizes that it declares."""
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        stored = all(
            info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
            for info in infos
        )
        size = os.fstat(file.fileno()).st_size
        if not stored or sum(info.file_size for info in infos) > size:
            raise ValueError("its parts are compressed, or larger than the file")

        def look_up(value: dict[str, Any]) -> Any:
            return _array(archive, value["__array__"]) if "__array__" in value else value

        text = _array(archive, "json").tobytes()
        content = json.loads(text, object_hook=look_up)
        if not isinstance(content, dict):
            raise ValueError(f"expected a dict, got {type(content).__name__}")
        return content


def _array(archive: zipfile.ZipFile, name: str) -> Any:
    """Return an array of numbers, after a check that it fills its part of the file exactly."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as part:
        if npy.read_magic(part) != (1, 0):
            raise ValueError("an array has another version")
        shape, _, dtype = npy.read_array_header_1_0(part)
        n_bytes = math.prod(shape) * dtype.itemsize
        if dtype.kind not in NUMBERS or part.tell() + n_bytes != info.file_size:
            raise ValueError(f"an array of {dtype} and shape {shape} is not what its part holds")
        part.seek(0)
        return npy.read_array(part, allow_pickle=False)


def check(found: Any, expected: Any, name: str = "content") -> None:
    """Raise unless found has the keys, strings, types, and shapes of arrays of expected.

    Whole numbers must not be negative. Floats and arrays may hold any value of their dtype.

    Raises
    ------
    ValueError
        The message names the first part that differs.

    Examples
    --------
    >>> from skscratch.training import checkpoint
    >>> checkpoint.check({"t": 3}, {"t": 0})
    >>> checkpoint.check({"t": "3"}, {"t": 0})
    Traceback (most recent call last):
    ...
    ValueError: its content['t'] is '3', not a whole number
    """
    if isinstance(expected, dict):
        if not isinstance(found, dict) or found.keys() != expected.keys():
            raise ValueError(f"its {name} does not have the parts {[*expected]}")
        for key, value in expected.items():
            check(found[key], value, f"{name}[{key!r}]")
    elif isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            raise ValueError(f"its {name} is not a list of {len(expected)} values")
        for i, value in enumerate(expected):
            check(found[i], value, f"{name}[{i}]")
    elif _kind(found) != _kind(expected):
        raise ValueError(f"its {name} is {_kind(found)}, not {_kind(expected)}")


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype.name} and shape {value.shape}"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, bool) or not isinstance(value, Real):
        return f"a {type(value).__name__}"
    if isinstance(value, Integral):
        return "a negative number" if value < 0 else "a whole number"
    return "a float"


class CheckpointFile:
    """The checkpoint file of one fit.

    Parameters
    ----------
    path : Path
    every_epochs, every_seconds : float or None
        Interval between two saves; None leaves the decision to the other one.
    owner : dict
        Hashes of everything that the fit depends on: "seed", "parameters", and the parts named in
        ``PARTS``.
    former_parameters : dict
        Hashes of the values to assume for parameters that a file of a former version lacks.
    seed_is_free : bool
        Whether the seed in the file may differ from the seed in owner.
    n_epochs : int
        Epochs trained before the fit.
    """

    # the parts of a fit, and what determines each
    PARTS: ClassVar[dict[str, str]] = {
        "architecture": "hidden_layer_sizes, n_members, dtype or the outputs: {theirs}, now {own}",
        "data set": "X, y, groups, sample_weight or class_weight",
        "validation set": "X_val, y_val, sample_weight_val or class_weight",
        "fitted network": "its weights, or the epochs before",
    }

    def __init__(
        self,
        path: Path,
        every_epochs: float | None,
        every_seconds: float | None,
        owner: dict[str, Any],
        former_parameters: dict[str, str],
        seed_is_free: bool,
        n_epochs: int,
    ) -> None:
        self.path, self.owner, self.former_parameters = path, owner, former_parameters
        self.every_epochs, self.every_seconds = every_epochs, every_seconds
        self.seed_is_free, self._n_epochs, self._time = seed_is_free, n_epochs, monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the content that an earlier call saved, or None. Take over the seed in it.

        Raises
        ------
        ValueError
            If the file is damaged, or belongs to another fit.
        """
        if not self.path.exists():
            return None
        with self.blamed():
            content = read(self.path)
            owner = content.get("belongs_to")
            if not isinstance(owner, dict) or owner.keys() != self.owner.keys():
                raise ValueError("it does not hold the state of a fit")
            self._check_owner(owner)
        self.owner["seed"] = owner["seed"]
        return content

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Raise any error of the block as a ValueError that names the file."""
        try:
            yield
        except Exception as error:  # a file from someone else may cause any error
            raise ValueError(
                f"checkpoint={str(self.path)!r} cannot be resumed: {error}. To start anew, "
                "remove the file or name another one."
            ) from error

    def _check_owner(self, owner: dict[str, Any]) -> None:
        """Raise unless the checkpoint was written by a call like this one."""
        own = self.owner
        check(owner["seed"], own["seed"], "seed")
        faults = [
            f"for another {part} ({what.format(theirs=owner[part], own=own[part])})"
            for part, what in self.PARTS.items()
            if owner[part] != own[part]
        ][:1]  # the others may follow from it
        theirs = owner["parameters"]
        if not isinstance(theirs, dict):
            raise ValueError("its parameters are not a dict")
        known = self.former_parameters | theirs
        other = [n for n, value in sorted(own["parameters"].items()) if known.get(n) != value]
        if not self.seed_is_free and owner["seed"] != own["seed"]:
            other.append("random_state")
        if other:
            faults.append(f"with another {', '.join(other)}")
        if faults:
            raise ValueError(f"it was written {', and '.join(faults)}")

    def save_if_due(self, n_epochs: int, content: Callable[[], dict[str, Any]]) -> None:
        """Save if enough epochs or seconds have gone by."""
        by_epochs = self.every_epochs is not None and n_epochs - self._n_epochs >= self.every_epochs
        seconds = monotonic() - self._time
        if by_epochs or (self.every_seconds is not None and seconds >= self.every_seconds):
            self.save(n_epochs, content)

    def save(self, n_epochs: int, content: Callable[[], dict[str, Any]]) -> None:
        """Save now. If writing fails, as on a full disk, warn instead of ending training."""
        try:
            write(self.path, {"belongs_to": self.owner, **content()})
        except OSError as error:
            warn(f"checkpoint: {error}. Training continues.")
        self._n_epochs, self._time = n_epochs, monotonic()
