"""What the files of all experiments have in common, as the configuration implies them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cosmodag.dag.common import names_pattern, options


class ExperimentFiles:
    """One experiment's part of a completed configuration; subclasses set the class's variables.

    Parameters
    ----------
    config : mapping
        The completed configuration; an absent experiment has no names and makes no files.
    """

    NAME: ClassVar[str]
    SECTIONS: ClassVar[tuple[str, ...]]
    COUNTED: ClassVar[str] = "realizations"
    """What a simulation makes so many of, in batches."""

    def __init__(self, config: Mapping):
        self.config = config.get(self.NAME, {section: {} for section in self.SECTIONS})
        self.root = f"{config['results']}/{self.NAME}"

    def names(self, section: str) -> list[str]:
        """Return the names that a section defines."""
        return list(self.config[section])

    def pattern(self, kind: str) -> str:
        """Return the wildcard pattern of the sources of a kind, such as simulation."""
        return names_pattern(n for n, source in self.config["sources"].items() if kind in source)

    def batches(self, source: str) -> range:
        """Return the numbers of a source's batches: of a simulation, or as many as it names."""
        ((kind, entry),) = self.config["sources"][source].items()
        if kind == "simulation":
            return range(-(-entry[self.COUNTED] // entry["batch"]))
        return range(entry.get("batches", 1))

    def examples(self, cutouts: str) -> list[str]:
        """Return the batches of an entry of cutouts."""
        raise NotImplementedError

    @property
    def metrics(self) -> list[str]:
        """Return the scores of all runs."""
        return [f"{self.root}/runs/{run}/metrics.json" for run in self.names("runs")]

    @property
    def products(self) -> list[str]:
        """Return all other results that the report shows."""
        return []

    @property
    def targets(self) -> list[str]:
        """Return everything that the experiment makes."""
        predictions = self.predictions if "predictions" in self.SECTIONS else []
        return list(dict.fromkeys(self.metrics + self.products + predictions))

    @property
    def predictions(self) -> list[str]:
        """Return the tables of all predictions by trained runs."""
        return [f"{self.root}/predictions/{name}.csv" for name in self.names("predictions")]

    def trained(self, run: str) -> tuple[str, str]:
        """Return the weights of a run, and the dataset that it was trained on."""
        dataset = self.config["runs"][run]["dataset"]
        return f"{self.root}/runs/{run}/model.pt", f"{self.root}/datasets/{dataset}"

    def dealt(self, dataset: str) -> dict[str, list[str]]:
        """Return what a dataset is dealt from, and what it is tested on where that is other."""
        entry = self.config["datasets"][dataset]
        found = {"examples": self.examples(entry["cutouts"])}
        return found | ({"test": self.examples(entry["test"])} if "test" in entry else {})

    def members(self, source: str, batch: int) -> str:
        """Return the options that name what a batch of a simulation makes: the first, how many."""
        simulation = self.config["sources"][source]["simulation"]
        first = batch * simulation["batch"]
        count = min(simulation["batch"], simulation[self.COUNTED] - first)
        return options({"first": first, "count": count})
