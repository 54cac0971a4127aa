#!/usr/bin/env python3
# /// script
# dependencies = ["nox>=2025.11.12"]
# ///
"""Every check in an environment of its own: ``nox`` runs all but ``nightly``, ``nox -s lint`` one.

``.ci/run`` runs these sessions and the two commands of README.md.
"""

import configparser
import shutil
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.11.12"
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = True

IMPORT = """
import importlib.resources, skscratch
assert importlib.resources.files(skscratch).joinpath("py.typed").is_file()
assert "site-packages" in skscratch.__file__
print(skscratch.__version__, skscratch.__file__)
"""
# Tests that take seconds, from the passes and the estimator to the pages of the sdist.
PACKAGED = ("tests/core", "tests/datasets", "tests/estimators/test_predictions.py")
PACKAGED += ("tests/test_package.py",)


@nox.session
def tests(session):
    """The test suite on the newest releases; arguments after ``--`` go to pytest."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-n", "auto", *session.posargs)


@nox.session
def exhaustive(session):
    """The cases that ``tests`` leaves out, and four times as many of the properties."""
    session.install("-e", ".[test]")
    session.env["HYPOTHESIS_PROFILE"] = "exhaustive"
    command = ("python", "-m", "pytest", "-n", "auto", "-m", "exhaustive or hypothesis")
    session.run(*command, *session.posargs)


@nox.session(default=False)
def nightly(session):
    """Ten times as many cases of the properties as ``exhaustive``, other ones each time."""
    session.install("-e", ".[test]")
    session.env["HYPOTHESIS_PROFILE"] = "nightly"
    session.run("python", "-m", "pytest", "tests/estimators/test_properties.py", *session.posargs)


@nox.session
def lint(session):
    """Faults, formatting and spelling."""
    session.install("-e", ".[lint]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("codespell")


@nox.session
def review(session):
    """The repository beside the Scientific Python Library Development Guide."""
    session.install("-e", ".[lint]")
    session.run("repo-review", "--show", "err", ".")


@nox.session
def types(session):
    """Static types: of the package, and of a script that uses it."""
    session.install("-e", ".[lint,test]")
    session.run("mypy")
    session.run("python", "-m", "pytest", "tests/test_typing.py")


@nox.session
def oracle(session):
    """Gradients, steps and schedules against torch; here a skipped test is a failure."""
    session.install("-e", ".[test,oracle]")
    run_without_skips(session, "tests/core/test_torch_oracle.py", "tests/core/test_optimizers.py")


@nox.session
def extras(session):
    """What needs ONNX, emlearn, tuners, Dask, MPI, pyarrow, skrub, shap or notebooks; no skips."""
    others = ("ipykernel", "ipywidgets", "nbclient", "mpich", "polars", "shap", "emlearn")
    others += ("optuna", "pyarrow", "scikit-optimize")
    session.install("-e", ".[test,callbacks,distributed,mpi,onnx,skops,tables]", *others)
    files = ["test_onnx.py", "test_skops.py", "scale_out", "distributed", "callbacks"]
    files += ["export", "tuning"]
    files += ["test_tutorial.py", "estimators/test_callbacks.py", "preprocessing/test_tabular.py"]
    files += ["preprocessing/test_piecewise_linear.py", "inspection"]
    shows = "test_docs.py::test_examples_print_what_they_show"
    files += [f"{shows}[scale-out]", f"{shows}[guide/tables]"]
    modules = "skscratch/onnx.py", "skscratch/preprocessing"
    run_without_skips(session, *modules, *(f"tests/{name}" for name in files))


@nox.session
def compat(session):
    """The estimator on scikit-learn 1.8, between the lowest version and the newest."""
    session.install("-e", ".[test]", "scikit-learn==1.8.*")
    session.run("python", "-m", "pytest", "-n", "auto", "tests/estimators", *session.posargs)


@nox.session
def docs(session):
    """The site, in docs/_build/html; a warning is an error. Before it, its examples."""
    session.install("-e", ".[docs,test]")
    files = ("tests/test_docs.py", "tests/test_docstrings.py")
    session.run("python", "-m", "pytest", "-m", "", *files)
    session.run("sphinx-build", "-W", "--keep-going", "docs", "docs/_build/html", *session.posargs)


@nox.session(python="3.11")
def floors(session):
    """The test suite on the lowest versions that setup.cfg allows."""
    # 2026-11: pyparsing 3.3 deprecates names that matplotlib 3.8 calls.
    session.install("-e", ".[test]", "pyparsing<3.3", *lowest_versions())
    session.run("python", "-m", "pytest", "-n", "auto", *session.posargs)


@nox.session
def package(session):
    """Build sdist and wheel, check what an index shows, and test each far from the checkout."""
    session.install("build", "twine>=6.1", "readme-renderer[md]")
    with tempfile.TemporaryDirectory() as folder:
        session.run("python", "-m", "build", "--outdir", folder)
        (sdist,), (wheel,) = Path(folder).glob("*.tar.gz"), Path(folder).glob("*.whl")
        session.run("twine", "check", "--strict", sdist, wheel)
        session.run("python", "-m", "venv", f"{folder}/venv")
        python = f"{folder}/venv/bin/python"
        session.run(python, "-m", "pip", "install", "--quiet", f"{wheel}[test]", external=True)
        shutil.unpack_archive(sdist, folder)
        source = Path(folder, sdist.name.removesuffix(".tar.gz"))
        shutil.rmtree(source / "skscratch")  # the tests import what is installed
        with session.chdir(source):
            for built in (wheel, sdist):
                again = ("--quiet", "--force-reinstall", "--no-deps", built)
                session.run(python, "-m", "pip", "install", *again, external=True)
                session.run(python, "-c", IMPORT, external=True)
                session.run(python, "-m", "pytest", *PACKAGED, external=True)


def run_without_skips(session, *tests):
    """Run tests, the exhaustive ones too; one that is skipped is a failure.

    Unless it needs data beside the checkout.
    """
    report = session.run("python", "-m", "pytest", "-m", "", *tests, silent=True)
    print(report)
    skipped = [line for line in report.splitlines() if line.startswith("SKIPPED")]
    if not all("../shared/data" in line for line in skipped):
        session.error("tests were skipped that are to run here")


def lowest_versions():
    """Return all that the tests need as ``name==lowest version``."""
    config = configparser.ConfigParser()
    config.read("setup.cfg")
    extras = config["options.extras_require"]
    lines = [config["options"]["install_requires"], extras["plot"], extras["test"]]
    return [line.replace(">=", "==") for line in "".join(lines).split() if ">=" in line]


if __name__ == "__main__":
    nox.main()
