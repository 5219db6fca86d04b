"""Files and resources of the galaxy experiment, derived from the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cosmodag.dag.common import format_options
from cosmodag.dag.experiment_files import ExperimentFiles

BASE_MB = 1200
"""Memory of a process with GalSim, h5py and astropy, and of Snakemake around it, in MB."""
N_BANDS = 3
RUN_KEYS = ("parameters", "latent")
"""Keys of a prediction that name runs."""
FORMAT_KEYS = ("bands", "dataset", "pixel", "psf", "max_rejected")
"""Keys of a folder that describe the format of its files, and how many of them may be left out."""
LAYOUT_KEYS = ("axes", "extensions", "files", "zero_point")
"""Further keys of the format, which commands take together."""


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

    def folder(self, source: str) -> str:
        """Return the folder of a source, with environment variables expanded."""
        return os.path.expandvars(self.config["sources"][source]["folder"]["path"])

    def simulation_inputs(self, source: str) -> dict[str, list[str]]:
        """Return the inputs of a simulation: an image of the point-spread function, if given."""
        path = self.config["sources"][source]["simulation"].get("psf_image")
        return {} if path is None else {"psf_image": [os.path.expandvars(path)]}

    def cutout_inputs(self, cutouts: str, batch: str) -> dict[str, str]:
        """Return the inputs of a batch of cutouts: stamps, or a list of files and their folder."""
        source = self.config["cutouts"][cutouts]["source"]
        if "simulation" in self.config["sources"][source]:
            return {"stamps": f"{self.root}/sources/{source}/{batch}.h5"}
        return self._folder_inputs(source)

    def _folder_inputs(self, source: str) -> dict[str, str]:
        """Return what jobs read of a folder: lists of its files, itself and its catalogue."""
        root = f"{self.root}/sources/{source}"
        inputs = {
            "stamps": f"{root}/accepted.txt",
            "headers": f"{root}/headers.parquet",
            "folder": self.folder(source),
        }
        if "catalogue" in (folder := self.config["sources"][source]["folder"]):
            inputs["catalogue"] = os.path.expandvars(folder["catalogue"]["path"])
        return inputs

    def files(self, cutouts: str, batch: int) -> str:
        """Return the options for the format of the files of a folder, and for the batch."""
        folder = self.config["sources"][self.config["cutouts"][cutouts]["source"]].get("folder")
        if folder is None:
            return ""
        keys = (*FORMAT_KEYS, *LAYOUT_KEYS)
        options = {"files": {key: folder[key] for key in keys if key in folder}}
        options |= {"catalogue": folder.get("catalogue")}
        return format_options({**options, "batch": batch, "batches": folder["batches"]})

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

    @property
    def details(self) -> list[str]:
        """Descriptions and figures of runs, and the galleries and records of predictions."""
        paths = [f"{self.root}/predictions/{name}" for name in self.names("predictions")]
        return super().details + [f"{path}.{end}" for path in paths for end in ("svg", "json")]

    def cluster_inputs(self, clusters: str) -> dict[str, str]:
        """Return the inputs of clusters: a trained run, its dataset, and a table of labels."""
        entry = self.config["clusters"][clusters]
        table = entry.get("label_table")
        labels = {"labels": os.path.expandvars(table["path"])} if table else {}
        return self.trained_run(entry["run"]) | labels

    def prediction_runs(self, prediction: str) -> dict[str, str]:
        """Return the runs of a prediction by key."""
        entry = self.config["predictions"][prediction]
        return {name: entry[name] for name in RUN_KEYS if name in entry}

    def prediction_inputs(self, prediction: str) -> dict[str, str | list[str]]:
        """Return the inputs of a prediction: stamps, trained runs, their datasets, and clusters."""
        entry = self.config["predictions"][prediction]
        source = entry["source"]
        root = f"{self.root}/sources/{source}"
        inputs: dict[str, str | list[str]]
        if "simulation" in self.config["sources"][source]:
            inputs = {"stamps": [f"{root}/{batch}.h5" for batch in self.batches(source)]}
        else:
            inputs = dict(self._folder_inputs(source))
        for name, run in self.prediction_runs(prediction).items():
            inputs |= {f"{name}_{key}": path for key, path in self.trained_run(run).items()}
        if "clusters" in entry:
            inputs["clusters"] = f"{self.root}/clusters/{entry['clusters']}"
        return inputs

    def prediction_options(self, prediction: str) -> str:
        """Return the options for the format of the stamps of a prediction."""
        source = self.config["predictions"][prediction]["source"]
        folder = self.config["sources"][source].get("folder", {})
        options = {"stack" if key == "dataset" else key: folder.get(key) for key in FORMAT_KEYS}
        options["layout"] = {key: folder[key] for key in LAYOUT_KEYS if key in folder} or None
        return format_options({**options, "catalogue": folder.get("catalogue")})

    def run_options(self, inputs: Mapping[str, str]) -> str:
        """Return the options for the trained runs of a prediction, from the inputs of its job."""
        values: dict[str, str | None] = {"clusters": inputs.get("clusters")}
        for name in RUN_KEYS:
            if model := inputs.get(f"{name}_model"):
                values[name] = str(Path(model).parent)
                values[f"{name}_dataset"] = inputs.get(f"{name}_dataset")
        return format_options(values)

    def simulate_mb(self, source: str) -> float:
        """Return the memory of a simulation in MB, with all stamps of a batch in the page cache."""
        simulation = self.config["sources"][source]["simulation"]
        stamp_bytes = 4 * N_BANDS * simulation["sides"][1] ** 2
        return BASE_MB + simulation["batch"] * stamp_bytes / 1e6

    def simulate_disk_mb(self, source: str) -> float:
        """Return the size of a batch of stamps in MB."""
        simulation = self.config["sources"][source]["simulation"]
        low, high = simulation["sides"]
        pixels = (low**2 + low * high + high**2) / 3  # the mean for sides of equal frequency
        planes = N_BANDS * (2 if simulation["noiseless"] else 1)
        return simulation["batch"] * 4 * planes * pixels / 1e6

    def simulate_minutes(self, source: str) -> float:
        """Return the time limit of a batch in minutes, for 10 galaxies per second."""
        return 10 + self.config["sources"][source]["simulation"]["batch"] / 600
