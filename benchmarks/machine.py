"""The machine of a benchmark: its versions, and the cores to use."""

import os
import platform
from contextlib import suppress
from importlib import metadata

__all__ = ["heading", "pin", "versions"]

PACKAGES = ("skscratch", "numpy", "scipy", "scikit-learn", "torch", "jax")
PACKAGES += ("lightgbm", "xgboost", "catboost", "pytabkit", "skrub")


def pin(cores):
    """Restrict this process, and the processes that it starts, to some cores, such as "0,1".

    Call this before NumPy is imported, because BLAS counts the cores only once.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise SystemExit("Only Linux can keep a process to a core.")
    os.sched_setaffinity(0, map(int, cores.split(",")))


def versions():
    """Return the architecture of the machine, and the versions of Python and of packages."""
    found = {"machine": platform.machine(), "python": platform.python_version()}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def heading(cores):
    """Return two lines to print above the results."""
    what = ", ".join(f"{name} {version}" for name, version in versions().items())
    return f"{what}\ncores {cores}; load before {os.getloadavg()[0]:.2f}\n"
