"""From scikit-learn's random_state to independent streams."""

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Streams", "draw_seed", "streams"]


class Streams(NamedTuple):
    """One generator per purpose, so that none depends on how much another has drawn."""

    weights: np.random.Generator
    shuffle: np.random.Generator
    holdout: np.random.Generator
    dropout: np.random.Generator


def draw_seed(random_state: Any) -> int:
    """Return the seed that a checked random_state stands for.

    An int is its own seed. A RandomState or a Generator is advanced by one draw. None takes fresh
    entropy from the operating system: NumPy's global state is never touched.
    """
    if random_state is None:
        return int(np.random.SeedSequence().entropy)  # type: ignore[arg-type]
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(np.iinfo(np.uint32).max, dtype="u8"))
    return int(random_state)


def streams(seed: int) -> Streams:
    """Return the streams of a seed, the same ones each time."""
    return Streams(*map(np.random.default_rng, np.random.SeedSequence(seed).spawn(4)))
