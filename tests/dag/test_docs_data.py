"""The pages of `docs/your-data` run as they are written, and what they write is described.

The examples are small, so that a page takes about a minute. Commands on real data are planned by
test_docs.py.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import pandas as pd
import pytest

from tests import documents
from tests.checkout import copy_checkout, share_compiled

pytestmark = [pytest.mark.dag, pytest.mark.slow]

PAGES = [page for page in documents.pages() if page.startswith("docs/your-data/")]


def run_page(page: str, folder: Path) -> None:
    """Save a page's files in a checkout and run its commands there."""
    for name, text in documents.files(page).items():
        (folder / name).write_text(text)
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "PYTHONPATH": str(folder / "workflow")}
    for command in documents.commands(page):
        if command.startswith("export ") or "config/examples/" in command:
            continue
        command = re.sub(r"^cosmodag ", "python -m cosmodag ", command)
        done = subprocess.run(
            command,
            shell=True,
            cwd=folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        share_compiled(folder)


def described(name: str) -> bool:
    """Whether the page on outputs describes a column, channel or dataset of this name."""
    return any(re.fullmatch(pattern, name) for pattern in PATTERNS)


def _patterns() -> list[str]:
    text = (documents.ROOT / "docs" / "outputs.md").read_text()
    names = {name for code in re.findall(r"`([^`\n]+)`", text) for name in code.split(", ")}
    places = (re.sub(r"<\w+>", "\0", name) for name in names)
    return [re.escape(name).replace("\0", r"\w+") for name in places if name != "\0"]


PATTERNS = _patterns()


def written_names(results: Path) -> set[str]:
    """Return the names of all columns, channels, datasets and keys in some results."""
    names: set[str] = set()
    for path in results.rglob("index.parquet"):
        names |= set(pd.read_parquet(path))
    for path in results.rglob("selections/*/*.parquet"):
        names |= set(pd.read_parquet(path))
    for path in results.rglob("predictions/*.csv"):
        if not path.name.endswith(".numbers.csv"):  # those of figures
            names |= set(pd.read_csv(path))
    for path in results.rglob("dataset.json"):
        description = json.loads(path.read_text())
        names |= {*description["x_channels"], *description["y_channels"]}
    for path in results.rglob("metrics.json"):
        names |= set(json.loads(path.read_text()))
    for path in results.rglob("predictions.h5"):
        with h5py.File(path) as file:
            names |= set(file)
    return names


@pytest.mark.parametrize("page", PAGES)
def test_page_runs_as_written_and_its_outputs_are_described(page, tmp_path, repository):
    checkout = copy_checkout(tmp_path, repository)
    run_page(page, checkout.folder)
    names = written_names(checkout.folder / "results")
    assert len(names) > 20
    assert sorted(name for name in names if not described(name)) == []
    for configuration in (name for name in documents.files(page) if name.endswith(".yaml")):
        code, printed = checkout.python("-m", "cosmodag", "verify", f"results/{configuration[:-5]}")
        assert code == 0, printed
