"""Accuracy and log-loss on tables, against scikit-learn's MLPClassifier and gradient boosting.

    python -m benchmarks.accuracy [FOLDER] [--seeds 3] [--only "alpha 1" ...] [--out accuracy]

Run it from the checkout with the extra ``plot``. FOLDER holds CSV files, ``*.csv.gz``, with a
header and the label in the column ``target``. Without FOLDER, the data are the sets in scikit-learn
and ten sets drawn from formulas. Every candidate gets the same rows: 3 stratified folds per seed,
of at most 10 000 rows, with imputed and scaled numbers and one-hot categories, in float32. Nothing
is tuned to a set. The candidates take turns, with one thread each.

The output is Markdown. OUT.png is the figure. OUT.csv has the scores of every fit.
"""

import argparse

from benchmarks.accuracy import figure, report
from benchmarks.accuracy.candidates import CANDIDATES
from benchmarks.accuracy.data import sets
from benchmarks.accuracy.fits import measure
from benchmarks.accuracy.summary import REFERENCE
from benchmarks.machine import versions


def main(arguments=None):
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="has *.csv.gz; default: sets without a file")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--out", default="accuracy", help="name of the files, without an ending")
    options = parser.parse_args(arguments)
    # in the order of the table, and always with the reference
    names = [name for name in CANDIDATES if name in {REFERENCE, *options.only}]
    print(", ".join(f"{name} {version}" for name, version in versions().items()), "\n")
    print(report.reasons(names), "\n", flush=True)
    candidates = {name: CANDIDATES[name] for name in names}
    scores = measure(candidates, sets(options.folder), options.seeds)
    scores.to_csv(f"{options.out}.csv", index=False)
    print(report.per_set(scores))
    print("### All sets\n", report.summarised(scores), sep="\n")
    if any(candidate.is_line for candidate in candidates.values()):
        print("\n### Leave-one-set-out selection\n", report.chosen(scores), sep="\n")
    figure.draw(scores, f"{options.out}.png")


if __name__ == "__main__":
    main()
