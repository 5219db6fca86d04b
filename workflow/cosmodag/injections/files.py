"""Files of the injection experiment and resources of its jobs, derived from the configuration."""

from __future__ import annotations

import os

from cosmodag.dag.common import format_options, stage_options
from cosmodag.dag.experiment_files import ExperimentFiles, file_mb

PYTHON_MB = 1200
"""Memory of Python with numba, astropy and compiled kernels, and of two Snakemake processes."""
N_PLANES = 6
"""Planes of a brick: image and inverse variance of three bands."""
PIXEL_BYTES, LOSSLESS_BYTES = 0.95, 3.6
"""Size of a compressed pixel, quantized or without loss."""
LEGACY_BRICK_SIDE = 3600
"""Pixels per side of a brick of the Legacy Surveys."""


class InjectionsFiles(ExperimentFiles):
    """Files and resources of the injection experiment.

    A source is a simulation of bricks, one image (which forms one brick), or the folder of a
    survey.

    Parameters
    ----------
    config : mapping
        Completed configuration.
    """

    NAME = "injections"
    SECTIONS = (
        *("sources", "selections", "cutouts", "datasets", "runs", "predictions", "verdicts"),
        "transfer",
    )
    COUNT_KEY = "bricks"

    def image_files(self, source: str) -> dict[str, str]:
        """Return the files of an image and of its point-spread functions."""
        entry = self.config["sources"][source]["image"]
        return {key: os.path.expandvars(entry[key]["path"]) for key in ("image", "psf")}

    def survey(self, section: str, name: str, batch: str) -> str:
        """Return the folder that an entry of selections or transfer reads for a batch of bricks."""
        source = self.config[section][name]["source"]
        entry = self.config["sources"][source]
        if "survey" in entry:
            return os.path.expandvars(entry["survey"]["path"])
        return f"{self.root}/sources/{source}/{batch}"

    def brick_inputs(self, section: str, name: str, batch: str) -> dict[str, str]:
        """Return the survey that such an entry reads, and the list of bricks of a real one."""
        source = self.config["sources"][self.config[section][name]["source"]]
        bricks = {}
        if "survey" in source:
            bricks = {"bricks": os.path.expandvars(source["survey"]["bricks"]["path"])}
        return {"survey": self.survey(section, name, batch), **bricks}

    def survey_option(self, section: str, name: str) -> str:
        """Return the option that names a survey of a simulation."""
        return format_options({"survey_name": self.config[section][name].get("survey")})

    def selection_of(self, cutouts: str) -> str:
        """Return the selection of an entry of cutouts."""
        return self.config["cutouts"][cutouts]["selection"]

    def brick_options(self, section: str, name: str, batch: int) -> str:
        """Return the options that select a batch of the bricks of a survey."""
        source = self.config[section][name]["source"]
        survey = self.config["sources"][source].get("survey")
        if survey is None:
            return ""
        return format_options({"batch": batch, "batches": survey["batches"]})

    def match_options(self, transfer: str) -> str:
        """Return the settings of the matches of a transfer function."""
        return stage_options("injections/transfer/*", self.config["transfer"][transfer], "match")

    def matches(self, transfer: str) -> list[str]:
        """Return the tables of matches of a transfer function, one per batch."""
        batches = self.batches(self.config["transfer"][transfer]["source"])
        return [f"{self.root}/transfer/{transfer}/matches/{batch}.parquet" for batch in batches]

    def examples(self, cutouts: str) -> list[str]:
        """Return the examples files of an entry of cutouts."""
        source = self.config["selections"][self.selection_of(cutouts)]["source"]
        return [f"{self.root}/cutouts/{cutouts}/{batch}.h5" for batch in self.batches(source)]

    def brick_side(self, source: str) -> int:
        """Return the side of a brick in pixels."""
        simulation = self.config["sources"][source].get("simulation", {})
        return simulation.get("size", LEGACY_BRICK_SIDE)

    def simulate_mb(self, source: str) -> float:
        """Return the memory of a simulation in MB: planes of one brick and of its runs."""
        return PYTHON_MB + 120 * self.brick_side(source) ** 2 / 1e6

    def simulate_disk_mb(self, source: str) -> float:
        """Return the size in MB of a batch of bricks, whose surveys share one set of images."""
        simulation = self.config["sources"][source]["simulation"]
        pixel = LOSSLESS_BYTES if simulation["lossless"] else PIXEL_BYTES
        planes = N_PLANES * (1 + len(simulation["surveys"]))
        return simulation["batch"] * planes * pixel * simulation["size"] ** 2 / 1e6

    def observe_disk_mb(self, source: str) -> float:
        """Return the size of a brick made from an image in MB: its planes and those of its runs."""
        entry = self.config["sources"][source]["image"]
        return (1 + entry["runs"]) * file_mb(self.image_files(source)["image"])

    def simulate_minutes(self, source: str) -> float:
        """Return the time limit of a batch of simulated bricks in minutes."""
        simulation = self.config["sources"][source]["simulation"]
        surveys = 1 + len(simulation["surveys"])
        return 10 + simulation["batch"] * surveys * simulation["size"] ** 2 / 1e7

    def cutouts_mb(self, cutouts: str) -> float:
        """Return the memory per rank of the cutouts in MB: one plane of a brick and its stamps."""
        source = self.config["selections"][self.selection_of(cutouts)]["source"]
        return PYTHON_MB + 50 * self.brick_side(source) ** 2 / 1e6

    def match_mb(self, transfer: str) -> float:
        """Return the memory of matches in MB: the inverse variances and catalogues of a brick."""
        source = self.config["transfer"][transfer]["source"]
        return PYTHON_MB + 30 * self.brick_side(source) ** 2 / 1e6

    def verdict_inputs(self, verdict: str) -> dict[str, str | list[str]]:
        """Return the metrics of a test and its controls, and the negative control's dataset."""
        entry = self.config["verdicts"][verdict]
        metrics = {run: f"{self.root}/runs/{run}/metrics.json" for run in self.config["runs"]}
        runs = (entry["run"], entry["negative_control"], *entry["positive_controls"])
        return {
            "run": metrics[entry["run"]],
            "positive_controls": [metrics[run] for run in entry["positive_controls"]],
            "negative_control": metrics[entry["negative_control"]],
            "trained": [
                self.trained_run(run)[key]
                for run in dict.fromkeys(runs)
                for key in ("model", "description")
            ],
            "dataset": self.trained_run(entry["negative_control"])["dataset"],
        }

    @property
    def cuts(self) -> list[str]:
        """The tables of objects that the cuts of all selections removed."""
        return [
            f"{self.root}/selections/{name}/{batch}.csv"
            for name, entry in self.config["selections"].items()
            for batch in self.batches(entry["source"])
        ]

    @property
    def products(self) -> list[str]:
        """The verdicts, the transfer functions and the tables of removed objects."""
        verdicts = [f"{self.root}/verdicts/{name}.json" for name in self.names("verdicts")]
        transfers = [f"{self.root}/transfer/{name}/measured" for name in self.names("transfer")]
        return verdicts + transfers + self.cuts

    @property
    def details(self) -> list[str]:
        """Descriptions and figures of runs, figures of verdicts, and selected objects."""
        figures = [f"{self.root}/verdicts/{name}.svg" for name in self.names("verdicts")]
        objects = [f"{table.removesuffix('.csv')}.parquet" for table in self.cuts]
        return super().details + figures + objects

    def prediction_inputs(self, prediction: str) -> dict[str, str | list[str]]:
        """Return the inputs of an inference: a trained run, its dataset and stamps."""
        entry = self.config["predictions"][prediction]
        return {**self.trained_run(entry["run"]), "stamps": self.examples(entry["cutouts"])}
