"""Times and memory of the package from commit to commit, with airspeed velocity.

    asv machine --yes                                 once, before anything else
    asv run --cpu-affinity 0                          the newest commit of main
    asv run --cpu-affinity 0 main~5..main             several commits
    asv run --cpu-affinity 0 -E existing:python --set-commit-hash HEAD
                                                      the installed package, saved as HEAD's
    asv continuous --cpu-affinity 0 main~1 main       two commits, compared
    asv publish; asv preview                          the curves over commits

Run it from the checkout with the extra ``bench``. ``--quick`` runs every benchmark once. The
settings are in ``asv.conf.json``. Each commit is built and installed in its own environment below
``.asv/``, where the results are stored too. BLAS has one thread.
"""

import os
import sys
import warnings
from pathlib import Path

# one BLAS thread, for stable times; NumPy reads this when it is loaded
os.environ["OMP_NUM_THREADS"] = "1"
# by default, asv benchmarks can only import their own package: this line adds rivals.works
sys.path.append(str(Path(__file__).resolve().parents[1]))
# most benchmarks end at max_iter on purpose
warnings.filterwarnings("ignore", "Training ended at max_iter")
