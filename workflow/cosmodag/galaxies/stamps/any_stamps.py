"""Stamps wherever they are: in folders, lists and files of any format, or in files of stamps."""

import itertools
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import h5py

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.stamp_filter import none_of, sort_files, stamp_files
from cosmodag.galaxies.stamps.stamp_folder import open_files, read_list
from cosmodag.galaxies.stamps.stamp_headers import STACKS
from cosmodag.galaxies.stamps.stamps_file import Stamps, open_stamps

logger = logging.getLogger(__name__)

NAMED = 5
"""Rejected files that are named one by one."""


def open_any(
    paths: Sequence[str | os.PathLike],
    *,
    bands: Sequence[str],
    order: Sequence[str] | None = None,
    pixel: float | None = None,
    psf: float | None = None,
    dataset: str = "images",
    threads: int = 1,
) -> Stamps:
    """Open all stamps that are found, of any size, with their bands in the order that is wanted.

    Files that hold no such stamps are left out, and the log says why.

    Parameters
    ----------
    paths
        Folders, which are searched with all below them; lists of files (.txt), as the filter writes
        them; files of one stamp or of a stack; or files that `cosmodag galaxies simulate` wrote,
        and no others.
    bands
        Bands in the order that is wanted.
    order
        Bands in the order of files that do not name theirs; as they are wanted if absent.
    pixel, psf, dataset
        As `open_files` takes them; simulated ones tell their own.
    threads
        Threads that read headers.

    Raises
    ------
    InputError
        Nothing is found or accepted, bands are not those that are wanted, or the size of a pixel is
        not known.
    """
    order = tuple(order or bands)
    if set(order) != set(bands):
        raise InputError(
            f"bands: stamps of {', '.join(order)} where the run was trained on {', '.join(bands)}; "
            "give a run of the same bands"
        )
    written = [path for path in paths if _is_written(path)]
    if written:
        if len(written) < len(paths):
            raise InputError(f"{written[0]}: simulated stamps and others; give one kind at a time")
        return _in_order(_joined([open_stamps(path) for path in written]), bands)
    files = list(itertools.chain.from_iterable(map(_files, paths)))
    shape = (len(bands), 1, 1)
    good, bad = sort_files(
        files, shape=shape, bands=bands, accept_larger=True, dataset=dataset, threads=threads
    )
    if not good:
        raise InputError(f"{paths[0]}: {none_of(bad)}; give stamps in bands {', '.join(bands)}")
    for path, reason in bad[:NAMED]:
        logger.warning("%s: left out: %s", path, reason)
    if len(bad) > NAMED:
        logger.warning("and %d more files left out", len(bad) - NAMED)
    if pixel is None:
        raise InputError(f"{paths[0]}: its arcsec a pixel are not known; say them by pixel")
    opened = open_files(good, str(paths[0]), bands=order, pixel=pixel, psf=psf, dataset=dataset)
    return _in_order(opened, bands)


def _is_written(path: str | os.PathLike) -> bool:
    """Whether a file holds simulated stamps."""
    if not str(path).lower().endswith(STACKS):
        return False
    try:
        with h5py.File(path, "r") as file:
            return file.attrs.get("kind") == "stamps"
    except OSError:
        return False  # what is wrong with it is said when its header is read


def _files(path: str | os.PathLike) -> list[str]:
    """Files that a path stands for: those of a folder, those of a list, or itself."""
    if Path(path).is_dir():
        return stamp_files(path)
    return read_list(path) if Path(path).suffix == ".txt" else [str(path)]


def _joined(stamps: Sequence[Stamps]) -> Stamps:
    """Stamps of several files that were written alike."""
    first = stamps[0]
    for other in stamps[1:]:
        for name in ("bands", "pixel"):
            if getattr(other, name) != getattr(first, name):
                raise InputError(
                    f"{other.name}: {name} {getattr(other, name)} differs from "
                    f"{getattr(first, name)} of {first.name}; give those that are alike"
                )
    each = itertools.chain.from_iterable(part.each for part in stamps)
    return first._replace(count=sum(part.count for part in stamps), each=each)


def _in_order(stamps: Stamps, bands: Sequence[str]) -> Stamps:
    """Stamps as they were observed, with their bands in another order."""
    if set(stamps.bands) != set(bands):
        raise InputError(
            f"{stamps.name}: bands {', '.join(stamps.bands)} where the run was trained on "
            f"{', '.join(bands)}; give a run of the same bands"
        )
    places = [stamps.bands.index(band) for band in bands]
    each = (stamp._replace(image=stamp.image[places], light=None) for stamp in stamps.each)
    return stamps._replace(bands=tuple(bands), each=each, noiseless=False)
