"""The files of the reionization experiment and the needs of its jobs, from the configuration."""

from __future__ import annotations

import os

from cosmodag.dag.common import options, stage_options
from cosmodag.dag.experiment_files import ExperimentFiles

MEGABYTES_OF_PYTHON = 800  # the interpreter with numba, CAMB and compiled kernels
SIMULATION = "reionization/sources/*/simulation"


class ReionizationFiles(ExperimentFiles):
    """The reionization experiment's part of a completed configuration.

    Sources are simulations of universes, or a folder of cubes, which is one batch.
    """

    NAME = "reionization"
    SECTIONS = ("sources", "cutouts", "datasets", "runs")

    def settings(self, source: str, stage: str | None = None) -> str:
        """Return the options of one stage of a simulation: "initial", or None for its cubes."""
        return stage_options(SIMULATION, self.config["sources"][source]["simulation"], stage)

    def folder(self, source: str) -> str:
        """Return a folder of cubes, with variables of the environment replaced."""
        return os.path.expandvars(self.config["sources"][source]["folder"]["path"])

    def redshifts(self, cutouts: str) -> list[float]:
        """Return the redshifts that an entry of cutouts takes."""
        entry = self.config["cutouts"][cutouts]
        (source,) = self.config["sources"][entry["source"]].values()
        return sorted(entry.get("redshifts", source["redshifts"]))

    def cubes(self, cutouts: str, batch: str) -> list[str]:
        """Return the cubes of a batch of universes, one file a redshift."""
        folder = f"{self.root}/sources/{self.config['cutouts'][cutouts]['source']}/{batch}"
        return [f"{folder}/z{redshift:g}.h5" for redshift in self.redshifts(cutouts)]

    def universes_cut(self, cutouts: str, batch: int) -> str:
        """Return the option that says how many universes of a batch are cut, if not all."""
        entry = self.config["cutouts"][cutouts]
        source = self.config["sources"][entry["source"]]
        if "universes" not in entry:
            return ""
        size = source.get("simulation", {}).get("batch", entry["universes"])
        left = entry["universes"] - batch * size
        return options({"universes": left}) if left < size else ""

    def examples(self, cutouts: str) -> list[str]:
        """Return the batches of an entry of cutouts."""
        entry = self.config["cutouts"][cutouts]
        (source,) = self.config["sources"][entry["source"]].values()
        batches = self.batches(entry["source"])
        if "universes" in entry and "batch" in source:
            batches = batches[: -(-entry["universes"] // source["batch"])]
        return [f"{self.root}/cutouts/{cutouts}/{batch}.h5" for batch in batches]

    def initial_mb(self, source: str) -> float:
        """Return the memory of initial conditions in MB: noise and a few meshes."""
        return MEGABYTES_OF_PYTHON + 40 * self._particles(source) ** 3 / 1e6

    def simulate_mb(self, source: str) -> float:
        """Return the memory of cubes in MB: particles with velocities, and fields of cells."""
        simulation = self.config["sources"][source]["simulation"]
        cells = simulation["cells"] ** 3
        fields = len(simulation["escape_fractions"]) + len(simulation["axes"]) + 6
        return MEGABYTES_OF_PYTHON + (70 * self._particles(source) ** 3 + 4 * fields * cells) / 1e6

    def simulate_minutes(self, source: str) -> float:
        """Return the time of a batch at one redshift in minutes, with a wide margin."""
        simulation = self.config["sources"][source]["simulation"]
        work = simulation["batch"] * self._particles(source) ** 3
        return 10 + work * len(simulation["escape_fractions"]) * len(simulation["axes"]) / 2e8

    def cutouts_mb(self, cutouts: str) -> float:
        """Return the memory of cutting in MB: a cube's fields, its modes, its slices."""
        (source,) = self.config["sources"][self.config["cutouts"][cutouts]["source"]].values()
        return MEGABYTES_OF_PYTHON + 60 * source["cells"] ** 3 / 1e6

    def _particles(self, source: str) -> int:
        simulation = self.config["sources"][source]["simulation"]
        return simulation.get("particles", 2 * simulation["cells"])
