"""The parameters of the estimators by what they are for: a page of the reference."""

import inspect

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor

__all__ = ["GROUPS", "page"]

KINDS = (ScratchMLPClassifier, ScratchMLPRegressor)
GROUPS = {
    "Architecture": (
        "hidden_layer_sizes activation weight_init coefs_init intercepts_init trainable dtype"
    ),
    "Targets and loss": "loss quantile soft_labels class_weight temperature_scaling",
    "Optimisation": (
        "solver batch_size shuffle learning_rate learning_rate_init power_t decay_steps decay_rate"
        " warmup_steps momentum nesterovs_momentum beta_1 beta_2 epsilon max_grad_norm ema_decay"
        " random_state"
    ),
    "Stopping and validation": (
        "max_iter max_fun tol n_iter_no_change n_updates_no_change early_stopping"
        " validation_fraction scoring refit verbose"
    ),
    "Regularisation": "alpha weight_decay dropout label_smoothing",
    "Ensemble": "n_members n_jobs",
    "Input": "standardize",
    "Persistence": "warm_start checkpoint checkpoint_epochs checkpoint_seconds",
}


def page():
    """Return the page in reST: a table for each group, made of signatures and docstrings."""
    title = "Parameters by purpose"
    parts = [f"{title}\n{'=' * len(title)}\n\n"]
    parts.append("A default of one estimator only is marked: C stands for\n")
    parts.append(":class:`~skscratch.ScratchMLPClassifier`, and R for\n")
    parts.append(
        ":class:`~skscratch.ScratchMLPRegressor`. Their pages describe all parameters.\n\n"
    )
    described = [descriptions(kind) for kind in KINDS]
    for group, names in GROUPS.items():
        parts.append(f"{group}\n{'-' * len(group)}\n\n")
        parts.append(".. list-table::\n   :header-rows: 1\n   :widths: 25 25 50\n\n")
        parts.append("   * - parameter\n     - default\n     - meaning\n")
        for name in names.split():
            text = next(texts[name] for texts in described if name in texts)
            parts.append(f"   * - ``{name}``\n     - {default(name)}\n     - {text}\n")
        parts.append("\n")
    return "".join(parts)


def default(name):
    """Return the default of a parameter, or that of each estimator where these differ."""
    values = {
        kind.__name__.removeprefix("ScratchMLP")[0]: f"``{found[name].default!r}``"
        for kind in KINDS
        if name in (found := inspect.signature(kind).parameters)
    }
    if len(values) == len(KINDS) and len({*values.values()}) == 1:
        return values["C"]
    return ", ".join(f"{value} ({letter})" for letter, value in values.items())


def descriptions(kind):
    """Return the first sentence that the docstring of a class says of each parameter."""
    from numpydoc.docscrape import NumpyDocString

    found = {}
    for entry in NumpyDocString(inspect.getdoc(kind))["Parameters"]:
        text = " ".join(line.strip() for line in entry.desc)
        sentence = text.partition(". ")[0].rstrip(".:") + "."
        found |= dict.fromkeys(entry.name.replace("*", "").split(", "), sentence)
    return found
