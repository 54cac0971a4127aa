"""Floor 1: time. Batches, epochs, when to stop, and what a run needs in order to go on.

``epoch.run_epoch`` is the textbook loop; ``lbfgs.minimize`` is the full-batch solver over the
same two passes. Nothing here knows scikit-learn or labels.
"""
