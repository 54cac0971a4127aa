"""Training: batches, epochs, L-BFGS, early stopping, checkpoints, and the state of a run.

``loop.train_epoch`` is the textbook loop of stochastic training. ``lbfgs.minimize`` is the
full-batch solver over the same two passes. No module here imports scikit-learn.
"""
