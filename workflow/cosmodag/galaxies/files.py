"""Files and resources of the galaxy experiment, derived from the configuration."""

from __future__ import annotations

import os
from pathlib import Path

from cosmodag.dag.common import format_options
from cosmodag.dag.experiment_files import ExperimentFiles

BASE_MB = 1200
"""Memory of a process with GalSim, h5py and astropy, and of Snakemake around it, in MB."""
N_BANDS = 3
RUN_KEYS = ("parameters", "latent")
"""Keys of a prediction that name runs."""
FORMAT_KEYS = ("bands", "dataset", "pixel", "psf")
"""Keys of a folder that describe the format of its files."""


class GalaxiesFiles(ExperimentFiles):
    """Files of the galaxy experiment.

    A source is a simulation or a folder of stamps.

    Parameters
    ----------
    config : mapping
        The completed configuration.
    """

    NAME = "galaxies"
    SECTIONS = ("sources", "cutouts", "datasets", "runs", "clusters", "predictions")
    COUNT_KEY = "galaxies"
    COSMOS_TABLE = str(Path(__file__).parent / "simulation" / "cosmos_galaxies.json")
    """Fitted distribution of simulated galaxies."""

    def folder(self, source: str) -> str:
        """Return the folder of a source, with environment variables expanded."""
        return os.path.expandvars(self.config["sources"][source]["folder"]["path"])

    def stamps(self, cutouts: str, batch: str) -> str:
        """Return the input of a batch of cutouts: a stamps file, or the list of accepted files."""
        source = self.config["cutouts"][cutouts]["source"]
        file = f"{batch}.h5" if "simulation" in self.config["sources"][source] else "accepted.txt"
        return f"{self.root}/sources/{source}/{file}"

    def files(self, cutouts: str, batch: int) -> str:
        """Return the options for the format of the files of a folder, and for the batch."""
        folder = self.config["sources"][self.config["cutouts"][cutouts]["source"]].get("folder")
        if folder is None:
            return ""
        stamp_format = {key: folder[key] for key in FORMAT_KEYS if key in folder}
        return format_options({"files": stamp_format, "batch": batch, "batches": folder["batches"]})

    def examples(self, cutouts: str) -> list[str]:
        """Return the files of all batches of an entry of cutouts."""
        batches = self.batches(self.config["cutouts"][cutouts]["source"])
        return [f"{self.root}/cutouts/{cutouts}/{batch}.h5" for batch in batches]

    @property
    def clusters(self) -> list[str]:
        """Folders of all clusters."""
        return [f"{self.root}/clusters/{name}" for name in self.names("clusters")]

    @property
    def products(self) -> list[str]:
        """Clusters and predictions."""
        return self.clusters + self.predictions

    def cluster_inputs(self, clusters: str) -> dict[str, str]:
        """Return the inputs of clusters: a trained run, its dataset, and a table of labels."""
        entry = self.config["clusters"][clusters]
        model, dataset = self.trained_run(entry["run"])
        table = entry.get("label_table")
        labels = {"labels": os.path.expandvars(table["path"])} if table else {}
        return {"model": model, "dataset": dataset, **labels}

    def prediction_runs(self, prediction: str) -> dict[str, str]:
        """Return the runs of a prediction by key."""
        entry = self.config["predictions"][prediction]
        return {name: entry[name] for name in RUN_KEYS if name in entry}

    def prediction_inputs(self, prediction: str) -> dict[str, str | list[str]]:
        """Return the inputs of a prediction: stamps, trained runs, their datasets, and clusters."""
        entry = self.config["predictions"][prediction]
        source = entry["source"]
        root = f"{self.root}/sources/{source}"
        inputs: dict[str, str | list[str]] = {"stamps": f"{root}/accepted.txt"}
        if "simulation" in self.config["sources"][source]:
            inputs["stamps"] = [f"{root}/{batch}.h5" for batch in self.batches(source)]
        for name, run in self.prediction_runs(prediction).items():
            inputs[name], inputs[f"{name}_dataset"] = self.trained_run(run)
        if "clusters" in entry:
            inputs["clusters"] = f"{self.root}/clusters/{entry['clusters']}"
        return inputs

    def prediction_options(self, prediction: str) -> str:
        """Return the options for the runs of a prediction and for the format of its stamps."""
        source = self.config["predictions"][prediction]["source"]
        folder = self.config["sources"][source].get("folder", {})
        values = {"stack" if key == "dataset" else key: folder.get(key) for key in FORMAT_KEYS}
        for name, file in self.prediction_inputs(prediction).items():
            if isinstance(file, str) and name != "stamps":
                values[name] = file.removesuffix("/model.pt")
        return format_options(values)

    def simulate_mb(self, source: str) -> float:
        """Return the memory of a simulation in MB, with all stamps of a batch in the page cache."""
        simulation = self.config["sources"][source]["simulation"]
        stamp_bytes = 4 * N_BANDS * simulation["sides"][1] ** 2
        return BASE_MB + simulation["batch"] * stamp_bytes / 1e6

    def simulate_minutes(self, source: str) -> float:
        """Return the time limit of a batch in minutes, for 10 galaxies per second."""
        return 10 + self.config["sources"][source]["simulation"]["batch"] / 600
