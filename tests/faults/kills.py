"""Kills at random moments, of every stage and of Snakemake itself.

The tiny configuration of an experiment runs once undisturbed. Then each stage's command is started
again, killed with all its processes, and repeated: its outputs must be those of the undisturbed
run, and no partial files may remain but those that the next run removes. Snakemake is killed alone,
so that its jobs are orphaned, and called again with the same command.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.checkout import Checkout
from tests.faults.attack import Attack
from tests.faults.every_stage import (
    COMMAND,
    Job,
    differences,
    digests,
    finish,
    partials,
    prepare,
    start,
    targets,
)

KILLS_IN_TRAINING, KILLS_ELSEWHERE, KILLS_OF_SNAKEMAKE = 6, 3, 6
"""Kills of a training, of another stage of each experiment, and of Snakemake."""


def kill_stage(checkout: Checkout, job: Job, chance: random.Random) -> Attack:
    """Kill a stage once, run it again, and compare its outputs."""
    began = time.monotonic()
    expected = digests(checkout.folder, job.outputs)
    limit = job.seconds
    while True:
        delay = chance.uniform(0.2, max(0.3, limit))
        process = start(job.command, checkout.folder)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            break
        limit *= 0.7  # it ended before it was killed
    code = start(job.command, checkout.folder).wait()
    problems = differences(expected, digests(checkout.folder, job.outputs))
    problems += [f"partial {name}" for name in partials(checkout.folder, job.outputs)]
    if code:
        problems.insert(0, f"the repeated command ended with status {code}")
    kind = "kill in training" if job.rule.endswith("_train") else "kill of another stage"
    detail = "; ".join(problems) or f"killed after {delay:.1f} of {job.seconds:.1f} s"
    return Attack(kind, job.rule, not problems, detail, time.monotonic() - began)


def kill_stages(checkout: Checkout, jobs: Sequence[Job], seed: int) -> Iterator[Attack]:
    """Kill every stage of an experiment some times."""
    chance = random.Random(seed)
    for job in jobs:
        number = KILLS_IN_TRAINING if job.rule.endswith("_train") else KILLS_ELSEWHERE
        for _ in range(number):
            yield kill_stage(checkout, job, chance)


def kill_snakemake(folder: Path, repository: Path, seed: int = 0) -> Iterator[Attack]:
    """Kill Snakemake alone, some times; the same command goes on where it was."""
    for name in ("undisturbed", "trial"):
        (folder / name).mkdir()
    undisturbed = prepare("voids", folder / "undisturbed", repository)
    finish(undisturbed, "voids")
    expected = digests(undisturbed.folder, ("results/voids",))
    trial = prepare("voids", folder / "trial", repository)
    command = f"python -m snakemake {' '.join(COMMAND)} -- {' '.join(targets('voids'))}"
    chance = random.Random(seed)
    for number in range(1, KILLS_OF_SNAKEMAKE + 1):
        began = time.monotonic()
        process = start(f"exec {command}", trial.folder)
        try:
            code = process.wait(chance.uniform(8, 20))
            problem = f"snakemake ended with status {code} before it was killed"
        except subprocess.TimeoutExpired:
            process.kill()  # its jobs go on
            process.wait()
            problem = ""
        seconds = time.monotonic() - began
        yield Attack("kill of Snakemake", f"kill {number}", not problem, problem, seconds)
    began = time.monotonic()
    code = start(command, trial.folder).wait()
    problems = differences(expected, digests(trial.folder, ("results/voids",)))
    problems += [f"partial {name}" for name in partials(trial.folder, ())]
    if code:
        problems.insert(0, f"the last snakemake ended with status {code}")
    seconds = time.monotonic() - began
    yield Attack(
        "end after kills of Snakemake", "results", not problems, "; ".join(problems), seconds
    )
