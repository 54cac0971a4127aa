"""Writing of files that are either complete or not there, even if the process dies."""

import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

try:
    import fcntl
except ImportError:  # on Windows, where an open file cannot be removed
    fcntl = None  # type: ignore[assignment]

__all__ = ["possible", "replacing"]

# An empty file of this age, in seconds, has no writer that is about to lock it.
LOCKED_WITHIN = 3600
NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


@contextlib.contextmanager
def replacing(path: Any) -> Iterator[BinaryIO]:
    """Open a new file for writing, which replaces path at the end of the block.

    Until then, the new file has a temporary name in the folder of path. No existing file is written
    to, and no link is followed. If the block raises, the new file is removed. If the process is
    killed, the next write to path removes it.

    Parameters
    ----------
    path : path-like
        The file to replace. It need not exist, but its folder must. A link is itself replaced.

    Yields
    ------
    file : binary file

    Raises
    ------
    OSError
        If the file cannot be written. path is then unchanged.

    Examples
    --------
    >>> import os, tempfile
    >>> from skscratch.training.files import replacing
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(os.path.join(folder, "run")) as file:
    ...         _ = file.write(b"complete")
    ...     os.listdir(folder)
    ['run']
    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.skscratch-{secrets.token_hex(8)}.tmp")
    # "x": O_CREAT and O_EXCL
    with open(temporary, "xb", opener=_open) as file:
        try:
            _hold(file)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if os.name == "nt":
                file.close()  # Windows cannot rename an open file
            # still locked, or the write of another process would take the file for a left-over
            temporary.replace(path)
        finally:
            file.close()
            with contextlib.suppress(OSError):
                temporary.unlink()
    _remove_left_over(path)


def possible(path: Any) -> bool:
    """Return whether path is a regular file, or could be one in a folder that exists."""
    path = Path(path)
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return os.path.isdir(os.path.dirname(os.path.realpath(path)))
    except (OSError, ValueError):  # a circle of links, or a NUL in the path
        return False


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | NO_LINKS, 0o666)  # the umask decides who may read it


def _hold(file: Any) -> bool:
    """Lock an open file for writing; return False if the lock is already held."""
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _remove_left_over(path: Path) -> None:
    """Remove the files that killed writes to path have left; keep files that are being written."""
    ours = re.compile(re.escape(path.name) + r"\.skscratch-[0-9a-f]{16}\.tmp")
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if not (ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)):
                continue
            found = entry.stat()
            if not found.st_size and time.time() - found.st_mtime < LOCKED_WITHIN:
                continue
            with contextlib.suppress(OSError), open(entry, "rb", opener=_open) as file:
                if _hold(file):
                    os.unlink(entry)
