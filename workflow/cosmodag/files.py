"""Files that appear whole or not at all."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cosmodag.failures import explained
from cosmodag.output_kinds import PARTIAL, Folder
from cosmodag.outputs import check_output


@contextlib.contextmanager
def whole_file(path: str | os.PathLike, *, flush: bool = True) -> Iterator[Path]:
    """Give a path beside `path` to write to; on success flush it to disk and rename it to `path`.

    If the block raises, the partial file is removed and `path` is left as it was. A file that is
    checked before it is used need not wait for the disk.

    Raises
    ------
    OutputError
        If the disk is full, a quota is used up, or the folder cannot be written to.
    """
    path = Path(path)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix
        )
    os.close(handle)
    partial = Path(name)
    try:
        with explained(path, partial):
            yield partial
            if flush:
                with open(partial, "rb") as written:
                    os.fsync(written.fileno())
            os.chmod(partial, 0o666 & ~_umask())
            os.replace(partial, path)
            if flush:
                _flush_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: str | os.PathLike, kind: Folder) -> Iterator[Path]:
    """Give an empty folder beside `path` to fill; on success put it in the place of `path`.

    If the block raises, the partial folder is removed and `path` is left as it was.

    Parameters
    ----------
    path : path-like
        Folder to write or to replace.
    kind : Folder
        What is written, by which an earlier folder is recognized.

    Raises
    ------
    InputError
        If `path` is something else, see `cosmodag.outputs.check_output`.
    OutputError
        As `whole_file`.
    """
    path = Path(path)
    if os.path.lexists(path):
        check_output(path, kind)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        with explained(path, partial):
            yield partial
            os.chmod(partial, 0o777 & ~_umask())
            if os.path.lexists(path):
                check_output(path, kind)
                shutil.rmtree(path)
            os.replace(partial, path)
            _flush_folder(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def final_path(path: str | os.PathLike) -> Path:
    """Return the absolute path that a file will have when all partial files have their names."""
    parts = Path(path).resolve().parts
    return Path(*(PARTIAL.sub(r"\1", part) for part in parts))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
