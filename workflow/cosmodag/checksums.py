"""Checksums that files carry, and a record of what each was made from.

A file of the workflow contains the words ``cosmodag sha256`` and 64 digits: the SHA-256 of the file
itself with zeros in place of these digits, over blocks of 16 MiB that threads share. Before them
stands a record, in JSON: the file's place among the results, the checksums of its inputs, and the
SHA-256 of files that belong to it. HDF5 files and pages carry both behind their content, lists of
paths in their first lines, JSON files in their last keys, Parquet tables in their metadata.

By hand, with the digits of ``tail -n 1 grid.h5``::

    sed "s/DIGITS/$(printf %064d 0)/" grid.h5 | split -b 16M --filter=sha256sum | cut -c -64 |
        sha256sum
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from cosmodag import experiments
from cosmodag.errors import InputError
from cosmodag.files import final_path
from cosmodag.hashes import HOLE, block_hash, cached_hash, once
from cosmodag.provenance import file_hash

LAST, FIRST = 1 << 20, 256
"""Bytes at the end of a file, and at its beginning, among which its checksum is."""
COMMENTS = {".html": ("<!-- ", " -->"), ".txt": ("# ", "")}
"""What encloses a line of the record in a format, by suffix."""
PATTERN = re.compile(rb"cosmodag sha256 ([0-9a-f]{64})")


class Checksum(NamedTuple):
    """A checksum that was found right.

    Attributes
    ----------
    sha256 : str
        The checksum, which stands for the file in the records of what is made from it.
    record : dict
        ``written_as``, the file's place among the results; ``inputs``, checksums of inputs by their
        path relative to the file; ``files``, SHA-256 of files that belong to it, likewise.
    """

    sha256: str
    record: dict


_verified: dict[tuple, Checksum | None] = {}


def verify(path: str | os.PathLike, cure: str = "make it again") -> Checksum | None:
    """Compare a file with the checksum that it carries, once per process while it is unchanged.

    Parameters
    ----------
    path : path-like
        Any file.
    cure : str
        What to do about an altered file, for the error.

    Returns
    -------
    Checksum or None
        None if the file carries no checksum, because it comes from elsewhere or is cut.

    Raises
    ------
    InputError
        If the checksum differs.
    OSError
        If the file cannot be read.
    """
    return once(_verified, Path(path), lambda: _verify(Path(path), cure))


def require(path: str | os.PathLike, cure: str) -> Checksum:
    """Verify a file that must carry a checksum and be where it was written.

    Parameters
    ----------
    path : path-like
        A file of the workflow.
    cure : str
        What to do about a damaged file, for the error.

    Raises
    ------
    InputError
        If the file is missing, carries no checksum or another than it should, or was written as
        another file of a folder of results.
    """
    try:
        checksum = verify(path, cure)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; {cure}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {cure}") from None
    if checksum is None:
        raise InputError(
            f"{path}: it carries no checksum, so it is cut, altered or not of this version; {cure}"
        )
    if fault := misplaced(path, checksum):
        raise InputError(f"{path}: {fault}; {cure}")
    return checksum


def require_named(path: str | os.PathLike, namer: str | os.PathLike, cure: str) -> None:
    """Verify a file without a checksum of its own by the file that names it.

    Parameters
    ----------
    path : path-like
        File to verify.
    namer : path-like
        File whose record names it.
    cure : str
        What to do about a damaged file, for the error.

    Raises
    ------
    InputError
        If a file is missing or was altered, or is not named.
    """
    named = require(namer, cure).record.get("files", {})
    name = os.path.relpath(Path(path).resolve(), Path(namer).resolve().parent)
    if name not in named:
        raise InputError(
            f"{path}: {namer} does not name it, so it belongs to something else; {cure}"
        )
    try:
        sha256 = cached_hash(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {cure}") from None
    if sha256 != named[name]:
        raise InputError(f"{path}: altered since it was written: {namer} names another; {cure}")


def misplaced(path: str | os.PathLike, checksum: Checksum) -> str | None:
    """Return what is wrong if a file was written as another file of a folder of results."""
    here, there = place(path), checksum.record.get("written_as", "")
    if here and there and here != there:
        return f"it was written as {there} and does not belong here"
    return None


def stamp(path: str | os.PathLike) -> str:
    """Compute the checksum of a complete file, write it where its digits are zeros, and return it.

    Raises
    ------
    ValueError
        If the file has no place for a checksum.
    """
    found = _find(Path(path))
    if found is None:
        raise ValueError(f"{path} has no place for a checksum")
    sha256 = block_hash(path, found[0])
    with open(path, "r+b") as file:
        file.seek(found[0])
        file.write(sha256.encode())
    return sha256


def append(path: str | os.PathLike, record: Mapping) -> str:
    """Append a record to a complete HDF5 file or page, with its checksum, which is returned."""
    with open(path, "ab") as file:
        file.write(b"\n" + lines(record, Path(path).suffix))
    return stamp(path)


def lines(record: Mapping, suffix: str = "") -> bytes:
    """Return the lines that contain a record and a place for the checksum, in a format."""
    before, after = COMMENTS.get(suffix, ("", ""))
    # Inside a comment of a page ">" could end it.
    text = json.dumps(dict(record), allow_nan=False).replace(">", "\\u003e")
    return f"{before}cosmodag {text}{after}\n{before}cosmodag sha256 {HOLE}{after}\n".encode()


def make_record(
    output: str | os.PathLike,
    inputs: Iterable[str | os.PathLike] | Mapping[str | os.PathLike, str] = (),
    files: Iterable[str | os.PathLike] = (),
) -> dict:
    """Return the record of a file.

    Parameters
    ----------
    output : path-like
        The file that the record is for; it need not exist.
    inputs : iterable of path-like or mapping
        Files that it is made from; a mapping gives their known identities.
    files : iterable of path-like
        Files that belong to it, in its folder or below, and carry no checksum themselves.
    """
    folder = final_path(output).parent
    record: dict = {"written_as": place(output)}
    known = inputs if isinstance(inputs, Mapping) else {path: identity(path) for path in inputs}
    record["inputs"] = {
        os.path.relpath(final_path(path), folder): sha256 for path, sha256 in known.items()
    }
    record["files"] = {os.path.relpath(final_path(path), folder): file_hash(path) for path in files}
    return {key: value for key, value in record.items() if value}


def identity(path: str | os.PathLike) -> str:
    """Return what stands for a file in records: the checksum that it carries, or its SHA-256."""
    checksum = verify(path)
    return cached_hash(path) if checksum is None else checksum.sha256


def place(path: str | os.PathLike) -> str:
    """Return the place of a file among results, ``<experiment>/<section>/…``; empty elsewhere."""
    parts = final_path(path).parts
    for index in range(len(parts) - 3, -1, -1):
        name, section = parts[index : index + 2]
        if name in experiments.names() and section in experiments.sections(name):
            return "/".join(parts[index:])
    return ""


def _verify(path: Path, cure: str) -> Checksum | None:
    found = _find(path)
    if found is None:
        return None
    offset, sha256 = found
    if block_hash(path, offset) != sha256:
        raise InputError(f"{path}: altered since it was written: its checksum differs; {cure}")
    return Checksum(sha256, _read_record(path, offset))


def _find(path: Path) -> tuple[int, str] | None:
    """Return first byte and digits of the checksum that a file carries."""
    with open(path, "rb") as file:
        start = max(os.fstat(file.fileno()).st_size - LAST, 0)
        file.seek(start)
        found = list(PATTERN.finditer(file.read(LAST)))
        if found:
            return start + found[-1].start(1), found[-1][1].decode()
        file.seek(0)
        match = PATTERN.search(file.read(FIRST))
        return None if match is None else (match.start(1), match[1].decode())


def _read_record(path: Path, offset: int) -> dict:
    """Return the record of a verified file, which stands before its checksum."""
    if path.suffix == ".json":
        content = json.loads(path.read_bytes())
        record = content["record"]
        lists = [content[key] for key in record.pop("lists", [])]
        named = {name: sha256 for each in lists for name, sha256 in each.items()}
        return record | {"files": record.get("files", {}) | named}
    before, after = COMMENTS.get(path.suffix, ("", ""))
    first = f"{before}cosmodag {{".encode()
    length, end = 1 << 12, offset - len(f"{after}\n{before}cosmodag sha256 ")
    while True:
        start = max(end - length, 0)
        with open(path, "rb") as file:
            file.seek(start)
            text = file.read(end - start)
        if (found := text.rfind(first)) >= 0:
            return json.loads(text[found + len(first) - 1 :])
        if start == 0:
            return {}
        length *= 16
