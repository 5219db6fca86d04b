"""A tiny run of an experiment in which every rule has a job, for attacks on every stage."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cosmodag.dag.leftovers import clear_partials
from cosmodag.output_kinds import SYSTEM
from tests.checkout import Checkout, copy_checkout, tiny
from tests.digest import digest
from tests.faults.corpus import bricks, stamps
from tests.unit.reionization.cubes import cubes

COMMAND = ("--cores", "2", "--configfile", "tiny.yaml")
EXACT = (".csv", ".fits", ".gz", ".tsv", ".txt")
"""Endings of outputs that are compared byte by byte."""
LOG = "events.out.tfevents."
"""Beginning of the names of TensorBoard's files, which hold the time and the process."""


@dataclass(frozen=True)
class OwnData:
    """A source of own data, which the tiny configuration of an experiment lacks.

    Attributes
    ----------
    write : callable
        Writes its files into a folder.
    source : dict
        Its entry in the configuration; its files lie in `own/`.
    target : str
        Path of what the workflow makes of it, below the experiment's results.
    entries : dict
        Sections that the tiny configuration lacks.
    """

    write: Callable[[Path], object]
    source: dict[str, Any]
    target: str
    entries: dict[str, Any] = field(default_factory=dict)


def write_catalogue(folder: Path) -> None:
    """Write 4,000 galaxies in a box of 64 Mpc/h."""
    positions = np.random.default_rng(1).uniform(0, 64, (4000, 3))
    np.savetxt(folder / "galaxies.csv", positions, "%.4f", ",", header="x,y,z", comments="")


def write_image(folder: Path) -> None:
    """Write an image of a survey with its inverse variance, and its point-spread function."""
    image, psf = bricks.single_image()
    image.writeto(folder / "image.fits")
    psf.writeto(folder / "psf.fits")


OWN_DATA = {
    "voids": OwnData(
        write_catalogue,
        {"catalogue": {"path": "own/galaxies.csv", "box_size": 64}},
        "sources/own/galaxies_0.h5",
        {
            "void_catalogues": {
                "own": {"path": "own/galaxies.csv", "box_size": 64, "minimum_radius": 6}
            }
        },
    ),
    "galaxies": OwnData(
        stamps.write_good,
        {"folder": {"path": "own", "shape": list(stamps.CUBE.shape)}},
        "sources/own/accepted.txt",
    ),
    "injections": OwnData(
        write_image,
        {
            "image": {
                "image": {"path": "own/image.fits"},
                "psf": {"path": "own/psf.fits"},
                "brick": bricks.BAD,
            }
        },
        "sources/own/0",
        {"transfer": {"same": {"source": "sky", "survey": "same"}}},
    ),
    "reionization": OwnData(
        lambda folder: cubes.write_raw(folder, 8.0),
        {
            "folder": {
                "path": "own",
                "redshifts": [8],
                "cells": cubes.CELLS,
                "box_size": cubes.BOX,
            }
        },
        "sources/own/0/z8.h5",
    ),
}


@dataclass(frozen=True)
class Job:
    """A job of the tiny workflow: its rule, shell command, outputs, and seconds that it took."""

    rule: str
    command: str
    outputs: tuple[str, ...]
    seconds: float


def targets(experiment: str) -> list[str]:
    """Return what the tiny workflow of an experiment makes."""
    return [experiment, f"results/{experiment}/{OWN_DATA[experiment].target}"]


def prepare(experiment: str, folder: Path, repository: Path) -> Checkout:
    """Copy the workflow and write a tiny configuration with a job for every rule."""
    checkout = copy_checkout(folder, repository)
    if experiment != "voids":
        checkout.configure(tiny(experiment))
    config = checkout.config
    for run in config[experiment]["runs"].values():  # so that there is something to continue from
        run.setdefault("training", {})["checkpoint_steps"] = 2
    own = OWN_DATA[experiment]
    (folder / "own").mkdir()
    own.write(folder / "own")
    config[experiment]["sources"]["own"] = own.source
    config[experiment] |= own.entries
    checkout.configure(config, sort=False)
    return checkout


def finish(checkout: Checkout, experiment: str) -> list[Job]:
    """Run the tiny workflow undisturbed; return one job of each rule."""
    checkout.snakemake(*COMMAND, "--", *targets(experiment))
    printed = checkout.snakemake("-n", "-F", "-p", *COMMAND[2:], "--", *targets(experiment))
    found: dict[str, Job] = {}
    for block in re.split(r"\n(?=rule \w+:\n)", printed)[1:]:
        rule = re.match(r"rule (\w+):", block)[1]
        command = re.search(r"^Shell command: (.*?)\n(?:\n|\Z|\[)", block, re.M | re.S)
        outputs = re.search(r"^    output: (.*)$", block, re.M)
        benchmark = re.search(r"^    benchmark: (.*)$", block, re.M)
        if rule in found or command is None or outputs is None or command[1] == "None":
            continue
        row = (checkout.folder / benchmark[1]).read_text().splitlines()[1]
        found[rule] = Job(
            rule, command[1], tuple(outputs[1].split(", ")), float(row.split("\t")[0])
        )
    return list(found.values())


def rules(experiment: str, repository: Path) -> set[str]:
    """Return the names of the rules of an experiment that make something."""
    text = (repository / "workflow" / "rules" / f"{experiment}.smk").read_text()
    return set(re.findall(rf"^(?:use )?rule (?:\w+ as )?({experiment}_\w+)", text, re.M))


def start(command: str, folder: Path, **options: Any) -> subprocess.Popen:
    """Start a shell command in a process group of its own."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(folder / "workflow"),
    }
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
    words = ["bash", "-euo", "pipefail", "-c", command]
    return subprocess.Popen(words, cwd=folder, env=environment, start_new_session=True, **streams)


def digests(folder: Path, outputs: tuple[str, ...]) -> dict[str, str]:
    """Return digests of the content of outputs, files or folders."""
    result = {}
    for output in outputs:
        path = folder / output
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if not file.is_file() or file.name in SYSTEM or file.name.startswith(LOG):
                continue
            value = digest(file)
            if value is None and file.suffix in EXACT:
                value = hashlib.sha256(file.read_bytes()).hexdigest()
            result[str(file.relative_to(folder))] = value or "present"
    return result


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Return the names of files that differ, are missing or are new."""
    names = sorted(expected.keys() | found.keys())
    return [name for name in names if expected.get(name) != found.get(name)]


def partials(folder: Path, outputs: tuple[str, ...]) -> list[str]:
    """Return the temporary files of a checkout's results that its next run would not remove.

    Parameters
    ----------
    folder : pathlib.Path
        The checkout.
    outputs : tuple of str
        Outputs of the job that was killed.
    """
    clear_partials(str(folder / output) for output in outputs)
    results = folder / "results"
    return [
        str(path.relative_to(results))
        for path in results.rglob(".*")
        if path.name not in SYSTEM and ".state" not in path.relative_to(results).parts
    ]
