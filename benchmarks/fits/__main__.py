"""Fits, searches, predictions and the import, compared with scikit-learn's MLPClassifier.

    python -m benchmarks.fits [--mnist mnist_train.csv.gz] [--cores 0] [--rounds 5]
                              [--json fits.json] [--only defaults search ...]

Run it from the checkout. Every topic has its own process. The two sides take turns, A B A B ...,
round by round. The output is Markdown: medians and their ratios. Absolute times depend on the
machine. Ratios depend on it less. The search runs with two jobs only if ``--cores`` names two
cores.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.fits import (
    column_major,
    defaults,
    imports,
    integers,
    prediction,
    search,
    sparse,
    whole,
)
from benchmarks.fits.process import apart
from benchmarks.machine import heading, pin, versions

TOPICS = {
    "defaults": defaults,
    "whole": whole,
    "search": search,
    "prediction": prediction,
    "column_major": column_major,
    "integers": integers,
    "sparse": sparse,
    "imports": imports,
}


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", type=Path, help='a file of "MNIST in CSV"')
    parser.add_argument("--cores", default="0", help="cores to run on, as in 0,1")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where to write every single number")
    parser.add_argument("--only", nargs="+", choices=TOPICS, default=list(TOPICS))
    options = parser.parse_args()
    pin(options.cores)  # the topics have processes of their own
    print(heading(options.cores))
    tables = {}
    for topic in options.only:
        tables[topic] = apart(TOPICS[topic].measure, options.rounds, options.mnist)
        print(tables[topic].markdown(), flush=True)
    if options.json:
        report = {name: asdict(table) for name, table in tables.items()}
        report = {"cores": options.cores, **versions(), "seconds_or_bytes": report}
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
