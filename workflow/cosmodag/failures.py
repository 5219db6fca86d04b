"""Failures of the machine and of the program, each described in one line.

A full disk reaches Python in many forms: as an error of the system, in the text of an error of the
HDF5 library, or as a number of bytes that were not written. Memory that is missing likewise.
"""

import contextlib
import errno
import os
import re
import resource
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from cosmodag.errors import OutputError

DEBUG = "COSMODAG_DEBUG"
"""Environment variable; if it is set, tracebacks are printed instead of written to a file."""
LASTING = "Error: "
"""Beginning of a line about something that another attempt of a job does not change."""
PASSING = "Failed: "
"""Beginning of a line about something that another attempt, with more memory, may change."""
CURES = {
    errno.ENOSPC: ("no space left", "free some space, or choose a folder on another file system"),
    errno.EDQUOT: ("the disk quota is used up", "delete files, or choose another folder"),
    errno.EFBIG: ("larger than files may be here (see `ulimit -f`)", "raise the limit"),
    errno.EROFS: ("the file system is read-only", "choose another folder"),
    errno.EACCES: ("permission denied", "change the permissions, or choose another folder"),
    errno.EPERM: ("operation not permitted", "change the permissions, or choose another folder"),
}
"""What is missing and what helps, by the system's error number."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Errors about the amount that is written."""
NUMBER_IN_TEXT = re.compile(r"errno\W{1,3}(\d+)", re.IGNORECASE)
SHORT_WRITE = re.compile(r"\d+ requested and \d+ written|not enough space on disk", re.IGNORECASE)
"""Errors of numpy and astropy about a full disk, without an error number."""
NO_MEMORY = re.compile(
    r"(can't|cannot|unable to|failed to) allocate|out of memory|bad_alloc", re.IGNORECASE
)
AMOUNT = re.compile(r"allocate:? ([\d.]+ ?(?:bytes|[KMGTP]i?B))", re.IGNORECASE)
LONGEST = 600
"""Characters of an error's text that a line shows."""


@contextlib.contextmanager
def explained(path: Path, partial: Path | None = None) -> Iterator[None]:
    """Turn errors about a full or read-only disk into one that names the file to be written.

    Parameters
    ----------
    path : pathlib.Path
        File or folder that is to be written.
    partial : pathlib.Path, optional
        Where it is written first.

    Raises
    ------
    OutputError
        Instead of any error that is due to the disk.
    """
    try:
        yield
    except OutputError as error:
        if partial is None or str(partial) not in str(error):
            raise
        message = str(error).replace(str(partial), str(path))
        raise OutputError(error.errno or 0, message) from error
    except (OSError, RuntimeError, ValueError) as error:
        number = disk_error(error)
        if number is None or not _concerns(error, number, path, partial):
            raise
        raise output_error(number, path, partial) from error


def output_error(number: int, path: Path, partial: Path | None = None) -> OutputError:
    """Return the error about an output that cannot be written.

    Parameters
    ----------
    number : int
        The system's error number, a key of `CURES`.
    path : pathlib.Path
        The output.
    partial : pathlib.Path, optional
        What was written of it so far.
    """
    missing, cure = CURES[number]
    if number in FULL:
        missing += f" ({_amounts(path, partial)})"
    return OutputError(number, f"{path}: {missing}: {cure}")


def disk_error(error: BaseException) -> int | None:
    """Return the error number of the system if an error is due to the disk, else None.

    The errors that led to it count as well.
    """
    for each in _chain(error):
        number = each.errno if isinstance(each, OSError) else None
        found = NUMBER_IN_TEXT.search(str(each))
        if number is None and found:
            number = int(found[1])
        if number is None and SHORT_WRITE.search(str(each)):
            limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
            number = errno.ENOSPC if limit == resource.RLIM_INFINITY else errno.EFBIG
        if number in CURES:
            return number
    return None


def memory_error(error: BaseException) -> bool:
    """Return whether an error says that memory cannot be had."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    return isinstance(error, RuntimeError) and NO_MEMORY.search(str(error)) is not None


def in_thread(arguments: threading.ExceptHookArgs) -> None:
    """Print the error that ended a thread, but leave those about the disk to the main thread.

    Writers in threads, such as TensorBoard's, raise their errors again in the thread that uses
    them.

    Parameters
    ----------
    arguments : threading.ExceptHookArgs
        What `threading.excepthook` takes.
    """
    if arguments.exc_value is None or disk_error(arguments.exc_value) is None:
        threading.__excepthook__(arguments)


def end(error: BaseException, stage: str) -> NoReturn:
    """Print the line about an error and end this process with exit status 1.

    After an error about the disk the process ends at once: the HDF5 library would try to write the
    rest of its files once more, and crash.
    """
    print(describe(error, stage), file=sys.stderr, flush=True)
    if disk_error(error) is not None:
        sys.stdout.flush()
        os._exit(1)
    raise SystemExit(1) from error


def describe(error: BaseException, stage: str) -> str:
    """Return the line about an error that is none of the user's; write its traceback to a file.

    Parameters
    ----------
    error : BaseException
        The error.
    stage : str
        Command that failed.

    Returns
    -------
    str
        One line, with `LASTING` or `PASSING` in front.
    """
    if memory_error(error):
        text = _one_line(error)
        amount = AMOUNT.search(text)
        wanted = f" for {amount[1]}" if amount else ""
        return (
            f"{PASSING}{stage}: not enough memory{wanted} ({text}): give the job more memory "
            "(resource mem_mb), or use fewer threads, a smaller batch or batch_size"
        )
    number = disk_error(error)
    if isinstance(error, OutputError):
        return f"{LASTING}{stage}: {error}"
    if number is not None:
        name = getattr(error, "filename", None)
        path = Path(os.fsdecode(name)) if isinstance(name, str | bytes) else Path.cwd()
        return f"{LASTING}{stage}: {output_error(number, path)}"
    written = write_traceback(error, stage)
    where = f"; the traceback is in {written}" if written else ""
    return f"{PASSING}{stage}: {_one_line(error)}{where}"


def write_traceback(error: BaseException, stage: str) -> Path | None:
    """Add the traceback of an error to a file, and return its path; None if it cannot be written.

    Where messages go to a file, as those of a job of the workflow do, it lies beside that file with
    the suffix ``.traceback``; otherwise in the system's folder of temporary files.
    """
    lines = traceback.format_exception(error)
    path = traceback_file()
    head = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {stage}: {' '.join(sys.argv)}\n"
    try:
        if path is None:
            handle, name = tempfile.mkstemp(prefix="cosmodag-", suffix=".traceback")
            os.close(handle)
            path = Path(name)
        with open(path, "a") as file:
            file.write(head + "".join(lines) + "\n")
    except OSError:
        return None
    return path


def forget() -> None:
    """Remove the tracebacks of earlier attempts of a job, which has succeeded."""
    path = traceback_file()
    if path is not None:
        path.unlink(missing_ok=True)


def traceback_file() -> Path | None:
    """Return the file beside that of the messages on standard error; None if they go to none."""
    try:
        path = Path(os.readlink("/proc/self/fd/2"))
        return path.with_suffix(".traceback") if path.is_file() else None
    except OSError:
        return None


def printable(text: str) -> str:
    """Return a text with escapes for what would break a line or is no character of a text.

    Examples
    --------
    >>> printable("c\\nd.csv: no column 'x'")
    "c\\\\nd.csv: no column 'x'"
    """
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that led to it."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__]


def _concerns(error: BaseException, number: int, path: Path, partial: Path | None) -> bool:
    """Return whether an error is about an output, not about a file that is read meanwhile."""
    name = getattr(error, "filename", None)
    if not isinstance(name, str | bytes):
        return number in FULL or number == errno.EROFS
    found = Path(os.path.abspath(os.fsdecode(name)))
    output = Path(os.path.abspath(path))
    inside = partial is not None and found.is_relative_to(os.path.abspath(partial))
    return inside or output.is_relative_to(found) or found == output.parent


def _amounts(path: Path, partial: Path | None) -> str:
    """Return how much is free, and how much of the output was written, in words."""
    folder = path if path.is_dir() else path.parent
    words = []
    with contextlib.suppress(OSError):
        words.append(f"{shutil.disk_usage(folder).free / 1e6:.1f} MB are free")
    with contextlib.suppress(OSError):
        files = _files(partial) if partial is not None else []
        sizes = [file.stat() for file in files]
        # The end of a file is set first where its size is known beforehand.
        needed = sum(size.st_size for size in sizes) / 1e6
        written = sum(min(size.st_size, 512 * size.st_blocks) for size in sizes) / 1e6
        if needed:
            words.append(f"{written:.1f} MB were written, at least {needed:.1f} MB are needed")
    return ", ".join(words)


def _files(partial: Path) -> list[Path]:
    if partial.is_dir():
        return [path for path in partial.rglob("*") if path.is_file()]
    return [partial] if partial.is_file() else []


def _one_line(error: BaseException) -> str:
    """Return kind and text of an error in one line of limited length."""
    text = " ".join(str(error).split())
    shortened = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
    return f"{type(error).__name__}: {shortened}" if text else type(error).__name__
