"""Files that appear whole or not at all."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole_file(path: str | os.PathLike, *, flush: bool = True) -> Iterator[Path]:
    """Give a path beside `path` to write to; on success flush it to disk and rename it to `path`.

    If the block raises, the partial file is removed and `path` is left as it was. A file that is
    checked before it is used need not wait for the disk.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    partial = Path(name)
    try:
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
def whole_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Give an empty folder beside `path` to fill; on success put it in the place of `path`.

    If the block raises, the partial folder is removed and `path` is left as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield partial
        os.chmod(partial, 0o777 & ~_umask())
        if path.exists():
            shutil.rmtree(path)
        os.replace(partial, path)
        _flush_folder(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_json(path: str | os.PathLike, value: object) -> None:
    """Write `value` as indented JSON, whole or not at all; NaN is refused."""
    text = json.dumps(value, indent=2, sort_keys=False, allow_nan=False)
    with whole_file(path) as partial:
        partial.write_text(text + "\n")


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
