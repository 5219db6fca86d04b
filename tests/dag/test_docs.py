"""Every command that the documents show works."""

import re
import shlex

import pytest

pytestmark = pytest.mark.dag

DOCUMENTS = ("README.md", "config/README.md")


def commands(repository, document: str) -> list[str]:
    """The lines of a document's shell blocks, without remarks."""
    blocks = re.findall(r"```bash\n(.*?)```", (repository / document).read_text(), re.S)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_documents_show_commands(repository):
    assert all(commands(repository, document) for document in DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_snakemake_command_plans(repository, checkout, document, data_folder, monkeypatch):
    monkeypatch.setenv("COSMODAG_DATA", str(data_folder))
    for line in commands(repository, document):
        program, *words = shlex.split(line)
        if program == "snakemake":
            checkout.snakemake(*words, "-n", "--quiet", "all")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_cosmodag_command_runs(repository, checkout, document):
    for line in commands(repository, document):
        program, *words = shlex.split(line)
        if program == "cosmodag" and words[0] != "verify":  # test_rerun verifies real results
            code, printed = checkout.python("-m", "cosmodag", *words)
            assert code == 0, f"{line}: {printed}"


def test_every_make_target_that_is_shown_exists(repository):
    makefile = (repository / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    for document in DOCUMENTS:
        shown = re.findall(r"(?:^|`)make ([a-z-]+)", (repository / document).read_text(), re.M)
        assert set(shown) <= targets


def test_help_shows_an_example_of_every_stage(checkout):
    for stage in ("split", "train", "evaluate", "report", "voids grid", "reionization simulate"):
        code, printed = checkout.python("-m", "cosmodag", *stage.split(), "--help")
        assert code == 0
        assert f"Example: cosmodag {stage}" in " ".join(printed.split())
