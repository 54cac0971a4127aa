"""Tools for searches: sizes that tuners can sample, and spaces of parameters to search."""

from skscratch.tuning._layers import Layers
from skscratch.tuning._space import search_space

__all__ = ["Layers", "search_space"]
