"""Everything but the single training step, side by side with scikit-learn's MLPClassifier.

One module per topic, each with ``measure(rounds, mnist)``, which returns a ``tables.Table``.
"""
