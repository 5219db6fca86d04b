"""Jobs that failed for a lasting reason are not run again, whatever --retries says.

Such a reason is a mistake in an input or a full disk. The log contains it, and a controller
reads it wherever the job ran; a job's exit status does not reach it from a scheduler.
"""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cosmodag.dag.submission import is_ours
from cosmodag.failures import LASTING

_TAIL = 8192
_STARTED = time.time() - 5.0
"""When this controller started, by clocks that may differ by seconds."""
_exempted: set[type] = set()


def exempt_input_errors(job_class: Any) -> None:
    """Make jobs with a mistake in an input, or a full disk, fail at the first attempt.

    Parameters
    ----------
    job_class : type
        Snakemake's class of jobs. Its property `restart_times` is replaced.
    """
    if job_class in _exempted:
        return
    _exempted.add(job_class)
    allowed = job_class.restart_times.fget

    def restart_times(job) -> int:
        # Rules of a workflow that includes this one are none of its business.
        return 0 if is_ours(job.rule) and reports_input_error(job.log) else allowed(job)

    job_class.restart_times = property(restart_times)


def reports_input_error(logs: Iterable[str]) -> bool:
    """Return whether one of the log files of a job ends with a mistake in an input.

    Parameters
    ----------
    logs : iterable of str
        Log files; those that do not exist are ignored.
    """
    return any(_ends_with_error(Path(log)) for log in logs)


def _ends_with_error(log: Path) -> bool:
    try:
        status = log.stat()
        if status.st_mtime < _STARTED:  # of an earlier run
            return False
        with open(log, "rb") as file:
            file.seek(max(0, status.st_size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return False
    # Launchers of ranks, and ranks that lose another one, add lines of their own after that line.
    return any(line.startswith(LASTING) for line in lines)
