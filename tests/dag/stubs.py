"""A machine whose Slurm is a stub: see stub_slurm.py."""

import json
import re
import sys
from pathlib import Path

import yaml

STUB = Path(__file__).with_name("stub_slurm.py")
PROGRAMS = ("sbatch", "squeue", "sacct", "scontrol", "scancel", "sacctmgr", "sinfo")
QUICK = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "2")


def install_stubs(folder: Path, monkeypatch) -> None:
    """Put stubs of Slurm's commands first on the path."""
    for program in PROGRAMS:
        script = folder / program
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -S {STUB} {program} "$@"\n')
        script.chmod(0o755)
    (folder / "answers.json").write_text("{}")
    (folder / "submitted.jsonl").touch()
    monkeypatch.setenv("STUB_SLURM", str(folder))
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def every_experiment(repository) -> dict:
    """The tiny configurations of all experiments as one."""
    files = sorted((repository / "tests" / "dag").glob("tiny*.yaml"))
    return {key: part for file in files for key, part in yaml.safe_load(file.read_text()).items()}


def outputs(checkout) -> dict[str, list[str]]:
    """The outputs of each job, by the name under which it is submitted."""
    printed = checkout.snakemake("-n", "--configfile", "tiny.yaml")
    found = {}
    for block in re.split(r"\n(?=(?:local)?rule \w+:\n)", printed)[1:]:
        rule = re.match(r"(?:local)?rule (\w+):", block)[1]
        wildcards = re.search(r"^    wildcards: (.*)$", block, re.M)
        made = re.findall(r"^    (?:output|benchmark): (.*)$", block, re.M)
        values = wildcards[1].replace(", ", ",") if wildcards else ""
        names = [file for line in made for file in line.split(", ")]
        found[f"{rule}:{values}".rstrip(":")] = names
    return found


def promise_outputs(checkout, folder: Path) -> None:
    """Tell the stub what each job makes."""
    (folder / "outputs.json").write_text(json.dumps(outputs(checkout)))


def submitted(folder: Path) -> list[list[str]]:
    """The words of each call of sbatch that would have queued a job."""
    return [json.loads(line) for line in (folder / "submitted.jsonl").read_text().splitlines()]
