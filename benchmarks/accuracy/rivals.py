"""Our one-liner for tables beside gradient boosting and other networks, all with defaults.

Packages are imported when a candidate is made. Only the number of threads and the output are set.
"""

from functools import partial
from importlib import import_module

from sklearn.pipeline import make_pipeline

import skscratch
from benchmarks.accuracy.candidate import Candidate
from skscratch.preprocessing import PiecewiseLinearEncoder, make_tabular_pipeline

__all__ = ["raw", "rivals"]

QUIET = {
    "lightgbm": {"n_jobs": 1, "verbose": -1},
    "xgboost": {"n_jobs": 1},
    "catboost": {"thread_count": 1, "verbose": False, "allow_writing_files": False},
    "pytabkit": {"n_threads": 1, "device": "cpu"},
}


def rivals(kind):
    """Return the candidates on prepared tables. ``kind`` is "Classifier" or "Regressor"."""
    ours = f"ScratchMLP{kind}"
    return {
        "with codes": Candidate(
            "the reference for all others: thresholds as columns",
            kind=partial(with_codes, ours),
            code=f"make_pipeline(PiecewiseLinearEncoder(), {ours}())",
        ),
        "defaults": Candidate("without the codes", kind=getattr(skscratch, ours)),
        "HistGradientBoosting": rival(
            "gradient boosting", "sklearn.ensemble", f"HistGradientBoosting{kind}"
        ),
        "LightGBM": rival("gradient boosting", "lightgbm", f"LGBM{kind}"),
        "XGBoost": rival("gradient boosting", "xgboost", f"XGB{kind}"),
        "CatBoost": rival("gradient boosting, slower", "catboost", f"CatBoost{kind}"),
        "RealMLP-TD": rival("a network with defaults for tables", "pytabkit", f"RealMLP_TD_{kind}"),
        "TabM-D": rival("32 networks that share weights", "pytabkit", f"TabM_D_{kind}"),
    }


def raw(kind):
    """Return the candidates on tables as they are. ``kind`` is "Classifier" or "Regressor"."""
    ours, word = f"ScratchMLP{kind}", kind.lower()
    boosting = f'skrub.tabular_pipeline("{word}")'
    return {
        "skrub, gradient boosting": Candidate(
            "the reference for all others", {"what": word}, of_skrub, "skrub", boosting
        ),
        "skrub, network": Candidate(
            "our network behind skrub's preparation",
            {"what": ours},
            of_skrub,
            "skrub",
            f"skrub.tabular_pipeline({ours}())",
        ),
        "make_tabular_pipeline": Candidate(
            "our network behind our preparation",
            {"name": ours},
            tabular,
            "skrub",
            f"make_tabular_pipeline({ours}())",
        ),
    }


def rival(why, module, name):
    """Return the candidate of another package."""
    package = module.split(".")[0]
    make = partial(imported, module, name)
    return Candidate(why, QUIET.get(package, {}), make, package, f"{name}()")


def imported(module, name, **params):
    """Return an estimator of a module that is imported only now."""
    return getattr(import_module(module), name)(**params)


def with_codes(name, random_state):
    """Return our estimator behind the encoder."""
    return make_pipeline(
        PiecewiseLinearEncoder(), imported("skscratch", name, random_state=random_state)
    )


def of_skrub(what, random_state):
    """Return skrub's pipeline for a word, or for an estimator of ours."""
    import skrub

    if what.startswith("Scratch"):
        return skrub.tabular_pipeline(imported("skscratch", what, random_state=random_state))
    pipeline = skrub.tabular_pipeline(what)
    return pipeline.set_params(**{f"{pipeline.steps[-1][0]}__random_state": random_state})


def tabular(name, random_state):
    """Return our pipeline for a table."""
    return make_tabular_pipeline(imported("skscratch", name, random_state=random_state))
