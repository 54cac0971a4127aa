"""Compare untuned models on tables: ours, scikit-learn's perceptrons and gradient boosting.

    python -m benchmarks.accuracy [FOLDER] [--regression] [--seeds 3] [--max-rows 10000]
    python -m benchmarks.accuracy FOLDER --rivals [--regression]
    python -m benchmarks.accuracy FOLDER --raw [--regression]

Run it from the checkout with the extra ``plot``. FOLDER holds CSV files, ``*.csv.gz``, with a
header and the label or number in the column ``target``. Without FOLDER, the data are sets in
scikit-learn and sets drawn from formulas. Every candidate gets the same rows: 3 folds per seed, of
at most MAX_ROWS rows, with imputed and scaled numbers and one-hot categories, in float32. Folds of
classification are stratified. Nothing is tuned to a set. The candidates take turns, with one thread
each. Times are processor times.

``--rivals`` compares with LightGBM, XGBoost and CatBoost, of the extra ``bench``, and with
RealMLP-TD and TabM, which ``pip install pytabkit`` brings. ``--raw`` passes the tables as they are
to pipelines that prepare them. It needs the extra ``tables``. A candidate without its package is
left out.

The output is Markdown. OUT.png is the figure. OUT.csv has the scores of every fit.
"""

import argparse
from dataclasses import replace

from benchmarks.accuracy import figure, report
from benchmarks.accuracy.data import sets
from benchmarks.accuracy.fits import measure
from benchmarks.accuracy.rivals import raw, rivals
from benchmarks.accuracy.tasks import CLASSIFICATION, REGRESSION
from benchmarks.machine import versions


def main(arguments=None):
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="has *.csv.gz; default: sets without a file")
    parser.add_argument("--regression", action="store_true", help="the target is a number")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--rivals", action="store_true", help="other packages, not our settings")
    which.add_argument("--raw", action="store_true", help="pipelines that prepare tables")
    parser.add_argument("--max-rows", type=int, default=10_000, help="of each set, at random")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", help="names of candidates; default: all")
    parser.add_argument("--out", default="accuracy", help="name of the files, without an ending")
    options = parser.parse_args(arguments)
    task = chosen_task(options)
    unknown = {*(options.only or ())} - {*task.candidates}
    if unknown:
        parser.error(f"unknown candidates: {sorted(unknown)}. There are {[*task.candidates]}.")
    # in the order of the table, and always with the reference
    kept = {task.reference, *(options.only or task.candidates)}
    candidates = {name: task.candidates[name] for name in task.candidates if name in kept}
    candidates = installed(parser, task, candidates)
    print(", ".join(f"{name} {version}" for name, version in versions().items()), "\n")
    print(report.reasons(task, candidates), "\n", flush=True)
    scores = measure(task, candidates, sets(task, options.folder, options.max_rows), options.seeds)
    scores.to_csv(f"{options.out}.csv", index=False)
    print(report.per_set(task, scores))
    print("### All sets\n", report.summarised(task, scores), sep="\n")
    print("", report.ranked(task, scores), sep="\n")
    own = not (options.rivals or options.raw)
    if own and any(candidate.is_line for candidate in candidates.values()):
        print("\n### Leave-one-set-out selection\n", report.chosen(task, scores), sep="\n")
    figure.draw(task, scores, f"{options.out}.png")


def chosen_task(options):
    """Return the task with the candidates that the options ask for."""
    task = REGRESSION if options.regression else CLASSIFICATION
    kind = "Regressor" if options.regression else "Classifier"
    if options.rivals:
        return replace(task, candidates=rivals(kind))
    if options.raw:
        return replace(task, candidates=raw(kind), raw=True)
    return task


def installed(parser, task, candidates):
    """Return the candidates whose packages are there, and print those that are left out."""
    missing = {name: c.needs for name, c in candidates.items() if not c.is_installed}
    if task.reference in missing:
        parser.error(f"{task.reference} needs {missing[task.reference]}, which is not installed.")
    for name, package in missing.items():
        print(f"{name} is left out: {package} is not installed.\n")
    return {name: candidates[name] for name in candidates if name not in missing}


if __name__ == "__main__":
    main()
