"""A copy of the workflow in a folder of its own, for tests that run Snakemake."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas
import yaml

from cosmodag import experiments
from cosmodag.dag.config_files import complete_config

PARTS = ("Snakefile", "workflow", "config", "profiles", "envs", "slurm")
TINY = Path(__file__).parent / "dag" / "tiny.yaml"


def tiny(experiment: str) -> dict:
    """The configuration of an experiment at a scale of a minute."""
    return yaml.safe_load(TINY.with_stem(f"tiny_{experiment}").read_text())


@dataclass
class Checkout:
    """A copy of the workflow with a configuration that tests may change."""

    folder: Path

    @property
    def config(self) -> dict:
        return yaml.safe_load((self.folder / "tiny.yaml").read_text())

    def configure(self, config: dict, sort: bool = True) -> None:
        (self.folder / "tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=sort))

    def snakemake(self, *words: str, ok: bool = True) -> str:
        """Run snakemake on the tiny configuration; give what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *words],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=1200,
        )
        assert (done.returncode == 0) == ok, done.stdout
        return done.stdout

    def python(self, *words: str) -> tuple[int, str]:
        """Run python in the checkout; give its exit code and what it printed."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder / "workflow")},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.returncode, done.stdout

    def run(self, *targets: str) -> str:
        return self.snakemake("--cores", "2", "--configfile", "tiny.yaml", "--", *targets)

    def check_examples(self, experiment: str) -> None:
        """Check that datasets hold what the checks of a configuration assume."""
        config = complete_config(self.config)[experiment]
        for name, entry in config["datasets"].items():
            if "cutouts" not in entry:
                continue
            expected = experiments.find(experiment).examples(config, entry["cutouts"])
            folder = self.folder / "results" / experiment / "datasets" / name
            found = json.loads((folder / "dataset.json").read_text())
            assert found["x_channels"] == list(expected.channels)
            assert tuple(found["shapes"]["x"][:-1]) == expected.shape
            if expected.target_channels:
                assert found["y_channels"] == list(expected.target_channels)
                assert tuple(found["shapes"]["y"][:-1]) == expected.target_shape
            else:
                assert len(found["shapes"]["y"]) == 1
            columns = pandas.read_parquet(folder / "index.parquet").select_dtypes("number").columns
            assert set(columns) >= {*(expected.columns or ()), *expected.classes}
            if expected.groups is not None and entry["protocol"] == "group":
                assert len(set().union(*found["groups"].values())) == expected.groups

    def refused(self, config: dict) -> str:
        """What is said of a configuration that cannot be planned."""
        self.configure(config)
        return self.snakemake("-n", "--configfile", "tiny.yaml", ok=False)

    def commands(self) -> str:
        """What a dry run prints, with the commands of its jobs."""
        return self.snakemake("-n", "-p", "--configfile", "tiny.yaml")

    def planned(self, *targets: str) -> set[str]:
        """The jobs that a dry run plans, as ``rule wildcard=value,…``."""
        printed = self.snakemake("-n", "--configfile", "tiny.yaml", "--", *targets)
        blocks = re.split(r"\n(?=(?:local)?rule \w+:\n)", printed)[1:]
        jobs = set()
        for block in blocks:
            rule = re.match(r"(?:local)?rule (\w+):", block)[1]
            wildcards = re.search(r"^    wildcards: (.*)$", block, re.M)
            jobs.add(f"{rule} {wildcards[1].replace(', ', ',')}" if wildcards else rule)
        return jobs


def copy_checkout(folder: Path, repository: Path, *, caches: bool = False) -> Checkout:
    """Copy the workflow's own files, no results, and caches of compiled code only where asked."""
    cached = () if caches else ("__pycache__",)
    ignored = shutil.ignore_patterns(*cached, "*.egg-info", ".snakemake")
    for part in PARTS:
        source = repository / part
        if source.is_symlink():
            (folder / part).symlink_to(os.readlink(source))
        elif source.is_dir():
            shutil.copytree(source, folder / part, ignore=ignored, symlinks=True)
        else:
            shutil.copy(source, folder / part)
    shutil.copy(TINY, folder / "tiny.yaml")
    return Checkout(folder)
