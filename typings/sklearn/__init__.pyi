# Only what the package subclasses has types: mypy can then check the attributes of self.
from typing import Any

def __getattr__(name: str) -> Any: ...
