"""Lists of the files of stamps, one path per line, with a record and a checksum in front."""

import os
from collections.abc import Iterable, Sequence

from cosmodag.checksums import lines, make_record, place, require, stamp
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.input_files import read_text

CURE = "filter the folder again"
COMMENT = "# cosmodag "
"""Beginning of the lines that contain record and checksum."""


def write_path_list(
    path: str | os.PathLike, paths: Sequence[str], files: Iterable[str | os.PathLike] = ()
) -> None:
    """Write a list of files.

    Parameters
    ----------
    path : path-like
        Text file to write.
    paths : sequence of str
        Files to list.
    files : iterable of path-like
        Files that belong to the list.
    """
    header = lines(make_record(path, inputs=paths, files=files), ".txt")
    with whole_file(path) as partial:
        partial.write_bytes(header + "".join(f"{each}\n" for each in paths).encode())
        stamp(partial)


def line_fault(path: str) -> str | None:
    """Return why a path cannot be a line of a list, None if it can."""
    if len(path.splitlines()) > 1:
        return "its path contains a line break; rename it"
    try:
        path.encode()
    except UnicodeEncodeError:
        return "its path is not text in UTF-8; rename it"
    return None


def read_path_list(path: str | os.PathLike) -> list[str]:
    """Read a list of paths, one per line.

    Parameters
    ----------
    path : path-like
        Text file.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If the list is missing, empty or altered.
    """
    listed = read_text(path, cure=CURE).splitlines()
    if listed and (place(path) or any(line.startswith(COMMENT) for line in listed)):
        require(path, CURE)
    listed = [line for line in listed if line and not line.startswith(COMMENT)]
    if not listed:
        raise InputError(
            f"{path}: the list is empty; change the keys shape, accept_larger or bands"
        )
    return listed
