"""The recipe of `docs/adding-an-experiment.md`, followed literally, gives an experiment."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import documents
from tests.checkout import copy_checkout

pytestmark = [pytest.mark.dag, pytest.mark.slow]

PAGE = "docs/adding-an-experiment.md"
PLACES = (
    r"workflow/cosmodag/fields/.*",
    r"workflow/rules/fields\.smk",
    r"config/fields\.yaml",
    r"docs/experiments/fields\.md",
)


def test_the_recipe_touches_one_package_one_smk_one_configuration_and_one_page(repository):
    written = documents.files(PAGE)
    assert all(any(re.fullmatch(place, name) for place in PLACES) for name in written)
    assert not any((repository / name).exists() for name in written)


@pytest.fixture(scope="module")
def followed(tmp_path_factory, repository) -> Path:
    """A copy of the repository in which the page has been followed."""
    folder = tmp_path_factory.mktemp("fields")
    copy_checkout(folder, repository, caches=True)
    for name, text in documents.files(PAGE).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(command: str, folder: Path) -> str:
    """Run a command in the copy; return what it printed."""
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "PYTHONPATH": str(folder / "workflow")}
    done = subprocess.run(
        re.sub(r"^cosmodag ", "python -m cosmodag ", command),
        shell=True,
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def test_the_new_experiment_runs_to_a_report(followed):
    printed = [run(command, followed) for command in documents.commands(PAGE)]
    assert "fields/slope" in printed[-1]
    report = (followed / "results/fields/report.html").read_text()
    assert "Which slope does the power spectrum of a Gaussian random field have?" in report


def test_the_new_experiment_keeps_to_the_style(followed, repository):
    configuration = f"--config {repository / 'pyproject.toml'}"
    run(f"ruff check {configuration} workflow/cosmodag/fields", followed)
    run(f"ruff format --check {configuration} workflow/cosmodag/fields", followed)
    run("snakefmt --check workflow/rules/fields.smk", followed)


def test_the_new_experiment_appears_in_the_documentation(followed, repository):
    pytest.importorskip("mkdocs", reason="mkdocs is absent: `make docs` installs it")
    for name in ("mkdocs.yml", "docs", "README.md"):
        run(f"cp -rn {repository / name} .", followed)
    run("mkdocs build --strict", followed)
    assert "experiments/fields.html" in (followed / "site/index.html").read_text()
