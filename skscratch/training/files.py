"""A file that is complete or not there, whenever the process dies."""

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

try:
    import fcntl
except ImportError:  # on Windows, where nobody can remove a file that is open
    fcntl = None  # type: ignore[assignment]

__all__ = ["possible", "replacing"]

NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


@contextlib.contextmanager
def replacing(path: Any) -> Iterator[BinaryIO]:
    """Open a new file to write to, which takes the place of path when the block has ended.

    Until it is complete the file has a name of its own beside path: no file that is there already
    is written to, and no link is followed. If the block raises, the file is removed. If the
    process is killed, the next write to path removes the file.

    Parameters
    ----------
    path : path-like
        The file, which need not exist, in a folder that does. A link is itself replaced.

    Yields
    ------
    file : binary file

    Raises
    ------
    OSError
        If the file cannot be written; path is then as it was.

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
            file.close()  # Windows renames no open file
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
    except (OSError, ValueError):  # links in a circle; a NUL
        return False


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | NO_LINKS, 0o666)  # the umask decides who may read it


def _hold(file: Any) -> bool:
    """Mark an open file as one that somebody writes; return False if another holds it so."""
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _remove_left_over(path: Path) -> None:
    """Remove what writes to path have left that were killed; a file that is being written stays."""
    ours = re.compile(re.escape(path.name) + r"\.skscratch-[0-9a-f]{16}\.tmp")
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if not (ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)):
                continue
            if not entry.stat().st_size:  # its writer may be about to hold it
                continue
            with contextlib.suppress(OSError), open(entry, "rb", opener=_open) as file:
                if _hold(file):
                    os.unlink(entry)
