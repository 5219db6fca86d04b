"""Every command that README and documentation show works, and the site builds.

Commands of Snakemake are planned (``-n``) here, because whole experiments take minutes to hours;
commands of cosmodag run as they are shown. The pages of `docs/your-data` are complete examples:
`test_docs_data.py` runs them as they are written, and `test_docs_experiment.py` follows the recipe
for a new experiment.
"""

import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from cosmodag.checksums import require
from cosmodag.commands.main import main
from cosmodag.hdf5 import create_file
from docs import figures
from tests import documents
from tests.checkout import copy_checkout

pytestmark = pytest.mark.dag

LITERAL = ("docs/your-data/", "docs/adding-an-experiment.md", "docs/adding-a-network.md")
"""Pages whose commands other tests run as they are written."""
ELSEWHERE = {
    "make": "checked below; CI calls the targets",
    "pytest": "this is a test",
    "python": "run below or by the tests of pages that are complete examples",
    "export": "sets a variable for the next command",
    ".": "activates the environment",
    "du": "no command of the project",
    "digits=$(tail": "run below",
    "sed": "run below",
}
"""Other programs, and how their commands are tested."""
RESULTS = ("cosmodag summary results", "cosmodag verify results")
"""Commands that need finished results: test_docs_data.py and test_rerun.py run them."""


def shown(*programs: str) -> list[str]:
    """Return the commands of these programs outside of pages that other tests run whole."""
    whole = {
        command
        for page in documents.pages()
        if page.startswith(LITERAL)
        for command in documents.commands(page)
    }
    examples = {command for command in whole if "config/examples/" in command}
    return [c for c in documents.all_commands(*programs) if c not in whole - examples]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, repository):
    """A checkout with the configurations that the pages ask their reader to save."""
    checkout = copy_checkout(tmp_path_factory.mktemp("docs"), repository)
    (checkout.folder / "my.yaml").write_text("results: results/my\n")
    (checkout.folder / "stamps").mkdir()
    for page in documents.pages():
        for name, text in documents.files(page).items():
            if "/" not in name:
                (checkout.folder / name).write_text(text)
    return checkout


def test_commands_are_of_programs_that_tests_run():
    programs = {command.split()[0] for command in documents.all_commands()}
    assert programs <= {"snakemake", "cosmodag", *ELSEWHERE}


@pytest.mark.parametrize("command", shown("snakemake"))
def test_snakemake_command_plans(command, checkout, request, monkeypatch):
    if "config/examples/" in command:
        monkeypatch.setenv("COSMODAG_DATA", str(request.getfixturevalue("data_folder")))
    _, *words = shlex.split(command)
    plan = () if "--unlock" in words else ("--quiet", "all", "-n")
    checkout.snakemake(*plan, *words)


@pytest.mark.parametrize("command", [c for c in shown("cosmodag") if c not in RESULTS])
def test_cosmodag_command_runs(command, checkout, monkeypatch):
    monkeypatch.chdir(checkout.folder)
    _, *words = shlex.split(command)
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output


def test_make_targets_that_are_shown_exist(repository):
    targets = set(re.findall(r"^([a-z0-9-]+):", (repository / "Makefile").read_text(), re.M))
    for page in documents.pages():
        text = (repository / page).read_text()
        assert set(re.findall(r"(?:^|`)make ([a-z][a-z0-9-]*)", text, re.M)) <= targets


def test_help_shows_an_example_of_every_stage():
    for stage in ("split", "train", "evaluate", "report", "voids grid", "reionization simulate"):
        done = CliRunner().invoke(main, [*stage.split(), "--help"])
        assert done.exit_code == 0
        assert f"Example: cosmodag {stage}" in " ".join(done.output.split())


def test_a_checksum_can_be_computed_by_hand(tmp_path):
    with create_file(tmp_path / "grid.h5", "grid") as file:
        file["grid"] = np.random.default_rng(1).random(3_000_000)  # more than one block
    lines = [c for c in documents.commands("docs/outputs.md") if c.startswith(("digits", "sed"))]
    words = ["bash", "-c", "; ".join(lines)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == require(tmp_path / "grid.h5", "").sha256


def test_python_on_the_page_of_the_api_runs(checkout):
    for block in documents.blocks("docs/api.md"):
        code, printed = checkout.python("-c", block.text)
        assert code == 0, printed


def test_readme_has_at_most_120_lines(repository):
    assert len((repository / "README.md").read_text().splitlines()) <= 120


def test_readme_links_to_files_that_exist(repository):
    for page in documents.OTHERS:
        folder = (repository / page).parent
        for link in re.findall(r"\]\((?!http)([^)#]+)", (repository / page).read_text()):
            assert (folder / link).exists(), f"{page}: {link}"


def test_pages_are_free_of_private_words(repository):
    private = re.compile(
        r"given back|put to use|\bdealt\b|found again|\bsaid\b|\btold\b|\bholds?\b", re.I
    )
    for page in documents.pages():
        assert not private.search((repository / page).read_text()), page


def test_every_experiment_has_a_page_and_is_in_the_pipeline_figure(repository):
    from cosmodag import experiments

    assert (figures.IMAGES / "pipeline.svg").read_text() == figures.pipeline()
    for name in experiments.names():
        assert (repository / "docs" / "experiments" / f"{name}.md").is_file()


def test_workflows_and_hooks_call_what_the_makefile_calls(repository):
    makefile = (repository / "Makefile").read_text()
    workflow = yaml.safe_load((repository / ".github/workflows/ci.yml").read_text())
    for target in workflow["jobs"]["check"]["strategy"]["matrix"]["target"]:
        assert re.search(rf"^{target}:", makefile, re.M)
    hooks = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text())
    for hook in hooks["repos"][0]["hooks"]:
        assert hook["entry"].split()[0] in makefile
    for form in (repository / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        assert yaml.safe_load(form.read_text())


def test_the_site_builds_strictly_and_loads_nothing_from_the_network(repository, tmp_path):
    if shutil.which("mkdocs") is None:
        pytest.skip("mkdocs is absent: `make docs` installs it")
    words = ("build", "--strict", "--site-dir", str(tmp_path / "site"))
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", *words], cwd=repository, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    loaded = re.compile(
        r"""<(?:script|img|link(?! rel="canonical"))[^>]+(?:src|href)=["']?https?:"""
    )
    for page in (tmp_path / "site").rglob("*.html"):
        assert not loaded.search(page.read_text()), page
