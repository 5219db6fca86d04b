"""Jobs that failed because of a mistake in an input are not run again, whatever --retries says."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

ERROR = "Error: "
"""Beginning of the line by which a command reports a mistake in its input."""
_TAIL = 8192


_exempted: set[type] = set()


def exempt_input_errors(job_class: Any) -> None:
    """Make jobs with a mistake in an input fail at the first attempt.

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
        return 0 if reports_input_error(job.log) else allowed(job)

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
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return False
    # Launchers of ranks add lines of their own after that of the command.
    return any(line.startswith(ERROR) for line in lines) and "Traceback" not in "\n".join(lines)
