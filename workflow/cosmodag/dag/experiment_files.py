"""Files of an experiment that the configuration implies: what all experiments share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cosmodag.dag.common import format_options, names_pattern


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

    def trained_run(self, run: str) -> tuple[str, str]:
        """Return the weights of a run and its training dataset."""
        dataset = self.config["runs"][run]["dataset"]
        return f"{self.root}/runs/{run}/model.pt", f"{self.root}/datasets/{dataset}"

    def split_inputs(self, dataset: str) -> dict[str, list[str]]:
        """Return the examples that a dataset is split from, and those of a separate test set."""
        entry = self.config["datasets"][dataset]
        inputs = {"examples": self.examples(entry["cutouts"])}
        return inputs | ({"test": self.examples(entry["test"])} if "test" in entry else {})

    def batch_options(self, source: str, batch: int) -> str:
        """Return the options ``--first`` and ``--count`` of a batch of a simulation."""
        simulation = self.config["sources"][source]["simulation"]
        first = batch * simulation["batch"]
        count = min(simulation["batch"], simulation[self.COUNT_KEY] - first)
        return format_options({"first": first, "count": count})
