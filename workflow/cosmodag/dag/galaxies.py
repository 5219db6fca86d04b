"""The files of the galaxy experiment and the needs of its jobs, from the configuration."""

from __future__ import annotations

from cosmodag.dag.experiment import Experiment

MEGABYTES_OF_PYTHON = 1200  # GalSim, h5py, astropy; and twice Snakemake around a job
BANDS = 3


class Galaxies(Experiment):
    """The galaxy experiment's part of a completed configuration.

    Sources are simulations of stamps.
    """

    NAME = "galaxies"
    SECTIONS = ("sources", "cutouts", "datasets", "runs")
    COUNTED = "galaxies"

    def stamps(self, cutouts: str, batch: str) -> str:
        """Return the file of stamps that a batch of cutouts is made from."""
        return f"{self.root}/sources/{self.config['cutouts'][cutouts]['source']}/{batch}.h5"

    def examples(self, cutouts: str) -> list[str]:
        """Return the batches of an entry of cutouts."""
        batches = self.batches(self.config["cutouts"][cutouts]["source"])
        return [f"{self.root}/cutouts/{cutouts}/{batch}.h5" for batch in batches]

    def simulate_mb(self, source: str) -> float:
        """Return the memory of a simulation in MB: all its stamps may wait to be written."""
        simulation = self.config["sources"][source]["simulation"]
        stamp = 4 * BANDS * simulation["sides"][1] ** 2
        return MEGABYTES_OF_PYTHON + simulation["batch"] * stamp / 1e6

    def simulate_minutes(self, source: str) -> float:
        """Return the time of a batch in minutes, with a wide margin: 10 galaxies a second."""
        return 10 + self.config["sources"][source]["simulation"]["batch"] / 600
