"""One module per rival, each with ``timer(work)``.

``timer`` returns a function without arguments. The function trains for ``work.n_epochs`` epochs and
returns the seconds per training step, without the work that is done once per fit.
"""
