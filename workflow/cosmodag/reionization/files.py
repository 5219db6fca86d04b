"""Files and job resources of the reionization experiment, derived from the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping

from cosmodag.dag.common import format_options, stage_options
from cosmodag.dag.experiment_files import ExperimentFiles

PYTHON_MB = 800
"""Memory of the interpreter with numba, CAMB and compiled kernels."""
SIMULATION = "reionization/sources/*/simulation"
"""Section of a simulation in the schema."""


class ReionizationFiles(ExperimentFiles):
    """Files of the reionization experiment.

    A source is a simulation of realizations in batches, or a folder of cubes, which is one batch.
    """

    NAME = "reionization"
    SECTIONS = ("sources", "cutouts", "datasets", "runs")

    def settings(self, source: str, stage: str | None = None) -> str:
        """Return the options of a stage of a simulation: "initial", or None for the cubes."""
        return stage_options(SIMULATION, self.config["sources"][source]["simulation"], stage)

    def read_inputs(self, source: str) -> dict[str, str]:
        """Return a folder of cubes, and the table that lists them if there is one."""
        folder = self.config["sources"][source]["folder"]
        table = {"table": folder["table"]["path"]} if "table" in folder else {}
        paths = {"folder": folder["path"], **table}
        return {name: os.path.expandvars(path) for name, path in paths.items()}

    def snapshots(self, cutouts: str) -> list[str]:
        """Return the names of the cubes of an entry of cutouts: redshifts ascending, or draws."""
        entry = self.config["cutouts"][cutouts]
        (source,) = self.config["sources"][entry["source"]].values()
        if "redshift" in source:
            return [f"draw{draw}" for draw in range(source["draws"])]
        redshifts = sorted(entry.get("redshifts", source["redshifts"]))
        return [f"z{redshift:g}" for redshift in redshifts]

    def snapshot_options(self, source: str, snapshot: str) -> str:
        """Return the options that state the redshift of a name of `snapshots`."""
        if not snapshot.startswith("draw"):
            return f"--redshift {snapshot.removeprefix('z')}"
        simulation = self.config["sources"][source]["simulation"]
        draw = snapshot.removeprefix("draw")
        return format_options({"redshift": simulation["redshift"], "draw": int(draw)})

    def cubes(self, cutouts: str, batch: str) -> list[str]:
        """Return the cubes files of a batch of realizations, one per redshift or draw."""
        folder = f"{self.root}/sources/{self.config['cutouts'][cutouts]['source']}/{batch}"
        return [f"{folder}/{snapshot}.h5" for snapshot in self.snapshots(cutouts)]

    def realizations_option(self, cutouts: str, batch: int) -> str:
        """Return the option that limits the realizations of a batch; empty if all are cut."""
        entry = self.config["cutouts"][cutouts]
        source = self.config["sources"][entry["source"]]
        if "realizations" not in entry:
            return ""
        size = source.get("simulation", {}).get("batch", entry["realizations"])
        remaining = entry["realizations"] - batch * size
        return format_options({"realizations": remaining}) if remaining < size else ""

    def examples(self, cutouts: str) -> list[str]:
        """Return the examples files of an entry of cutouts, one per batch."""
        entry = self.config["cutouts"][cutouts]
        (source,) = self.config["sources"][entry["source"]].values()
        batches = self.batches(entry["source"])
        if "realizations" in entry and "batch" in source:
            batches = batches[: -(-entry["realizations"] // source["batch"])]
        return [f"{self.root}/cutouts/{cutouts}/{batch}.h5" for batch in batches]

    def initial_mb(self, source: str) -> float:
        """Return the memory in MB to draw initial conditions: white noise and a few meshes."""
        return PYTHON_MB + 40 * self._particles(source) ** 3 / 1e6

    def simulate_mb(self, source: str) -> float:
        """Return the memory in MB to simulate cubes: particles with velocities, and fields."""
        simulation = self.config["sources"][source]["simulation"]
        cells = simulation["cells"] ** 3
        fields = _n_escape_fractions(simulation) + len(simulation["axes"]) + 6
        return PYTHON_MB + (70 * self._particles(source) ** 3 + 4 * fields * cells) / 1e6

    def initial_disk_mb(self, source: str) -> float:
        """Return the size of a batch of initial conditions in MB."""
        simulation = self.config["sources"][source]["simulation"]
        return simulation["batch"] * 4 * self._particles(source) ** 3 / 1e6

    def simulate_disk_mb(self, source: str) -> float:
        """Return the size of a batch of cubes at one redshift in MB."""
        ((kind, entry),) = self.config["sources"][source].items()
        n_fractions = _n_escape_fractions(entry)
        n_axes = len(entry["axes"]) if kind == "simulation" else 1
        fields = 1 + n_fractions * (1 + n_axes)
        return entry.get("batch", 1) * 4 * fields * entry["cells"] ** 3 / 1e6

    def simulate_minutes(self, source: str) -> float:
        """Return the time in minutes to simulate a batch at one redshift, with a wide margin."""
        simulation = self.config["sources"][source]["simulation"]
        work = simulation["batch"] * self._particles(source) ** 3
        return 10 + work * _n_escape_fractions(simulation) * len(simulation["axes"]) / 2e8

    def cutouts_mb(self, cutouts: str) -> float:
        """Return the memory in MB to cut slices: the fields of a cube, its modes and its slices."""
        (source,) = self.config["sources"][self.config["cutouts"][cutouts]["source"]].values()
        return PYTHON_MB + 60 * source["cells"] ** 3 / 1e6

    def _particles(self, source: str) -> int:
        """Return the particles per side of a simulation."""
        simulation = self.config["sources"][source]["simulation"]
        return simulation.get("particles", 2 * simulation["cells"])


def _n_escape_fractions(source: Mapping) -> int:
    """Return the number of escape fractions per realization; one if it is not configured."""
    return len(source.get("escape_fractions", [None]))
