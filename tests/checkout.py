"""A copy of the workflow in a folder of its own, for tests that run Snakemake."""

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas
import yaml

from cosmodag import experiments, source_cache
from cosmodag.dag.config_files import complete_config
from tests import forks

PARTS = ("Snakefile", "workflow", "config", "profiles", "envs", "slurm")
TINY = Path(__file__).parent / "dag" / "tiny.yaml"
FACTS = Path(".snakemake") / "cosmodag" / "sources.json"
"""What is known of the sources, see `cosmodag.source_cache`."""


def tiny(experiment: str) -> dict:
    """The configuration of an experiment at a scale of a minute."""
    return yaml.safe_load(TINY.with_stem(f"tiny_{experiment}").read_text())


@dataclass
class Checkout:
    """A copy of the workflow with a configuration that tests may change."""

    folder: Path
    LIMIT: ClassVar[float] = 1200
    """Seconds after which a command counts as hung."""

    @property
    def results(self) -> Path:
        """The folder of results."""
        return self.folder / self.config.get("results", "results")

    @property
    def config(self) -> dict:
        return yaml.safe_load((self.folder / "tiny.yaml").read_text())

    def configure(self, config: dict, sort: bool = True) -> None:
        (self.folder / "tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=sort))

    def snakemake(self, *words: str, ok: bool = True) -> str:
        """Run snakemake on the tiny configuration; give what it printed."""
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        if "-n" in words:
            planned = forks.run(
                "snakemake", *words, folder=self.folder, environment=environment, limit=self.LIMIT
            )
            printed = planned.errors + planned.output
            assert (planned.code == 0) == ok, printed
            keep_facts(self.folder)
            return printed
        share_compiled(self.folder)
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *words],
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=self.LIMIT,
        )
        assert (done.returncode == 0) == ok, done.stdout
        share_compiled(self.folder)
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
        """Run jobs one after the other, so that no two compile the same."""
        return self.snakemake("--cores", "1", "--configfile", "tiny.yaml", "--", *targets)

    def check_examples(self, experiment: str) -> None:
        """Check that datasets hold what the checks of a configuration assume."""
        config = complete_config(self.config)[experiment]
        for name, entry in config["datasets"].items():
            if "cutouts" not in entry:
                continue
            expected = experiments.find(experiment).examples(config, entry["cutouts"])
            folder = self.results / experiment / "datasets" / name
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


def copy_checkout(folder: Path, repository: Path) -> Checkout:
    """Copy the workflow's own files and what other copies compiled and parsed, but no results."""
    ignored = shutil.ignore_patterns("*.nbi", "*.nbc", "*.egg-info", ".snakemake")
    for part in PARTS:
        source = repository / part
        if source.is_symlink():
            (folder / part).symlink_to(os.readlink(source))
        elif source.is_dir():
            shutil.copytree(source, folder / part, ignore=ignored, symlinks=True)
        else:
            shutil.copy(source, folder / part)
    shutil.copy(TINY, folder / "tiny.yaml")
    share_compiled(folder)
    _take_facts(folder)
    return Checkout(folder)


def share_compiled(folder: Path) -> None:
    """Give other copies of the same code what this one compiled, and take what they compiled."""
    with _compiled(folder) as store:
        _copy_compiled(folder / "workflow", store)
        _copy_compiled(store, folder / "workflow")


def _copy_compiled(source: Path, target: Path) -> None:
    """Copy the machine code of functions of which a folder has none."""
    for index in source.rglob("*.nbi"):
        place = target / index.parent.relative_to(source)
        if (place / index.name).exists():  # files of one function must come from one copy
            continue
        place.mkdir(parents=True, exist_ok=True)
        for path in index.parent.glob(f"{glob.escape(index.stem)}.*"):
            shutil.copy2(path, place)


def keep_facts(folder: Path) -> None:
    """Store what Snakemake found in the sources of a copy, for later copies of the same code."""
    found = json.loads((folder / FACTS).read_text())["sources"] if (folder / FACTS).exists() else {}
    with _compiled(folder) as store:
        path = store / FACTS.name
        known = json.loads(path.read_text()) if path.exists() else {}
        inside = [name for name in map(Path, found) if name.is_relative_to(folder)]
        facts = {str(name.relative_to(folder)): found[str(name)][1] for name in inside}
        if not facts.keys() <= known.keys():
            path.write_text(json.dumps(known | facts))


def _take_facts(folder: Path) -> None:
    """Write what is known of the sources as if Snakemake had found it in this copy."""
    with _compiled(folder) as store:
        if not (store / FACTS.name).exists():
            return
        facts = json.loads((store / FACTS.name).read_text())
    sources = {
        str(folder / name): [source_cache.stamp_of(folder / name), known]
        for name, known in facts.items()
    }
    (folder / FACTS).parent.mkdir(parents=True)
    content = {"version": source_cache.VERSION, "sources": sources}
    (folder / FACTS).write_text(json.dumps(content))


@contextlib.contextmanager
def _compiled(folder: Path) -> Iterator[Path]:
    """Yield the locked folder of machine code that was compiled from the code of a copy."""
    modules = sorted((folder / "workflow").rglob("*.py"))
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in modules]
    code = hashlib.sha256(repr(stats).encode()).hexdigest()[:16]
    store = Path(tempfile.gettempdir()) / f"cosmodag-compiled-{os.getuid()}" / code
    store.mkdir(parents=True, exist_ok=True)
    with open(store.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield store
