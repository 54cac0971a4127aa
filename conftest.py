"""Which files of the package have examples that can run here."""

import importlib.util

# scikit-learn has callbacks from 1.9 on
has_callbacks = importlib.util.find_spec("sklearn.callback") is not None
collect_ignore_glob = [] if has_callbacks else ["skscratch/callbacks/*.py"]
