"""Evaluated runs, read back from their folders for the report and the summary."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cosmodag.json_files import read_json


class Run(NamedTuple):
    """An evaluated run: its folder, the content of metrics.json and of run.json."""

    folder: Path
    metrics: dict
    description: dict

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


def read_run(folder: str | os.PathLike) -> Run:
    """Read an evaluated run.

    Raises
    ------
    InputError
        If metrics.json is missing, or a file was altered.
    """
    folder = Path(folder)
    keys = ("experiment", "run", "scores")
    metrics = read_json(folder / "metrics.json", "evaluate the run", keys=keys)
    described = folder / "run.json"
    description = read_json(described, "train the run again") if described.is_file() else {}
    return Run(folder, metrics, description)


def by_experiment(folders: Sequence[str | os.PathLike]) -> dict[str, list[Run]]:
    """Read runs and gather them by experiment, in the order given."""
    found: dict[str, list[Run]] = {}
    for folder in folders:
        run = read_run(folder)
        found.setdefault(run.metrics["experiment"], []).append(run)
    return found
