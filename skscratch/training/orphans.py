"""The end of a worker process whose parent has been killed."""

import os
import threading
import time
from functools import cache

__all__ = ["end_with"]


@cache
def end_with(parent: int) -> None:
    """End this process soon after its parent has ended.

    Otherwise a worker of joblib waits minutes for more work, or longer to send a large result.

    Parameters
    ----------
    parent : int
        The number of the parent's process. Nothing is done if it is not that of the parent: then
        the process has been started by something else, perhaps on another machine.

    Examples
    --------
    >>> import os
    >>> from skscratch.training.orphans import end_with
    >>> end_with(os.getpid())  # a process is not its own parent
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    if os.getppid() == parent:
        threading.Thread(target=watch, daemon=True).start()
