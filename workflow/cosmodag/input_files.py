"""Files that users give, checked before a library opens them.

A named pipe or a device blocks the process that reads it or never ends, and a small compressed file
may expand without end.
"""

import bz2
import errno
import gzip
import json
import os
import stat
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cosmodag.errors import InputError

if TYPE_CHECKING:
    import pandas

LARGEST_EXPANSION = 1100
"""Largest ratio of the sizes of data and their gzip file: DEFLATE reaches 1032."""
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
_COMPRESSED = {
    b"PK\x03\x04": "zip",
    b"\xfd7zXZ\x00": "xz",
    b"\x1f\x9d": "compress",
    b"(\xb5/\xfd": "zstandard",
}
_OPENERS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open}


def check_file(path: str | os.PathLike, cure: str = "give the path of a file") -> Path:
    """Check that a path leads to a regular file that can be read.

    Parameters
    ----------
    path : path-like
        The file.
    cure : str
        What the user can do if there is no such file, for the error message.

    Returns
    -------
    pathlib.Path
        The path.

    Raises
    ------
    InputError
        If there is no file, it is a folder, a named pipe, a device or a socket, or it must not be
        read.

    Examples
    --------
    >>> check_file("/dev/null")
    Traceback (most recent call last):
        ...
    cosmodag.errors.InputError: /dev/null: a device, not a regular file; give the path of a file
    """
    try:
        mode = os.stat(path).st_mode
    except ValueError as error:  # a null character
        raise InputError(f"{os.fspath(path)!r}: not a path ({error}); {cure}") from None
    except OSError as error:
        absent = error.errno in (errno.ENOENT, errno.ENOTDIR)
        reason = "there is no such file" if absent else f"cannot be read ({error.strerror})"
        raise InputError(f"{path}: {reason}; {cure}") from None
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise InputError(f"{path}: {kind}, not a regular file; {cure}")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: no permission to read it; change its permissions")
    return Path(path)


def open_bytes(path: str | os.PathLike, cure: str = "give the path of a file") -> IO[bytes]:
    """Open a regular file for reading, decompressed if its content is compressed by gzip or bzip2.

    Parameters
    ----------
    path, cure
        See `check_file`.

    Returns
    -------
    binary file
        To be closed by the caller.

    Raises
    ------
    InputError
        As `check_file`, or if the content is compressed in another way.
    """
    check_file(path, cure)
    file = open(path, "rb")  # noqa: SIM115 (the caller closes it)
    start = file.read(6)
    for magic, name in _COMPRESSED.items():
        if start.startswith(magic):
            file.close()
            raise InputError(f"{path}: compressed by {name}; decompress it, or use gzip")
    for magic, opener in _OPENERS.items():
        if start.startswith(magic):
            file.close()
            return opener(path, "rb")
    file.seek(0)
    return file


def largest_size(path: str | os.PathLike, file: IO[bytes]) -> int:
    """Return the largest number of bytes that an open file may have, once it is decompressed.

    Parameters
    ----------
    path : path-like
        The file.
    file : binary file
        As `open_bytes` returned it.

    Returns
    -------
    int
        The exact number for a file that is not compressed.
    """
    size = os.stat(path).st_size
    if isinstance(file, gzip.GzipFile):
        return size * LARGEST_EXPANSION
    return size << 16 if isinstance(file, bz2.BZ2File) else size


def read_text(path: str | os.PathLike, *, cure: str, largest: int = 1 << 30) -> str:
    """Read a text file in UTF-8.

    Parameters
    ----------
    path, cure
        See `check_file`.
    largest : int
        Largest number of bytes of such a file.

    Returns
    -------
    str
        Without a byte-order mark.

    Raises
    ------
    InputError
        As `check_file`, or if the file is larger or is not text.
    """
    size = check_file(path, cure).stat().st_size
    if size > largest:
        raise InputError(f"{path}: {size / 1e6:.0f} MB are too large for this kind of file; {cure}")
    try:
        with open(path, "rb") as file:
            return decoded(path, file.read(), cure)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {cure}") from None


def read_json(path: str | os.PathLike, *, cure: str, keys: Collection[str] = ()) -> dict:
    """Read a mapping from a JSON file.

    Parameters
    ----------
    path, cure
        See `check_file`.
    keys : collection of str
        Keys that the mapping must have.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        As `read_text`, or if the file is not JSON, is no mapping or lacks a key.
    """
    try:
        content = parse_json(read_text(path, cure=cure))
    except RecursionError:
        raise InputError(f"{path}: not readable as JSON (nested too deeply); {cure}") from None
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{path}: not readable as JSON ({error}); {cure}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a mapping of keys, as it must be; {cure}")
    if missing := [key for key in keys if key not in content]:
        raise InputError(f"{path}: it has no key {missing[0]!r}; {cure}")
    return content


def parse_json(text: str) -> Any:
    """Parse JSON in which no key is defined twice.

    Parameters
    ----------
    text : str
        JSON.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If the text is not JSON or defines a key twice in a mapping.
    RecursionError
        If it is nested too deeply.

    Examples
    --------
    >>> parse_json('{"mass": 1, "mass": 2}')
    Traceback (most recent call last):
        ...
    ValueError: key 'mass' is defined twice; remove one
    """

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for key, count in Counter(key for key, _ in pairs).items():
            if count > 1:
                raise ValueError(f"key {key!r} is defined twice; remove one")
        return dict(pairs)

    return json.loads(text, object_pairs_hook=mapping)


def read_parquet(
    path: str | os.PathLike, *, cure: str, columns: Collection[str] = ()
) -> "pandas.DataFrame":
    """Read a Parquet table.

    Parameters
    ----------
    path, cure
        See `check_file`.
    columns : collection of str
        Columns that the table must have.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InputError
        As `check_file`, or if the file is no whole Parquet file or lacks a column.
    """
    import pandas

    check_file(path, cure)
    try:
        table = pandas.read_parquet(path)
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a whole Parquet file ({reason}); {cure}") from None
    if missing := [name for name in columns if name not in table]:
        raise InputError(f"{path}: no column {missing[0]!r}; {cure}")
    return table


def decoded(path: str | os.PathLike, content: bytes, cure: str) -> str:
    """Decode bytes of a text file.

    Parameters
    ----------
    path : path-like
        The file, for messages.
    content : bytes
        Part of its content.
    cure : str
        What the user can do if it is not text.

    Returns
    -------
    str
        Without a byte-order mark.

    Raises
    ------
    InputError
        If the bytes are not UTF-8, or contain null characters.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not text in UTF-8 (byte 0x{content[error.start]:02x} at {error.start}); "
            f"{cure}"
        ) from None
    if "\0" in text:
        raise InputError(f"{path}: not text in UTF-8 (null characters); {cure}")
    return text
