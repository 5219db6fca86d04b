"""The files of the void experiment, and what its jobs need, as the configuration implies them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from cosmodag.dag.common import names_pattern, options

MEGABYTES_OF_PYTHON = 1200  # numba, h5py, compiled kernels; and twice Snakemake around a job

SECTIONS = {"grid": "grids", "labels": "labels"}


class Voids:
    """The void experiment's part of a completed configuration.

    Parameters
    ----------
    config : mapping
        The completed configuration; an absent experiment has no names and makes no files.
    """

    def __init__(self, config: Mapping):
        sections = ("sources", "grids", "labels", "cutouts", "datasets", "runs")
        self.config = config.get("voids", {section: {} for section in sections})
        self.root = f"{config['results']}/voids"

    def names(self, section: str) -> list[str]:
        """Return the names that a section defines."""
        return list(self.config[section])

    def pattern(self, kind: str) -> str:
        """Return the wildcard pattern of the sources of a kind, simulation or catalogue."""
        return names_pattern(n for n, source in self.config["sources"].items() if kind in source)

    def boxes(self, source: str, batch: int) -> str:
        """Return the options that name a batch's realizations: the first and their number."""
        simulation = self.config["sources"][source]["simulation"]
        first = batch * simulation["batch"]
        count = min(simulation["batch"], simulation["realizations"] - first)
        return options({"first": first, "count": count})

    def batches(self, source: str) -> range:
        """Return the numbers of a source's batches of boxes; a catalogue is one box."""
        entry = self.config["sources"][source]
        if "catalogue" in entry:
            return range(1)
        simulation = entry["simulation"]
        return range(-(-simulation["realizations"] // simulation["batch"]))

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

    def cutouts_of(self, dataset: str) -> list[str]:
        """Return the batches of cutouts that a dataset is dealt from."""
        cutouts = self.config["datasets"][dataset]["cutouts"]
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
