"""Facts about the sources of this package, kept between processes in a folder of a workflow.

Each Snakemake process takes the fingerprints of all commands, and parsing the sources takes
seconds. Facts about a source are valid as long as its file is the same: same inode, size, and times
of its last modification and of its last change of any kind, which no program can set.
"""

import atexit
import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from cosmodag.files import whole_file

VERSION = 1
"""Number of the format; facts in another format are forgotten."""


class Facts(NamedTuple):
    """What is known of a source.

    Attributes
    ----------
    code : str
        Hash of its code.
    imports : tuple of str
        Names of this package that it may import.
    texts : tuple of str
        Texts in it that may be paths of data files.
    """

    code: str
    imports: tuple[str, ...]
    texts: tuple[str, ...]


_folder: Path | None = None
_known: dict[str, list] = {}
"""Stamp and facts of each file."""
_new: set[str] = set()
_fingerprints: dict[str, Mapping[str, str]] = {}


def keep_in(folder: str | os.PathLike) -> None:
    """Read what a folder keeps, and write there what this process finds, when it ends.

    Parameters
    ----------
    folder : path-like
        Folder, which need not exist. What cannot be read or written is found anew.
    """
    global _folder
    if _folder is None:
        atexit.register(_write)
    _folder = Path(folder)
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        kept = json.loads((_folder / "sources.json").read_text())
        if kept["version"] == VERSION:
            _known.update(kept["sources"])


def facts_of(path: Path, read: Callable[[Path], Facts]) -> Facts:
    """Return the facts about a source, read anew only if its file has changed.

    Parameters
    ----------
    path : pathlib.Path
        The source.
    read : callable
        Finds the facts.
    """
    stamp = stamp_of(path)
    try:
        known, (code, imports, texts) = _known[str(path)]
        if known == stamp:
            return Facts(str(code), tuple(imports), tuple(texts))
    except (KeyError, ValueError, TypeError):
        pass
    facts = read(path)
    _known[str(path)] = [stamp, facts]
    _new.add(str(path))
    return facts


def stamp_of(path: Path) -> list[int]:
    """Return what changes with a file: inode, size, and times of modification and of change."""
    state = path.stat()
    return [state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns]


def remember_fingerprint(fingerprint: str, hashes: Mapping[str, str]) -> None:
    """Remember which hashes a fingerprint consists of, see `hashes_of`."""
    _fingerprints[fingerprint] = hashes


def hashes_of(fingerprint: str, folder: str | os.PathLike) -> dict[str, str] | None:
    """Return the hashes that a fingerprint consists of, None if a folder does not keep them.

    Parameters
    ----------
    fingerprint : str
    folder : path-like
        As in `keep_in`.
    """
    if fingerprint in _fingerprints:
        return dict(_fingerprints[fingerprint])
    try:
        return json.loads(_fingerprint_file(Path(folder), fingerprint).read_text())
    except (OSError, ValueError):
        return None


def _fingerprint_file(folder: Path, fingerprint: str) -> Path:
    return folder / "fingerprints" / f"{fingerprint}.json"


def _write() -> None:
    """Write what is new. A folder that cannot be written is no reason to fail."""
    if _folder is None:
        return
    with contextlib.suppress(OSError):
        if _new:
            content = {"version": VERSION, "sources": _known}
            with whole_file(_folder / "sources.json") as partial:
                partial.write_text(json.dumps(content))
        for fingerprint, hashes in _fingerprints.items():
            path = _fingerprint_file(_folder, fingerprint)
            if not path.exists():
                with whole_file(path) as partial:
                    partial.write_text(json.dumps(hashes))
