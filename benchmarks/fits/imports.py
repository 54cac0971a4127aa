"""The cost of an import in a process that has already imported NumPy and parts of scikit-learn."""

import compileall
import json
import subprocess
import sys
from functools import partial

import skscratch
from benchmarks.fits.tables import Row, Table
from benchmarks.fits.timing import interleaved

__all__ = ["measure"]

MIN_ROUNDS = 11
LARGE = ["pandas", "matplotlib", "torch", "dask", "jax"]
CODE = """
import json, sys
from time import perf_counter
import numpy, sklearn.base, sklearn.utils.validation
before = [name for name in {large} if name in sys.modules]
start = perf_counter()
import {module}
seconds = perf_counter() - start
new = [name for name in {large} if name in sys.modules and name not in before]
print(json.dumps([seconds, before, new]))
"""


def measure(rounds, mnist):
    """Return the table."""
    # installation compiles too; without bytecode every import would compile, because some settings
    # forbid imports to write bytecode
    compileall.compile_dir(skscratch.__path__[0], quiet=1)
    modules = ("skscratch", "sklearn.neural_network")
    measures = {module: partial(imported, module) for module in modules}
    answers = interleaved(measures, max(rounds, MIN_ROUNDS))
    seconds = {module: [answer[0] for answer in answers[module]] for module in modules}
    _, before, new = answers["skscratch"][0]
    note = (
        f"Of {', '.join(LARGE)}, `import skscratch` loads {', '.join(new) or 'none'}; "
        f"scikit-learn had loaded {', '.join(before) or 'none'} before."
    )
    return Table(
        "Import, beyond NumPy and scikit-learn's base", [Row("import", "ms", seconds)], note
    )


def imported(module):
    """Return the seconds, and the packages of LARGE loaded before the import and by the import."""
    code = CODE.format(module=module, large=LARGE)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)
