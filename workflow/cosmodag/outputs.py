"""What a command may replace: nothing but what the same command wrote before.

An existing file or folder is recognized by its content, never by its name, see
`cosmodag.output_kinds`. Everything else that an output could name is refused before any work:
devices, links, the working directory, inputs, files of another kind, and folders with files that
the command does not write.
"""

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cosmodag.errors import InputError
from cosmodag.output_kinds import Output


def check_output(
    path: str | os.PathLike, output: Output, others: Mapping[str, Any] | None = None
) -> None:
    """Refuse an output that is something else than what the same command wrote before.

    Parameters
    ----------
    path : path-like
        File or folder to write.
    output : Output
        What the command writes.
    others : mapping from str to object, optional
        The other values that the command was given, by option. Paths among them must not be
        replaced.

    Raises
    ------
    InputError
        With the reason in one line.
    """
    path = Path(path)
    try:
        _check(path, output, others or {})
        for companion, kind in output.companions(path).items():
            _check(companion, kind, others or {})
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}): choose another") from None


def _check(path: Path, output: Output, others: Mapping[str, Any]) -> None:
    for name, other in _paths(others):
        if _same(path, other):
            raise InputError(f"{path}: is given as {name}, too: name another output")
        if output.is_folder and not output.kept and _contains(path, other):
            raise InputError(f"{path}: contains {other} ({name}): name another output")
    if path.is_symlink() and not output.kept:
        raise InputError(
            f"{path}: is a symbolic link to {os.readlink(path)}, which is not replaced: name that, "
            "or remove the link"
        )
    if not path.exists():
        _check_parent(path)
        return
    mode = path.stat().st_mode
    wanted = "folder" if output.is_folder else "file"
    if not (stat.S_ISDIR(mode) if output.is_folder else stat.S_ISREG(mode)):
        raise InputError(f"{path}: is {_kind(mode)}, but the output is a {wanted}: choose another")
    if output.is_folder and not output.kept and Path.cwd().is_relative_to(path.resolve()):
        raise InputError(f"{path}: the working directory is in it: name another folder")
    if not output.is_folder and not path.stat().st_size:
        return
    if fault := output.fault(path):
        verb = "written to" if output.kept else "replaced"
        raise InputError(
            f"{path}: exists and is not {verb}, since {fault}: choose another output, or remove it"
        )


def _check_parent(path: Path) -> None:
    """Refuse a path below something that is no folder or cannot be written to."""
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise InputError(f"{path}: {parent} is no folder: choose another output")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(
            f"{path}: {parent} is read-only or not yours to write to: choose another output"
        )
    with tempfile.TemporaryFile(dir=parent):  # root may write to folders that take no files
        pass
    partial = os.fsencode(f".{path.name}.{'x' * 8}{path.suffix}")
    if len(partial) > os.pathconf(parent, "PC_NAME_MAX"):
        raise InputError(
            f"{path}: the name is too long ({len(partial)} bytes are needed): give a shorter one"
        )


def _paths(value: Any, name: str = "") -> Iterator[tuple[str, Path]]:
    """Yield the paths among values, each with the option that names it."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key == "path" and isinstance(part, str | list):
                texts = [part] if isinstance(part, str) else part
                part = [Path(os.path.expandvars(text)) for text in texts]
            yield from _paths(part, name or f"--{key.replace('_', '-')}")
    elif isinstance(value, Path):
        yield name, value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _paths(part, name)


def _same(path: Path, other: Path) -> bool:
    if path.exists() and other.exists():
        return path.samefile(other)
    return os.path.abspath(path) == os.path.abspath(other)


def _contains(folder: Path, other: Path) -> bool:
    return folder.exists() and other.resolve().is_relative_to(folder.resolve())


def _kind(mode: int) -> str:
    kinds: Iterable[tuple[Any, str]] = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISREG, "a file"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    )
    return next((words for test, words in kinds if test(mode)), "a device")
