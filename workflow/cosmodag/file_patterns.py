"""Files that users name by paths, by patterns such as ``snapshot.*.hdf5``, or by a list of them."""

import glob
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cosmodag.errors import InputError


def find_files(
    paths: str | os.PathLike | Sequence[str | os.PathLike], cure: str = "give the path of a file"
) -> list[Path]:
    """Return the files that a path, a pattern, or a list of them stands for.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Paths, which need not exist, and patterns such as ``snapshot.*.hdf5``. Variables of the
        environment are replaced.
    cure : str
        What the user can do if a pattern matches nothing, for the error message.

    Returns
    -------
    list of pathlib.Path
        In the order given. Of a pattern, in the order of the numbers in the names: part 10 after
        part 9.

    Raises
    ------
    InputError
        If a pattern matches no file, or a file is given twice.

    Examples
    --------
    >>> find_files(["b.csv", "a.csv"])
    [PosixPath('b.csv'), PosixPath('a.csv')]
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    found: list[Path] = []
    for path in [os.path.expandvars(os.fspath(each)) for each in given]:
        if not glob.has_magic(path) or os.path.lexists(path):
            found.append(Path(path))
            continue
        matches = sorted(glob.glob(path), key=_numbers_as_numbers)
        if not matches:
            raise InputError(f"{path}: no file matches this pattern; {cure}")
        found += map(Path, matches)
    first: dict[str, Path] = {}
    for file in found:
        other = first.setdefault(os.path.realpath(file), file)
        if other is not file:
            raise InputError(f"{file}: given twice, also as {other}; remove one of the two")
    return found


def files_below(
    folder: str | os.PathLike,
    cure: str = "give a folder that can be read",
    *,
    left_out: Callable[[os.DirEntry], bool] | None = None,
    unreadable: Callable[[OSError], None] | None = None,
) -> Iterator[str]:
    """Yield what is in a folder and its subfolders and is no folder, sorted by name.

    Linked folders count; each folder is searched once, however often it is linked.

    Parameters
    ----------
    folder : path-like
        The folder.
    cure : str
        What the user can do if a folder cannot be read, for the error message.
    left_out : callable, optional
        Returns whether an entry is left out, with all that is below it.
    unreadable : callable, optional
        Takes the error of a folder that cannot be read, instead of raising one.

    Yields
    ------
    str
        Paths that begin with `folder`.

    Raises
    ------
    InputError
        If a folder is missing or cannot be read.
    """
    searched: set[str] = set()

    def search(parent: str) -> Iterator[str]:
        real = os.path.realpath(parent)
        if real in searched:
            return
        searched.add(real)
        try:
            entries = sorted(os.scandir(parent), key=lambda entry: entry.name)
        except OSError as error:
            if unreadable is None:
                raise InputError(f"{parent}: cannot be read ({error.strerror}); {cure}") from None
            unreadable(error)
            return
        for entry in entries:
            if left_out is not None and left_out(entry):
                continue
            if _is_folder(entry):
                yield from search(entry.path)
            else:
                yield entry.path

    return search(os.fspath(Path(folder)))


def _is_folder(entry: os.DirEntry) -> bool:
    """Return whether an entry of a folder is a folder; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _numbers_as_numbers(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts names by the numbers in them."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)
    ]
