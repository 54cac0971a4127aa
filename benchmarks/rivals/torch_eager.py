"""torch as in its tutorials: modules, autograd and an optimizer, step by step."""

from time import perf_counter

import torch
from torch import nn

__all__ = ["timer"]

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def timer(work):
    """Return the timer."""
    X, y = (torch.from_numpy(array) for array in work.data())
    model, loss_function = network(work)
    if work.sizes[-1] == 1:
        y = y[:, None].to(X.dtype)
    rate, decay = work.learning_rate_init, work.alpha / work.n_rows
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[work.solver]
    optimizer = kind(model.parameters(), lr=rate, weight_decay=decay)

    def seconds_per_step():
        start = perf_counter()
        for _ in range(work.n_epochs):
            for rows in torch.randperm(work.n_rows).split(work.batch_size):
                optimizer.zero_grad()
                loss_function(model(X[rows]), y[rows]).backward()
                optimizer.step()
        return (perf_counter() - start) / (work.n_epochs * work.n_steps)

    return seconds_per_step


def network(work):
    """Return the module with the initial weights of the work, and its loss."""
    layers = []
    for W in work.weights():
        linear = nn.Linear(*W.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T))
            linear.bias.zero_()
        layers += [linear, ACTIVATIONS[work.activation]()]
    loss = nn.BCEWithLogitsLoss if work.sizes[-1] == 1 else nn.CrossEntropyLoss
    return nn.Sequential(*layers[:-1]), loss()
