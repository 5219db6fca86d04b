"""Evaluated runs, read back from their folders for the report and the summary."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cosmodag.errors import InputError

INDEX_ONLY = "index_only"


class Run(NamedTuple):
    """One evaluated run: what metrics.json and run.json hold, and its figures in order of name."""

    folder: Path
    metrics: dict
    description: dict
    figures: list[Path]

    @property
    def headline(self) -> dict[str, float | None]:
        """The network's score that decides its verdict."""
        return self.metrics["scores"][self.metrics["headline"]]

    @property
    def strongest(self) -> dict[str, float | None] | None:
        """The same score of the strongest baseline."""
        return self.baseline(self.metrics["strongest_baseline"])

    def baseline(self, name: str | None) -> dict[str, float | None] | None:
        """The headline score of a baseline, None if it was not scored."""
        scores = self.metrics["baselines"].get(name)
        return scores and scores[self.metrics["headline"]]

    @property
    def ranked_baselines(self) -> list[str]:
        """Names of the baselines from the strongest down."""

        def strength(name: str) -> float:
            value = self.baseline(name)["value"]
            return float("-inf") if value is None else value

        return sorted(self.metrics["baselines"], key=strength, reverse=True)

    @property
    def earned_by_position(self) -> float | None:
        """Part of the network's headline score that the position alone earns, from 0 up."""
        alone = self.baseline(INDEX_ONLY)
        if not alone or alone["value"] is None or not self.headline["value"]:
            return None
        return (
            max(alone["value"], 0.0) / self.headline["value"]
            if self.headline["value"] > 0
            else None
        )


def read_run(folder: str | os.PathLike) -> Run:
    """Read an evaluated run.

    Raises
    ------
    InputError
        If metrics.json is missing or no JSON.
    """
    folder = Path(folder)
    path = folder / "metrics.json"
    try:
        metrics = json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; evaluate the run first") from None
    except ValueError as error:
        raise InputError(
            f"{path}: not readable as JSON ({error}); evaluate the run anew"
        ) from error
    described = folder / "run.json"
    description = json.loads(described.read_text()) if described.is_file() else {}
    return Run(folder, metrics, description, sorted((folder / "figures").glob("*.svg")))


def by_experiment(folders: Sequence[str | os.PathLike]) -> dict[str, list[Run]]:
    """Read runs and gather them by experiment, in the order given."""
    found: dict[str, list[Run]] = {}
    for folder in folders:
        run = read_run(folder)
        found.setdefault(run.metrics["experiment"], []).append(run)
    return found
