"""Files of an experiment that the configuration implies: what all experiments share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar

from cosmodag import experiments
from cosmodag.dag.common import format_options, names_pattern

NETWORK_MB = 20.0
"""Size of a network with its checkpoints while it trains."""
FIGURES_MB = 2.0
"""Size of the figures of a run, or of the predictions of simple baselines."""


class ExperimentFiles:
    """Files of one experiment; subclasses set the class variables and add their own files.

    Parameters
    ----------
    config : mapping
        The completed configuration. An absent experiment has no names and no files.

    Attributes
    ----------
    NAME : str
        Name of the experiment.
    SECTIONS : tuple of str
        Its sections in the configuration.
    COUNT_KEY : str
        Key of a simulation with the number of realizations, which are made in batches.
    """

    NAME: ClassVar[str]
    SECTIONS: ClassVar[tuple[str, ...]]
    COUNT_KEY: ClassVar[str] = "realizations"

    def __init__(self, config: Mapping):
        self.config = config.get(self.NAME, {section: {} for section in self.SECTIONS})
        self.root = f"{config['results']}/{self.NAME}"

    def names(self, section: str) -> list[str]:
        """Return the names that a section defines."""
        return list(self.config[section])

    def source_pattern(self, kind: str) -> str:
        """Return a wildcard pattern for sources of a kind, such as ``simulation``."""
        return names_pattern(n for n, source in self.config["sources"].items() if kind in source)

    def batches(self, source: str) -> range:
        """Return the indices of a source's batches."""
        ((kind, entry),) = self.config["sources"][source].items()
        if kind == "simulation":
            return range(-(-entry[self.COUNT_KEY] // entry["batch"]))
        return range(entry.get("batches", 1))

    def examples(self, cutouts: str) -> list[str]:
        """Return the examples files of an entry of cutouts, one per batch."""
        raise NotImplementedError

    @property
    def metrics(self) -> list[str]:
        """Scores of all runs."""
        return [f"{self.root}/runs/{run}/metrics.json" for run in self.names("runs")]

    @property
    def details(self) -> list[str]:
        """What the report reads beside scores and products: descriptions and figures of runs."""
        folders = [f"{self.root}/runs/{run}" for run in self.names("runs")]
        return [f"{folder}/{name}" for folder in folders for name in ("run.json", "figures")]

    @property
    def products(self) -> list[str]:
        """All other results that the report shows."""
        return []

    @property
    def targets(self) -> list[str]:
        """Return everything that the experiment makes."""
        predictions = self.predictions if "predictions" in self.SECTIONS else []
        return list(dict.fromkeys(self.metrics + self.products + predictions))

    @property
    def predictions(self) -> list[str]:
        """Tables of all predictions on new data."""
        return [f"{self.root}/predictions/{name}.csv" for name in self.names("predictions")]

    def trained_run(self, run: str) -> dict[str, str]:
        """Return the weights of a run, its description and its training dataset."""
        folder = f"{self.root}/runs/{run}"
        return {
            "model": f"{folder}/model.pt",
            "description": f"{folder}/run.json",
            "dataset": f"{self.root}/datasets/{self.config['runs'][run]['dataset']}",
        }

    def split_inputs(self, dataset: str) -> dict[str, list[str]]:
        """Return the examples that a dataset is split from, and those of a separate test set."""
        entry = self.config["datasets"][dataset]
        inputs = {"examples": self.examples(entry["cutouts"])}
        return inputs | ({"test": self.examples(entry["test"])} if "test" in entry else {})

    def baseline_inputs(self, dataset: str) -> dict[str, list[str]]:
        """Return the files of a dataset, by kind, that baselines read beside the dataset."""
        return {}

    def cutouts_disk_mb(self, cutouts: str) -> float:
        """Return the size of a batch of examples in MB, as far as the configuration implies it."""
        return self._examples_mb(cutouts) / max(len(self.examples(cutouts)), 1)

    def dataset_disk_mb(self, dataset: str) -> float:
        """Return the size of a dataset in MB."""
        entry = self.config["datasets"][dataset]
        if "teacher" in entry:
            # Inputs are linked, not copied.
            return self.dataset_disk_mb(self.config["runs"][entry["teacher"]]["dataset"]) / 2
        return sum(self._examples_mb(entry[key]) for key in ("cutouts", "test") if key in entry)

    def run_disk_mb(self, run: str) -> float:
        """Return the size of a trained network, its history and its checkpoints in MB."""
        return NETWORK_MB

    def scores_disk_mb(self, run: str) -> float:
        """Return the size of predictions and figures of a run in MB."""
        return FIGURES_MB + 0.1 * self.dataset_disk_mb(self.config["runs"][run]["dataset"])

    def baselines_disk_mb(self, dataset: str) -> float:
        """Return the size of the predictions of baselines in MB."""
        return FIGURES_MB + 0.15 * self.dataset_disk_mb(dataset)

    def _examples_mb(self, cutouts: str) -> float:
        declared = experiments.find(self.NAME).examples
        return declared(self.config, cutouts).megabytes if declared is not None else 0.0

    def batch_options(self, source: str, batch: int) -> str:
        """Return the options ``--first`` and ``--count`` of a batch of a simulation."""
        simulation = self.config["sources"][source]["simulation"]
        first = batch * simulation["batch"]
        count = min(simulation["batch"], simulation[self.COUNT_KEY] - first)
        return format_options({"first": first, "count": count})


def file_mb(path: str | os.PathLike) -> float:
    """Return the size of a file in MB; 0 if it does not exist yet."""
    try:
        return os.stat(path).st_size / 1e6
    except OSError:
        return 0.0
