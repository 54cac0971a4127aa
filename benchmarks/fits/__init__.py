"""All benchmarks against scikit-learn's MLPClassifier except that of a single training step.

Each topic is a module with a function ``measure(rounds, mnist)``, which returns a ``tables.Table``.
"""
