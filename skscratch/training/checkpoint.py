"""A run's state in a file that is complete or not there.

The file is a line that says what it is, the SHA-256 digest of the rest, and the rest: NumPy's
``npz``, with everything that is not an array as JSON in one of its members. Reading it runs no code
of the file's, and takes no more memory than a few times the file's size.
"""

import hashlib
import io
import json
import math
import os
import zipfile
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.lib import format as npy

from skscratch.training.files import replacing

__all__ = ["check", "read", "write"]

MAGIC = b"skscratch checkpoint 1\n"
DIGEST_SIZE = hashlib.sha256().digest_size
NUMBERS = "biuf"  # the kinds of an array's dtype


def write(path: Any, content: dict[str, Any]) -> None:
    """Write nested dicts and lists of arrays, numbers, strings and None.

    Whenever the process dies, path holds either what it held before or all of content.

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
    """Return what ``write`` wrote.

    Raises
    ------
    ValueError
        If the file is not one of these, or is damaged or cut short, or holds what ``write`` does
        not write.
    """
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError("it is no checkpoint, or one that another version of skscratch wrote")
        digest = file.read(DIGEST_SIZE)
        if hashlib.file_digest(file, "sha256").digest() != digest:
            raise ValueError("it is damaged or cut short")
        try:
            return _content(file)
        except Exception as error:  # whatever someone has put behind a digest that is right
            raise ValueError(
                "it holds what skscratch does not write, such as a pickle or compressed arrays "
                f"({type(error).__name__}: {error})"
            ) from error


def _content(file: Any) -> dict[str, Any]:
    """Return what an open file holds, once the sizes that it declares are known to be true."""
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
    """Return an array of numbers, no larger than its part of the file."""
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
    """Raise unless found has the keys, strings, types, and shapes and dtypes of arrays of expected.

    Whole numbers must not be negative. Floats and arrays may hold whatever their dtype can.

    Raises
    ------
    ValueError
        Naming the first part that differs.

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
