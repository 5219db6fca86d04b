"""Slurm's programs from Debian's packages."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

PROGRAMS = {"munged": "munge", "slurmctld": "slurmctld", "slurmd": "slurmd", "srun": "slurm-client"}
"""Programs that a cluster needs, and the package that brings each."""
POLICY = Path("/usr/sbin/policy-rc.d")
"""Asked by packages before they start a daemon of their own."""


class SlurmIsMissing(Exception):
    """Why there can be no cluster here, in one line."""


def require_slurm() -> None:
    """Install what is missing of Slurm.

    Raises
    ------
    SlurmIsMissing
        If this is not a Debian machine, or not root's session, or packages cannot be had.
    """
    if os.geteuid() != 0:
        raise SlurmIsMissing("the daemons of Slurm want root, and this is not root's session")
    require(PROGRAMS)


def require(programs: Mapping[str, str]) -> None:
    """Install the packages of those programs that are missing."""
    missing = sorted({programs[name] for name in programs if shutil.which(name) is None})
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise SlurmIsMissing(f"no {', '.join(missing)} here, and no apt-get to install them with")
    print(f"installing {' '.join(missing)} from Debian's packages", flush=True)
    with tempfile.TemporaryFile("w+") as log, no_daemons():
        for words in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
            done = subprocess.run(
                ["apt-get", "-o", "DPkg::Lock::Timeout=120", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        if done.returncode:
            log.seek(0)
            last = log.read().strip().splitlines()[-1:]
            raise SlurmIsMissing(f"{' '.join(missing)} cannot be installed: {''.join(last)}")


class no_daemons:
    """Keep packages from starting daemons of their own; a policy that stands already stays."""

    def __enter__(self):
        self.mine = not POLICY.exists()
        if self.mine:
            POLICY.write_text("#!/bin/sh\nexit 101\n")
            POLICY.chmod(0o755)

    def __exit__(self, *_):
        if self.mine:
            POLICY.unlink()
