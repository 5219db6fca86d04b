"""Files that killed jobs left behind, which the next run removes before its first job.

The caller holds the lock of the working directory and has waited for the jobs of earlier runs, so
nobody writes these files any more.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from cosmodag.output_kinds import OWNER, PARTIAL

STAMPS = "stamps"
"""Folder of finished bricks in a state folder."""


def clear_partials(outputs: Iterable[str]) -> list[Path]:
    """Remove the partial files and folders beside outputs, and return them.

    Parameters
    ----------
    outputs : iterable of str
        Files and folders that jobs write.
    """
    names: dict[str, set[str]] = {}
    for output in outputs:
        folder, name = os.path.split(os.path.normpath(output))
        names.setdefault(folder or ".", set()).add(name)
    removed = []
    for folder, known in names.items():
        for path in _partials(Path(folder)):
            match = PARTIAL.match(path.name)
            if match and match[1] in known:
                removed.append(_remove(path))
    return removed


def clear_states(state: str | os.PathLike, unfinished: Iterable[str]) -> list[Path]:
    """Remove the checkpoints of finished runs, and what interrupted writes left among others.

    Checkpoints of earlier settings or code of a run are removed once the run is finished.

    Parameters
    ----------
    state : path-like
        Folder of checkpoints.
    unfinished : iterable of str
        Outputs of jobs that are to run, such as the ``run.json`` of a run.

    Returns
    -------
    list of pathlib.Path
        What was removed.
    """
    waiting = {os.path.abspath(path) for path in unfinished}
    removed = []
    for owner in Path(state).glob(f"*/*/{OWNER}"):
        folder = owner.parent
        description = os.path.join(owner.read_text().strip(), "run.json")
        if os.path.isfile(description) and description not in waiting:
            removed.append(_remove(folder))
        else:
            removed += [_remove(path) for path in _partials(folder)]
    for folder in Path(state).glob("*"):
        if folder.is_dir() and folder.name != STAMPS:
            with contextlib.suppress(OSError):  # not empty
                folder.rmdir()
    removed += [_remove(path) for path in _partials(Path(state) / STAMPS)]
    return removed


def clear_lists(folder: str | os.PathLike) -> None:
    """Remove the lists of jobs that earlier runs submitted; none of these jobs is left."""
    for path in Path(folder).glob("*.txt"):
        path.unlink(missing_ok=True)


def _partials(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [Path(entry.path) for entry in os.scandir(folder) if PARTIAL.match(entry.name)]


def _remove(path: Path) -> Path:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return path
