"""The ranks that share the calls of ``fit`` in a block of ``skscratch.distributed.data_parallel``.

``ranks.get()`` is None outside of such a block. Threads that the block starts are outside of it.
"""

from contextvars import ContextVar
from typing import Any

__all__ = ["ranks"]

ranks: ContextVar[Any] = ContextVar("ranks", default=None)
