"""The processor that a command runs on; above all Xeon Phi, which has instructions of its own.

Xeon Phi (Knights Landing) has AVX-512F and CD, but not BW, DQ and VL, which code for AVX-512 on
other processors relies on, and four hardware threads a core, of which the second to fourth slow the
first. Settings must be made before numba, torch or an OpenMP library is imported.
"""

import atexit
import contextlib
import itertools
import os
import re
import shutil
import sys
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from typing import NamedTuple

from cosmodag.errors import InputError

VARIABLE = "COSMODAG_PROCESSOR"
"""Variable of the environment that asks for the settings of Xeon Phi anywhere: ``xeonphi``."""
MODELS = {87, 133}
"""Model numbers of family 6 that are Xeon Phi: Knights Landing and Knights Mill."""
NEEDED = {"avx2", "fma", "f16c", "bmi1", "bmi2", "movbe"}
"""Instructions that code for Xeon Phi is compiled to: those of Haswell, which it shares."""
SETTINGS = {
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # and those of its convolutions
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "-avx512f",  # else those of the host are added
    "KMP_AFFINITY": "granularity=fine,compact,1,0",  # neighbours share caches, each has a core
    "KMP_BLOCKTIME": "1",  # ms for which idle threads of Intel's OpenMP keep their core
    "OMP_PLACES": "cores",  # the same for GNU's OpenMP
    "OMP_PROC_BIND": "close",
}


class Processor(NamedTuple):
    """One of the node's processors, as /proc/cpuinfo describes it."""

    name: str
    family: int
    model: int
    flags: frozenset[str]

    @property
    def is_xeon_phi(self) -> bool:
        """Whether it is a Xeon Phi."""
        return self.family == 6 and self.model in MODELS


def read_processor(path: Path = Path("/proc/cpuinfo")) -> Processor | None:
    """Return the first processor of this node; None where the system does not describe it so."""
    try:
        with open(path) as file:
            lines = itertools.takewhile(str.strip, file)  # an empty line ends the first one
            entries = dict(re.split(r"\s*:\s*", line.strip(), maxsplit=1) for line in lines)
        numbers = int(entries["cpu family"]), int(entries["model"])
    except (OSError, KeyError, ValueError):
        return None
    return Processor(entries["model name"], *numbers, frozenset(entries["flags"].split()))


def prepare(
    processor: Processor | None, environment: MutableMapping[str, str] = os.environ
) -> None:
    """Make the settings of Xeon Phi where this is one, or where the environment asks for them.

    What the environment sets already stays.

    Raises
    ------
    InputError
        If the processor lacks instructions that these settings rely on.
    """
    asked = environment.get(VARIABLE, "")
    if asked not in ("", "xeonphi"):
        raise InputError(f"{VARIABLE}={asked}: choose xeonphi, or leave it unset")
    if processor is None or not (asked or processor.is_xeon_phi):
        return
    if missing := sorted(NEEDED - processor.flags):
        raise InputError(
            f"this node's processor ({processor.name}) lacks {', '.join(missing)}, without which "
            "code for Xeon Phi does not run: send the rule to another kind of node, or unset "
            f"{VARIABLE}"
        )
    for name, value in SETTINGS.items():
        environment.setdefault(name, value)


def cache_compiled_code(
    package: Path = Path(__file__).parent, environment: MutableMapping[str, str] = os.environ
) -> None:
    """Let numba keep compiled code in a temporary folder where it can write to no other.

    It writes beside the sources or to the user's folder of caches, and fails where both are
    read-only, as in a container. The folder is this process's own and goes with it.
    """
    home = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if "NUMBA_CACHE_DIR" in environment or _is_writable(package) or _is_writable(Path(home)):
        return
    with contextlib.suppress(OSError):
        folder = tempfile.mkdtemp(prefix="cosmodag-numba-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        environment["NUMBA_CACHE_DIR"] = folder


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def use_threads(threads: int, environment: MutableMapping[str, str] = os.environ) -> None:
    """Let numba and OpenMP start as many threads as a rule was given, not one a hardware thread."""
    if "numba" not in sys.modules:  # else its threads may run already
        environment.setdefault("NUMBA_NUM_THREADS", str(threads))
    environment.setdefault("OMP_NUM_THREADS", str(threads))
