"""Stamps from folders, lists and files of any supported format."""

import itertools
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cosmodag.checksums import verify
from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.path_list import read_path_list
from cosmodag.galaxies.stamps.stamp_catalogue import StampCatalogue
from cosmodag.galaxies.stamps.stamp_files import open_path_list, open_stamp_files
from cosmodag.galaxies.stamps.stamp_filter import (
    describe_rejections,
    list_stamp_files,
    select_files,
)
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.galaxies.stamps.stamp_headers import HDF5
from cosmodag.galaxies.stamps.stamps_file import StampCollection, open_stamps_file, select_bands
from cosmodag.hdf5_inputs import open_hdf5


def open_stamps(
    paths: Sequence[str | os.PathLike],
    bands: Sequence[str],
    stamp_format: StampFormat | None = None,
    *,
    headers: str | os.PathLike | None = None,
    catalogue: StampCatalogue | None = None,
    threads: int = 1,
) -> StampCollection:
    """Open stamps of any size, with their bands in a given order.

    Files without stamps in these bands are added to the rejections of the result.

    Parameters
    ----------
    paths : sequence of path-like
        Folders, which are searched with their subfolders; lists of files (.txt) as
        `cosmodag galaxies filter` writes them; and files of stamps. Alternatively, only files that
        `cosmodag galaxies simulate` wrote.
    bands : sequence of str
        Order of the bands of the result.
    stamp_format : StampFormat, optional
        Properties that files do not record. Its bands default to `bands`. Simulated stamps record
        all properties.
    headers : path-like, optional
        Table of the headers of the files of a list, see `open_path_list`.
    catalogue : StampCatalogue, optional
        Catalogue of the galaxies.
    threads : int
        Threads that read headers.

    Returns
    -------
    StampCollection

    Raises
    ------
    InputError
        If no stamps are found or accepted, the bands differ, or the pixel scale is unknown.
    """
    stamp_format = stamp_format or StampFormat()
    order = tuple(stamp_format.bands or bands)
    if not set(bands) <= set(order):
        raise InputError(
            f"bands: the stamps have {', '.join(order)}, the run was trained on "
            f"{', '.join(bands)}; choose a run of the same bands"
        )
    simulated = [path for path in paths if _is_stamps_file(path)]
    if simulated:
        if len(simulated) < len(paths):
            raise InputError(
                f"{simulated[0]}: simulated stamps mixed with others; predict them separately"
            )
        return _reordered(_concatenated([open_stamps_file(path) for path in simulated]), bands)
    stamp_format = replace(stamp_format, bands=order)
    if headers is not None:
        if len(paths) != 1:
            raise InputError(f"{headers}: is the table of one list; give that list alone")
        stamps = open_path_list(paths[0], stamp_format, headers=headers, catalogue=catalogue)
        return _reordered(stamps, bands)
    files, others = [], []
    for path in paths:
        if Path(path).is_dir():
            listed, unread = list_stamp_files(path, stamp_format)
            files += listed
            others += unread
        else:
            files += read_path_list(path) if Path(path).suffix == ".txt" else [str(path)]
    accepted, rejected = select_files(
        files,
        shape=(len(order), 1, 1),
        accept_larger=True,
        stamp_format=stamp_format,
        threads=threads,
    )
    rejected += others
    if not accepted:
        raise InputError(
            f"{paths[0]}: {describe_rejections(rejected)}; provide stamps in the bands "
            f"{', '.join(bands)}"
        )
    stamps = open_stamp_files(
        list(accepted), str(paths[0]), stamp_format, headers=accepted, catalogue=catalogue
    )
    if stamps.rejections is not None:
        for path, reason in rejected:
            stamps.rejections.add(path, "", reason, 0)
    return _reordered(stamps, bands)


def _is_stamps_file(path: str | os.PathLike) -> bool:
    """Return whether a file is of the kind that the simulation writes."""
    if not str(path).lower().endswith(HDF5):
        return False
    try:
        verify(path)
        with open_hdf5(path) as file:
            return file.attrs.get("kind") == "stamps"
    except InputError:
        return False  # reading the header will raise an error with the reason


def _concatenated(collections: Sequence[StampCollection]) -> StampCollection:
    """Concatenate collections of the same bands and pixel scale."""
    first = collections[0]
    for other in collections[1:]:
        for name in ("bands", "pixel"):
            if getattr(other, name) != getattr(first, name):
                raise InputError(
                    f"{other.name}: {name} {getattr(other, name)} differs from "
                    f"{getattr(first, name)} of {first.name}; predict them separately"
                )
    stamps = itertools.chain.from_iterable(collection.stamps for collection in collections)
    n_stamps = sum(collection.n_stamps for collection in collections)
    paths = tuple(path for collection in collections for path in collection.paths)
    return first._replace(n_stamps=n_stamps, stamps=stamps, paths=paths)


def _reordered(collection: StampCollection, bands: Sequence[str]) -> StampCollection:
    """Return the observed stamps with their bands in another order."""
    if set(collection.bands) != set(bands):
        raise InputError(
            f"{collection.name}: the stamps have bands {', '.join(collection.bands)}, the run was "
            f"trained on {', '.join(bands)}; choose a run of the same bands"
        )
    collection = select_bands(collection, bands)
    stamps = (stamp._replace(noise_free=None) for stamp in collection.stamps)
    return collection._replace(stamps=stamps, has_noise_free=False)
