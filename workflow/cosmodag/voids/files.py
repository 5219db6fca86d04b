"""The files of the void experiment, and what its jobs need, as the configuration implies them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from cosmodag.dag.common import options
from cosmodag.dag.experiment_files import ExperimentFiles

MEGABYTES_OF_PYTHON = 1200  # numba, h5py, compiled kernels; and twice Snakemake around a job

SECTIONS = {"grid": "grids", "labels": "labels"}


class VoidsFiles(ExperimentFiles):
    """The void experiment's part of a completed configuration.

    Sources are simulations of boxes, or a catalogue, which is one box.
    """

    NAME = "voids"
    SECTIONS = ("sources", "grids", "labels", "cutouts", "datasets", "runs")

    def catalogue_file(self, source: str) -> str:
        """Return the file of a catalogue, with variables of the environment replaced."""
        return os.path.expandvars(self.config["sources"][source]["catalogue"]["path"])

    def galaxies(self, section: str, name: str, batch: str) -> str:
        """Return the galaxies that an entry of grids or labels is made from."""
        return f"{self.root}/sources/{self.config[section][name]['source']}/galaxies_{batch}.h5"

    def label_inputs(self, labels: str, batch: str) -> dict[str, str]:
        """Return the files that a set of labels is found in, by what they hold."""
        entry = self.config["labels"][labels]
        source = self.config["sources"][entry["source"]]
        files = {"galaxies": self.galaxies("labels", labels, batch)}
        if entry.keys() & {"matter", "matter_spheres"}:
            files["matter_grid"] = f"{self.root}/sources/{entry['source']}/matter_{batch}.h5"
        if entry["catalogue"]:
            files["void_catalogue"] = os.path.expandvars(source["catalogue"]["voids"]["path"])
        return files

    def void_settings(self, labels: str) -> str:
        """Return the options that say how the catalogue of voids is read, if there is one."""
        entry = self.config["labels"][labels]
        if not entry["catalogue"]:
            return ""
        voids = self.config["sources"][entry["source"]]["catalogue"]["voids"]
        return options({"void_settings": voids})

    def part(self, cutouts: str, kind: str, batch: str) -> str:
        """Return the grid or the labels that sub-boxes are cut from."""
        return f"{self.root}/{SECTIONS[kind]}/{self.config['cutouts'][cutouts][kind]}/{batch}.h5"

    def examples(self, cutouts: str) -> list[str]:
        """Return the batches of an entry of cutouts."""
        grid = self.config["cutouts"][cutouts]["grid"]
        batches = self.batches(self.config["grids"][grid]["source"])
        return [f"{self.root}/cutouts/{cutouts}/{batch}.h5" for batch in batches]

    def simulate_mb(self, source: str) -> float:
        """Return the memory of a simulation in MB: positions, velocities, displacements, meshes."""
        particles = self.config["sources"][source]["simulation"]["particles"] ** 3
        return MEGABYTES_OF_PYTHON + particles * 200 / 1e6

    def simulate_minutes(self, source: str) -> float:
        """Return the time of a batch of simulations in minutes, with a wide margin."""
        simulation = self.config["sources"][source]["simulation"]
        steps = simulation["batch"] * simulation["steps"]
        return 10 + steps * simulation["particles"] ** 3 / 1e8

    def grid_mb(self, grid: str) -> float:
        """Return the memory of mass assignment in MB: the grid and a chunk of galaxies."""
        return MEGABYTES_OF_PYTHON + _cells(self.config["grids"][grid]["cells"]) * 8 / 1e6

    def label_mb(self, labels: str) -> float:
        """Return the memory of void finding in MB: fields and masks on the mesh."""
        return 2 * MEGABYTES_OF_PYTHON + _cells(self.config["labels"][labels]["mesh"]) * 40 / 1e6

    def cutouts_mb(self, cutouts: str) -> float:
        """Return the memory of cutting in MB: sums of a few slices of the grid and the masks."""
        grid = self.config["grids"][self.config["cutouts"][cutouts]["grid"]]
        return MEGABYTES_OF_PYTHON + 500 * _cells(grid["cells"]) ** (2 / 3) / 1e6


def _cells(size: int | Sequence[int]) -> int:
    nx, ny, nz = (size,) * 3 if isinstance(size, int) else size
    return nx * ny * nz
