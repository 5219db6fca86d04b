"""A full, a read-only and a limited disk under every stage: one line, nothing half-written."""

import contextlib
import re
import resource
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.checkout import Checkout
from tests.faults.attack import Attack
from tests.faults.every_stage import Job, differences, digests, partials, start

DISK = "2g"
"""Size of the file system of results, in memory."""
BLOCK = 1 << 20
LIMIT = 4096
"""Bytes of the largest file where their size is limited."""


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """Mount a file system in memory, if that is allowed here."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", folder]
    mounted = subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", folder], check=True)


@contextlib.contextmanager
def full(folder: Path) -> Iterator[None]:
    """Leave no room on a disk."""
    others = folder / "others"
    with open(others, "wb", buffering=0) as file:
        for size in (BLOCK, 4096):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    try:
        yield
    finally:
        others.unlink()


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a disk read-only."""
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)


@contextlib.contextmanager
def limited(folder: Path) -> Iterator[None]:
    """Limit the size of files that are written, for processes that are started meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


DISKS = {
    "full disk": (full, "no space left"),
    "read-only disk": (read_only, "read-only"),
    "limited size of files": (limited, "larger than files may be here"),
}
"""What is done to the disk, and the words that name it."""


def attack_disk(checkout: Checkout, job: Job, kind: str) -> Attack:
    """Run a stage on such a disk and judge how it ends."""
    began = time.monotonic()
    results = checkout.folder / "results"
    expected = digests(checkout.folder, job.outputs)
    change, reason = DISKS[kind]
    command = re.sub(r"&> \S+$", "", job.command.strip())  # its log lies on the disk, too
    with change(results):
        process = start(command, checkout.folder, stderr=subprocess.PIPE, text=True)
        printed = process.communicate()[1]
    line = (printed.splitlines() or [""])[-1]
    problems = [f"partial {name}" for name in partials(checkout.folder, ())]
    problems += differences(expected, digests(checkout.folder, job.outputs))
    if process.returncode not in (1, 2):
        problems.append(f"status {process.returncode}")
    if not (line.startswith("Error: ") and reason in line.lower()):
        problems.append(f"the last line is: {line}")
    if "Traceback" in printed or "Exception ignored" in printed:
        problems.append(f"a traceback: {printed[-600:]}")
    detail = "; ".join(problems) or line
    return Attack(kind, job.rule, not problems, detail, time.monotonic() - began)


def largest_output(folder: Path, job: Job) -> int:
    """Return the size in bytes of the largest file that a job writes."""
    paths = (path for output in job.outputs for path in [folder / output, *_below(folder / output)])
    return max(path.stat().st_size for path in paths if path.is_file())


def _below(path: Path) -> Iterator[Path]:
    return path.rglob("*") if path.is_dir() else iter(())


def attack_disks(checkout: Checkout, jobs: Sequence[Job]) -> Iterator[Attack]:
    """Run every stage of an experiment on such disks."""
    for job in jobs:
        for kind, (change, _) in DISKS.items():
            if change is limited and largest_output(checkout.folder, job) <= LIMIT:
                continue
            yield attack_disk(checkout, job, kind)
