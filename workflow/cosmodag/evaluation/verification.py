"""Verification that all results are as they were made, from the sources to the report.

Every file carries a checksum or is named by one that does, and every file that does records the
checksums of what it was made from, see `cosmodag.checksums`.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from cosmodag import provenance
from cosmodag.checksums import Checksum, identity, misplaced, verify
from cosmodag.errors import InputError
from cosmodag.file_patterns import files_below
from cosmodag.hashes import cached_hash
from cosmodag.json_files import read_json

LEFT_OUT = ("logs", "benchmarks", "bench")
"""Folders of results that no result is made from."""
RUN_RECORDS = ("tensorboard", "trace.json")
"""What watches the training of a run."""


@dataclass
class Verification:
    """What a verification found.

    Attributes
    ----------
    n_files, n_bytes : int
        Number and size of the files that were compared.
    problems : dict of list of str
        What differs, by file.
    elsewhere : list of Path
        Inputs outside the results that are not on this machine, so that they were not compared.
    """

    n_files: int = 0
    n_bytes: int = 0
    problems: dict[Path, list[str]] = field(default_factory=lambda: defaultdict(list))
    elsewhere: list[Path] = field(default_factory=list)


def verify_results(folder: str | os.PathLike) -> Verification:
    """Compare all files of results with the checksums that were recorded when they were made.

    Parameters
    ----------
    folder : path-like
        Folder of results, or a folder in it.

    Returns
    -------
    Verification

    Raises
    ------
    InputError
        If no file in the folder carries a checksum.
    """
    folder = Path(folder).resolve()
    found = Verification()
    paths = list(_files(folder, found))
    found.n_files = len(paths)
    found.n_bytes = sum(path.stat().st_size for path in paths if path.is_file())
    checksums = _read_checksums(paths, found)
    if not checksums and not found.problems:
        raise InputError(f"{folder}: contains no results; name the results folder")
    known = {_real(path): path for path in paths}
    named = _named_by(checksums, known)
    for path in paths:
        if path in checksums:
            if fault := misplaced(path, checksums[path]):
                found.problems[path].append(fault)
        elif path not in named:
            found.problems[path].append(
                "carries no checksum, and nothing names it: cut, altered or foreign"
            )
    for path, namers in named.items():
        _compare_named(path, namers, found)
    altered = set(found.problems)
    for path, checksum in checksums.items():
        for name, sha256 in checksum.record.get("inputs", {}).items():
            source = _referred(path, name, known)
            _compare_input(path, source, name, sha256, altered, folder, found)
        if path.suffix == ".json" and path not in altered:
            found.problems[path] += _code_problems(path)
    found.problems = {
        path: list(dict.fromkeys(problems)) for path, problems in found.problems.items() if problems
    }
    return found


def _files(folder: Path, found: Verification) -> Iterator[Path]:
    """Yield the files of results, without states, logs and records of training.

    Linked folders count, each once; those that cannot be read are problems.
    """

    def left_out(entry: os.DirEntry) -> bool:
        names = LEFT_OUT if Path(entry.path).parent == folder else RUN_RECORDS
        return entry.name.startswith(".") or entry.name in names

    def unreadable(error: OSError) -> None:
        found.problems[Path(error.filename)].append(f"cannot be read ({error.strerror})")

    return map(Path, files_below(folder, left_out=left_out, unreadable=unreadable))


def _read_checksums(paths: list[Path], found: Verification) -> dict[Path, Checksum]:
    """Return the checksums of the files that carry one and are as it says."""

    def read(path: Path) -> Checksum | str | None:
        try:
            return verify(path)
        except InputError as error:
            return str(error).removeprefix(f"{path}: ").partition(";")[0]
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        except Exception as error:  # Whatever a damaged file causes is a finding.
            return f"cannot be read ({error})"

    checksums = {}
    with (
        ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool,
        tqdm(total=len(paths), desc="files", unit="file", disable=None) as bar,
    ):
        for path, result in zip(paths, pool.map(read, paths)):
            bar.update()
            if isinstance(result, Checksum):
                checksums[path] = result
            elif result is not None:
                found.problems[path].append(result)
    return checksums


def _real(path: Path) -> Path:
    """Return a path without links to folders in it; a link to a file is kept."""
    return path.parent.resolve() / path.name


def _referred(path: Path, name: str, known: Mapping[Path, Path]) -> Path:
    """Return the file that the record of another one names, from its folder.

    A linked folder may have been moved after its files were written, or linked before.
    """
    folders = (path.parent, path.parent.resolve())
    candidates = [Path(os.path.normpath(folder / name)) for folder in folders]
    referred = next((each for each in candidates if os.path.lexists(each)), candidates[0])
    return known.get(_real(referred), referred)


def _named_by(
    checksums: Mapping[Path, Checksum], known: Mapping[Path, Path]
) -> dict[Path, dict[Path, str]]:
    """Return, for each file that others name, these with the hash that each records."""
    named: dict[Path, dict[Path, str]] = defaultdict(dict)
    for path, checksum in checksums.items():
        for name, sha256 in checksum.record.get("files", {}).items():
            named[_referred(path, name, known)][path] = sha256
    return named


def _compare_named(path: Path, namers: Mapping[Path, str], found: Verification) -> None:
    """Compare a file with the hashes by which others name it."""
    try:
        sha256 = cached_hash(path)
    except FileNotFoundError:
        for namer in namers:
            found.problems[namer].append(f"{path.name}, which it names, is missing")
        return
    except OSError as error:
        found.problems[path].append(f"cannot be read ({error.strerror})")
        return
    for namer, recorded in namers.items():
        if sha256 != recorded:
            found.problems[path].append(f"altered since it was written: {namer.name} names another")


def _compare_input(
    path: Path,
    source: Path,
    name: str,
    sha256: str,
    altered: set[Path],
    folder: Path,
    found: Verification,
) -> None:
    """Compare an input with the hash that a file made from it records."""
    if source in altered:
        found.problems[path].append(f"its input {name} is not as made")
        return
    try:
        if identity(source) != sha256:
            found.problems[path].append(f"made from another {name} than the one there now")
    except (OSError, InputError) as error:
        if isinstance(error, InputError):
            found.problems[path].append(f"its input {name} was altered")
        elif source.is_relative_to(folder):
            found.problems[path].append(f"its input {name} is missing")
        elif source not in found.elsewhere:
            found.elsewhere.append(source)


def _code_problems(path: Path) -> list[str]:
    """Return whether the code has changed since a result was made that records its modules."""
    recorded = read_json(path, "").get("provenance", {})
    if not isinstance(recorded, dict) or "modules" not in recorded:
        return []
    return [] if _code(recorded["modules"]) == recorded["code"] else ["the code has changed since"]


def _code(modules: list[str]) -> str | None:
    """Return the fingerprint of modules; None if one no longer exists."""
    try:
        return provenance.fingerprint(*modules)
    except ModuleNotFoundError:
        return None
