"""Compare untuned models on tables: ours, scikit-learn's perceptrons and gradient boosting.

    python -m benchmarks.accuracy [FOLDER] [--regression] [--seeds 3] [--max-rows 10000]

Run it from the checkout with the extra ``plot``. FOLDER holds CSV files, ``*.csv.gz``, with a
header and the label or number in the column ``target``. Without FOLDER, the data are sets in
scikit-learn and sets drawn from formulas. Every candidate gets the same rows: 3 folds per seed, of
at most MAX_ROWS rows, with imputed and scaled numbers and one-hot categories, in float32. Folds of
classification are stratified. Nothing is tuned to a set. The candidates take turns, with one thread
each.

The output is Markdown. OUT.png is the figure. OUT.csv has the scores of every fit.
"""

import argparse

from benchmarks.accuracy import figure, report
from benchmarks.accuracy.data import sets
from benchmarks.accuracy.fits import measure
from benchmarks.accuracy.tasks import CLASSIFICATION, REGRESSION
from benchmarks.machine import versions


def main(arguments=None):
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="has *.csv.gz; default: sets without a file")
    parser.add_argument("--regression", action="store_true", help="the target is a number")
    parser.add_argument("--max-rows", type=int, default=10_000, help="of each set, at random")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", help="names of candidates; default: all")
    parser.add_argument("--out", default="accuracy", help="name of the files, without an ending")
    options = parser.parse_args(arguments)
    task = REGRESSION if options.regression else CLASSIFICATION
    unknown = {*(options.only or ())} - {*task.candidates}
    if unknown:
        parser.error(f"unknown candidates: {sorted(unknown)}. There are {[*task.candidates]}.")
    # in the order of the table, and always with the reference
    kept = {task.reference, *(options.only or task.candidates)}
    candidates = {name: task.candidates[name] for name in task.candidates if name in kept}
    print(", ".join(f"{name} {version}" for name, version in versions().items()), "\n")
    print(report.reasons(task, candidates), "\n", flush=True)
    scores = measure(task, candidates, sets(task, options.folder, options.max_rows), options.seeds)
    scores.to_csv(f"{options.out}.csv", index=False)
    print(report.per_set(task, scores))
    print("### All sets\n", report.summarised(task, scores), sep="\n")
    if any(candidate.is_line for candidate in candidates.values()):
        print("\n### Leave-one-set-out selection\n", report.chosen(task, scores), sep="\n")
    figure.draw(task, scores, f"{options.out}.png")


if __name__ == "__main__":
    main()
