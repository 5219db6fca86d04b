"""Checkouts of their own for tests that run Snakemake."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.checkout import Checkout, copy_checkout


@pytest.fixture
def checkout(tmp_path, repository) -> Checkout:
    """A fresh checkout without results."""
    return copy_checkout(tmp_path, repository)


class Change:
    """A change to the configuration, or to a module, of a checkout whose workflow has run."""

    def __init__(self, finished: Checkout):
        self.finished, self.config = finished, finished.config
        self.planned = finished.planned
        self.modules: dict = {}

    def key(self, path: str, value: Any, sort: bool = True) -> None:
        """Set a key of the configuration, such as ``voids.runs.unet.seed``."""
        new = self.finished.config
        *sections, last = path.split(".")
        entry = new
        for section in sections:
            entry = entry[section]
        entry[last] = value
        self.finished.configure(new, sort)

    def module(self, name: str, line: str = "EDITED = True") -> None:
        """Add a line to a module of the package."""
        path = self.finished.folder / "workflow" / "cosmodag" / name
        self.modules[path] = path.read_text()
        path.write_text(f"{self.modules[path]}\n{line}\n")

    def undo(self) -> None:
        """Put back what was changed."""
        self.finished.configure(self.config)
        for path, text in self.modules.items():
            path.write_text(text)


@pytest.fixture
def changed(finished) -> Iterator[Change]:
    """A change for one test to what a module's fixture `finished` has run."""
    change = Change(finished)
    yield change
    change.undo()
