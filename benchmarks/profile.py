"""The time of a training step by kernel, in microseconds, for each work.

    python -m benchmarks.profile [--cores 0] [--rounds 5]

While ScratchMLPClassifier trains, every kernel is wrapped in a clock, so the kernels are timed with
the caches of real training. Nested kernels are not counted twice. The whole step is timed without
clocks, in runs of its own.
"""

import argparse
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from statistics import median
from time import perf_counter
from unittest import mock

from benchmarks.machine import pin

PASSES = ("forward", "backward")
ACTIVATIONS, LOSSES = ("ReLU", "Tanh"), ("SoftmaxCrossEntropy", "LogisticCrossEntropy")
KERNELS = {
    "products": [("layers", "_product"), ("layers", "linear_backward_input")],
    "biases": [("layers", "linear_forward"), ("layers", "linear_backward_parameters")],
    "activation": [(kind, name) for kind in ACTIVATIONS for name in PASSES],
    "loss": [(kind, name) for kind in LOSSES for name in PASSES],
    "optimizer": [("Optimizer", "step")],
    "gathering": [("_DenseRows", "gather")],
}


class Clock:
    """Sum of the seconds of calls, without nested calls."""

    def __init__(self):
        self.seconds = defaultdict(float)
        self._nested = [0.0]

    def wrap(self, kernel, function):
        """Return the function, timed."""

        def timed(*args, **kwargs):
            self._nested.append(0.0)
            start = perf_counter()
            result = function(*args, **kwargs)
            elapsed = perf_counter() - start
            self.seconds[kernel] += elapsed - self._nested.pop()
            self._nested[-1] += elapsed
            return result

        return timed


@contextmanager
def clocked():
    """Time every kernel while the block runs; yield the clock."""
    from skscratch.core import activations, layers, losses, optimizers
    from skscratch.training import data

    owners = {"layers": layers}
    for module in (activations, losses, optimizers, data):
        owners.update(vars(module))
    clock = Clock()
    with ExitStack() as stack:
        for kernel, places in KERNELS.items():
            for owner, name in places:
                timed = clock.wrap(kernel, getattr(owners[owner], name))
                stack.enter_context(mock.patch.object(owners[owner], name, timed))
        yield clock


def profile(work, rounds):
    """Return the microseconds per step of each kernel, and of the whole step without clocks."""
    from benchmarks.rivals import ours

    seconds_per_step = ours.timer(work)
    seconds_per_step()
    whole = median(seconds_per_step() for _ in range(rounds))
    with clocked() as clock:
        for _ in range(rounds):
            seconds_per_step()
    # the timer fits twice: once for one epoch, and once for one epoch more than it counts
    n_steps = rounds * (work.n_epochs + 2) * work.n_steps
    kernels = {kernel: clock.seconds[kernel] / n_steps for kernel in KERNELS}
    return {part: 1e6 * seconds for part, seconds in {**kernels, "a step": whole}.items()}


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cores", default="0", help="cores to run on, as in 0,1")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    pin(options.cores)
    from benchmarks.rivals.works import WORKS

    print(f"| work | {' | '.join(KERNELS)} | a step |\n" + "|---" * (len(KERNELS) + 2) + "|")
    for name, work in WORKS.items():
        parts = profile(work, options.rounds)
        print(f"| {name} | {' | '.join(f'{part:.1f}' for part in parts.values())} |", flush=True)


if __name__ == "__main__":
    main()
