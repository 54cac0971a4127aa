"""An activation that goes off."""

import numpy as np

__all__ = ["Bomb"]


class Bomb:
    """The identity, until at one of its calls all goes to infinity."""

    def __init__(self, at, act=None):
        self.at, self.act, self.n_calls = at, act, 0

    def forward(self, z, a):
        self.n_calls += 1
        a[...] = z
        if self.n_calls == self.at:
            if self.act is None:
                a.fill(np.inf)
            else:
                self.act()

    def backward(self, z, a, delta):
        pass
