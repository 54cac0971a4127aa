"""One module per rival, each with ``timer(work)``.

``timer`` prepares and returns a function without arguments that trains for ``work.n_epochs``
epochs and returns the seconds per training step. Whatever happens once per fit is left out.
"""
