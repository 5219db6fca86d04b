"""The recipes for a new experiment and a new network work when they are followed literally."""

import json
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
NETWORK_PAGE = "docs/adding-a-network.md"
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
    copy_checkout(folder, repository)
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


def test_the_new_network_is_known_to_configurations_and_trains(followed):
    """On the dataset of the new experiment, so that nothing is simulated again."""
    for name, text in documents.files(NETWORK_PAGE).items():
        (followed / name).write_text(text)
    reference, settings = (
        block.text for block in documents.blocks(NETWORK_PAGE) if block.language == "yaml"
    )
    schema = followed / "workflow/cosmodag/schema.yaml"
    before = '      - {$ref: "#/$defs/dense_model"}\n'
    text = schema.read_text()
    assert before in text
    schema.write_text(text.replace(before, before + reference) + "\n" + settings)
    for command in documents.commands(NETWORK_PAGE):
        (followed / "docs").mkdir(exist_ok=True)
        run(command, followed)
    configuration = followed / "config/fields.yaml"
    text = re.sub(r"model: \{.*\}", "model: {name: pooled, width: 4}", configuration.read_text())
    configuration.write_text(text)
    run("cosmodag config config/fields.yaml", followed)
    printed = run("snakemake --cores 1 --configfile config/fields.yaml -- fields", followed)
    assert "fields_simulate" not in printed
    description = json.loads((followed / "results/fields/runs/slope/run.json").read_text())
    assert description["model"]["name"] == "pooled"
