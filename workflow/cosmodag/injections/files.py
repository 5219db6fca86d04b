"""The files of the injection experiment and the needs of its jobs, from the configuration."""

from __future__ import annotations

import os

from cosmodag.dag.common import PACKAGE_FOLDER, format_options
from cosmodag.dag.experiment_files import ExperimentFiles

MEGABYTES_OF_PYTHON = 1200  # numba, astropy, compiled kernels; and twice Snakemake around a job
SURVEY_BRICK = 3600  # pixels a side of a brick of the Legacy Surveys


class InjectionsFiles(ExperimentFiles):
    """The injection experiment's part of a completed configuration.

    Sources are simulations of bricks, one image, which is one brick, or a survey's folder.
    """

    NAME = "injections"
    SECTIONS = ("sources", "selections", "cutouts", "datasets", "runs", "predictions", "verdicts")
    COUNT_KEY = "bricks"
    PRIOR = str(PACKAGE_FOLDER.parent / "resources" / "emission_line_galaxies.json")
    """Law of the galaxies that are drawn."""

    def image_files(self, source: str) -> dict[str, str]:
        """Return the files of an image: itself and its point-spread functions."""
        entry = self.config["sources"][source]["image"]
        return {key: os.path.expandvars(entry[key]["path"]) for key in ("image", "psf")}

    def survey(self, selection: str, batch: str) -> str:
        """Return the folder that a selection reads for a batch of bricks."""
        source = self.config["selections"][selection]["source"]
        entry = self.config["sources"][source]
        if "survey" in entry:
            return os.path.expandvars(entry["survey"]["path"])
        return f"{self.root}/sources/{source}/{batch}"

    def survey_of(self, selection: str) -> str:
        """Return the option that names one of a simulation's surveys in its folder."""
        entry = self.config["selections"][selection]
        return format_options({"survey_name": entry.get("survey")})

    def selected(self, cutouts: str) -> str:
        """Return the selection whose stamps are cut."""
        return self.config["cutouts"][cutouts]["selection"]

    def share(self, selection: str, batch: int) -> str:
        """Return the options that name a batch's share of a survey's bricks, every n-th of them."""
        source = self.config["selections"][selection]["source"]
        survey = self.config["sources"][source].get("survey")
        if survey is None:
            return ""
        bricks = os.path.expandvars(survey["bricks"]["path"])
        return format_options({"bricks": bricks, "batch": batch, "batches": survey["batches"]})

    def examples(self, cutouts: str) -> list[str]:
        """Return the batches of an entry of cutouts."""
        selection = self.selected(cutouts)
        source = self.config["selections"][selection]["source"]
        return [f"{self.root}/cutouts/{cutouts}/{batch}.h5" for batch in self.batches(source)]

    def side(self, source: str) -> int:
        """Return the pixels a side of a source's bricks."""
        return self.config["sources"][source].get("simulation", {}).get("size", SURVEY_BRICK)

    def simulate_mb(self, source: str) -> float:
        """Return the memory of a simulation in MB: one brick's planes and those of its runs."""
        return MEGABYTES_OF_PYTHON + 120 * self.side(source) ** 2 / 1e6

    def simulate_minutes(self, source: str) -> float:
        """Return the time of a batch of simulated bricks in minutes, with a wide margin."""
        simulation = self.config["sources"][source]["simulation"]
        surveys = 1 + len(simulation["surveys"])
        return 10 + simulation["batch"] * surveys * simulation["size"] ** 2 / 1e7

    def cutouts_mb(self, cutouts: str) -> float:
        """Return the memory of a rank that cuts in MB: a brick's plane and its stamps."""
        selection = self.selected(cutouts)
        side = self.side(self.config["selections"][selection]["source"])
        return MEGABYTES_OF_PYTHON + 50 * side**2 / 1e6

    def verdict_inputs(self, verdict: str) -> dict[str, str | list[str]]:
        """Return the scores that a verdict rests on, and the negative control's dataset."""
        entry = self.config["verdicts"][verdict]
        scores = {run: f"{self.root}/runs/{run}/metrics.json" for run in self.config["runs"]}
        _, dataset = self.trained_run(entry["negative_control"])
        return {
            "run": scores[entry["run"]],
            "positive_controls": [scores[run] for run in entry["positive_controls"]],
            "negative_control": scores[entry["negative_control"]],
            "dataset": dataset,
        }

    @property
    def cuts(self) -> list[str]:
        """Return the tables of what the cuts of all selections removed."""
        return [
            f"{self.root}/selections/{name}/{batch}.csv"
            for name, entry in self.config["selections"].items()
            for batch in self.batches(entry["source"])
        ]

    @property
    def products(self) -> list[str]:
        """Return the verdicts and the tables of what the cuts removed."""
        verdicts = [f"{self.root}/verdicts/{name}.json" for name in self.names("verdicts")]
        return verdicts + self.cuts

    def prediction_inputs(self, prediction: str) -> dict[str, str | list[str]]:
        """Return what a prediction needs: a trained run, its dataset, stamps."""
        entry = self.config["predictions"][prediction]
        model, dataset = self.trained_run(entry["run"])
        return {"model": model, "dataset": dataset, "stamps": self.examples(entry["cutouts"])}
