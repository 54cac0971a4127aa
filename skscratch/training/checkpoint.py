"""A run's state in a file that is complete or not there.

The file is a line that says what it is, the SHA-256 digest of the rest, and the rest: NumPy's
``npz``, with everything that is not an array as JSON in one of its members. Reading it runs no code
of the file's.
"""

import contextlib
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["read", "write"]

MAGIC = b"skscratch checkpoint 1\n"
DIGEST_SIZE = hashlib.sha256().digest_size


def write(path: Any, content: dict[str, Any]) -> None:
    """Write nested dicts and lists of arrays, numbers, strings and None.

    A temporary file beside it is renamed once it is complete: whenever the process dies, path holds
    either what it held before or all of content.

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
        if not isinstance(value, np.ndarray) or value.dtype.hasobject:
            raise TypeError(f"A checkpoint cannot hold {value!r}.")
        arrays[f"array{len(arrays)}"] = value
        return {"__array__": f"array{len(arrays) - 1}"}

    text = json.dumps(content, default=refer).encode()
    buffer = io.BytesIO()
    np.savez(buffer, json=np.frombuffer(text, np.uint8), **arrays)
    payload = buffer.getbuffer()
    temporary = Path(f"{os.fspath(path)}.tmp")  # always the same: what a kill leaves, goes
    try:
        with temporary.open("wb") as file:
            file.write(MAGIC + hashlib.sha256(payload).digest())
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def read(path: Any) -> dict[str, Any]:
    """Return what ``write`` wrote.

    Raises
    ------
    ValueError
        If the file is not one of these, or is damaged or cut short.
    """
    data = Path(path).read_bytes()
    if not data.startswith(MAGIC):
        raise ValueError("it is no checkpoint, or one that another version of skscratch wrote")
    start = len(MAGIC) + DIGEST_SIZE
    digest, payload = data[len(MAGIC) : start], data[start:]
    if hashlib.sha256(payload).digest() != digest:
        raise ValueError("it is damaged or cut short")
    with np.load(io.BytesIO(payload), allow_pickle=False) as members:

        def look_up(value: dict[str, Any]) -> Any:
            return members[value["__array__"]] if "__array__" in value else value

        content: dict[str, Any] = json.loads(members["json"].tobytes(), object_hook=look_up)
        return content
