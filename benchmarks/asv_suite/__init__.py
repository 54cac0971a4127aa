"""Times and memory of our own, followed over commits by airspeed velocity.

    asv machine --yes                                 once, before anything else
    asv run --cpu-affinity 0                          the newest commit of main
    asv run --cpu-affinity 0 main~5..main             several commits
    asv run --cpu-affinity 0 -E existing:python --set-commit-hash HEAD
                                                      what is installed here, saved as HEAD's
    asv continuous --cpu-affinity 0 main~1 main       two commits, compared
    asv publish; asv preview                          the curves over commits

Run from the checkout with the extra ``bench``; ``--quick`` runs every benchmark once. Settings are
in ``asv.conf.json``: each commit is built and installed in an environment of its own, below
``.asv/``, where the results go too, and BLAS has one thread.
"""

import os
import sys
import warnings
from pathlib import Path

# one BLAS thread, for steadier times; read when NumPy is loaded
os.environ["OMP_NUM_THREADS"] = "1"
# asv lets benchmarks import nothing beside their own package: this adds rivals.works
sys.path.append(str(Path(__file__).resolve().parents[1]))
# most benchmarks end at max_iter on purpose
warnings.filterwarnings("ignore", "Training ended at max_iter")
