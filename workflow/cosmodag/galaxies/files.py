"""The files of the galaxy experiment and the needs of its jobs, from the configuration."""

from __future__ import annotations

import os

from cosmodag.dag.common import format_options
from cosmodag.dag.experiment_files import ExperimentFiles

MEGABYTES_OF_PYTHON = 1200  # GalSim, h5py, astropy; and twice Snakemake around a job
BANDS = 3
APPLIED = ("parameters", "latent")
"""What a prediction may name a run for."""
READ = ("bands", "dataset", "pixel", "psf")
"""Settings of a folder by which its files are read."""


class GalaxiesFiles(ExperimentFiles):
    """The galaxy experiment's part of a completed configuration.

    Sources are simulations of stamps, or a folder of them.
    """

    NAME = "galaxies"
    SECTIONS = ("sources", "cutouts", "datasets", "runs", "clusters", "predictions")
    COUNT_KEY = "galaxies"

    def folder(self, source: str) -> str:
        """Return a folder of stamps, with variables of the environment replaced."""
        return os.path.expandvars(self.config["sources"][source]["folder"]["path"])

    def stamps(self, cutouts: str, batch: str) -> str:
        """Return what a batch of cutouts is made from: a file of stamps, or a list of files."""
        source = self.config["cutouts"][cutouts]["source"]
        file = f"{batch}.h5" if "simulation" in self.config["sources"][source] else "accepted.txt"
        return f"{self.root}/sources/{source}/{file}"

    def files(self, cutouts: str, batch: int) -> str:
        """Return the options that say how files of a folder are read, and which of them."""
        folder = self.config["sources"][self.config["cutouts"][cutouts]["source"]].get("folder")
        if folder is None:
            return ""
        known = {key: folder[key] for key in READ if key in folder}
        return format_options({"files": known, "batch": batch, "batches": folder["batches"]})

    def examples(self, cutouts: str) -> list[str]:
        """Return the batches of an entry of cutouts."""
        batches = self.batches(self.config["cutouts"][cutouts]["source"])
        return [f"{self.root}/cutouts/{cutouts}/{batch}.h5" for batch in batches]

    @property
    def clusters(self) -> list[str]:
        """Return the folders of all groups."""
        return [f"{self.root}/clusters/{name}" for name in self.names("clusters")]

    @property
    def products(self) -> list[str]:
        """Return the clusters and the predictions."""
        return self.clusters + self.predictions

    def cluster_inputs(self, clusters: str) -> dict[str, str]:
        """Return what galaxies are grouped from: a trained run, its dataset, a table of labels."""
        entry = self.config["clusters"][clusters]
        model, dataset = self.trained_run(entry["run"])
        table = entry.get("label_table")
        labels = {"labels": os.path.expandvars(table["path"])} if table else {}
        return {"model": model, "dataset": dataset, **labels}

    def applied(self, prediction: str) -> dict[str, str]:
        """Return the runs that a prediction names, by what they are for."""
        entry = self.config["predictions"][prediction]
        return {name: entry[name] for name in APPLIED if name in entry}

    def prediction_inputs(self, prediction: str) -> dict[str, str | list[str]]:
        """Return what a prediction needs: stamps, trained runs, their datasets."""
        entry = self.config["predictions"][prediction]
        source = entry["source"]
        root = f"{self.root}/sources/{source}"
        found: dict[str, str | list[str]] = {"stamps": f"{root}/accepted.txt"}
        if "simulation" in self.config["sources"][source]:
            found["stamps"] = [f"{root}/{batch}.h5" for batch in self.batches(source)]
        for name, run in self.applied(prediction).items():
            found[name], found[f"{name}_dataset"] = self.trained_run(run)
        if "clusters" in entry:
            found["clusters"] = f"{self.root}/clusters/{entry['clusters']}"
        return found

    def prediction_options(self, prediction: str) -> str:
        """Return the options that name a prediction's runs and say how its stamps are read."""
        source = self.config["predictions"][prediction]["source"]
        folder = self.config["sources"][source].get("folder", {})
        held = {"stack" if key == "dataset" else key: folder.get(key) for key in READ}
        for name, file in self.prediction_inputs(prediction).items():
            if name != "stamps":
                held[name] = file.removesuffix("/model.pt")
        return format_options(held)

    def simulate_mb(self, source: str) -> float:
        """Return the memory of a simulation in MB: all its stamps may wait to be written."""
        simulation = self.config["sources"][source]["simulation"]
        stamp = 4 * BANDS * simulation["sides"][1] ** 2
        return MEGABYTES_OF_PYTHON + simulation["batch"] * stamp / 1e6

    def simulate_minutes(self, source: str) -> float:
        """Return the time of a batch in minutes, with a wide margin: 10 galaxies a second."""
        return 10 + self.config["sources"][source]["simulation"]["batch"] / 600
