"""Stamps of real galaxies, read from FITS, PNG, JPEG and HDF5 files."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.header_table import read_header_table
from cosmodag.galaxies.stamps.path_list import CURE, read_path_list
from cosmodag.galaxies.stamps.stamp_catalogue import Matched, StampCatalogue
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.galaxies.stamps.stamp_headers import StampHeader, read_header
from cosmodag.galaxies.stamps.stamp_images import read_stamps
from cosmodag.galaxies.stamps.stamp_objects import file_stem, object_names
from cosmodag.galaxies.stamps.stamps_file import Stamp, StampCollection
from cosmodag.imaging.sky_positions import impossible
from cosmodag.rejections import Rejections

POSITION = ["ra", "dec"]
MASKED = "masked_fraction"
"""Column with the fraction of the pixels of a stamp that are masked or not finite."""
PIXEL_TOLERANCE = 0.05
"""Relative difference that pixel scales of the configuration and of a header may have."""


def open_path_list(
    path: str | os.PathLike,
    stamp_format: StampFormat,
    *,
    headers: str | os.PathLike | None = None,
    **options: Any,
) -> StampCollection:
    """Open the stamps of a list of files.

    Parameters
    ----------
    path : path-like
        List of files, one path per line.
    stamp_format : StampFormat
        See `open_stamp_files`.
    headers : path-like, optional
        Table of the headers of the files, which the filter of the folder wrote.
    **options
        `catalogue`, `batch` and `batches` of `open_stamp_files`.

    Returns
    -------
    StampCollection

    Raises
    ------
    InputError
        If the list is missing or empty, the table has other files, or as `open_stamp_files`.
    """
    paths = read_path_list(path)
    known = None if headers is None else read_header_table(headers)
    if known is not None and (missing := [each for each in paths if each not in known]):
        raise InputError(f"{headers}: without {missing[0]}, which {path} lists; {CURE}")
    stamps = open_stamp_files(paths, str(path), stamp_format, headers=known, **options)
    tables = [] if headers is None else [str(headers)]
    return stamps._replace(paths=(str(path), *tables, *stamps.paths))


def open_stamp_files(
    paths: Sequence[str],
    name: str,
    stamp_format: StampFormat,
    *,
    headers: Mapping[str, StampHeader] | None = None,
    catalogue: StampCatalogue | None = None,
    batch: int = 0,
    batches: int = 1,
) -> StampCollection:
    """Open the stamps of files.

    Parameters
    ----------
    paths : sequence of str
        Files of all batches, since stamps of different batches may show the same object.
    name : str
        Origin of the files, for error messages.
    stamp_format : StampFormat
        Its bands and pixel scale are required.
    headers : mapping from str to StampHeader, optional
        Headers of the files by path. By default all of them are read.
    catalogue : StampCatalogue, optional
        Catalogue of the galaxies.
    batch, batches : int
        Every `batches`-th file is opened, starting from file `batch`.

    Returns
    -------
    StampCollection
        Files that cannot be read are added to its `rejections`.

    Raises
    ------
    InputError
        If the bands or the pixel scale are not given, there are fewer files than batches, or the
        catalogue has none of the stamps.
    """
    bands, pixel = stamp_format.bands, stamp_format.pixel
    if bands is None:
        raise InputError(f"{name}: the bands are unknown; set bands")
    if pixel is None:
        raise InputError(f"{name}: the pixel scale is unknown; set pixel (arcsec per pixel)")
    own = set(paths[batch::batches])
    if not own:
        raise InputError(f"{name}: {len(paths)} files for {batches} batches; set fewer batches")
    rejections = Rejections("stamps", stamp_format.max_rejected)
    if headers is None:
        headers = {}
        for path in paths:
            try:
                header = read_header(path, stamp_format)
            except InputError as error:
                if path in own:
                    rejections.add(path, "", str(error))
                continue
            # Planes take the memory of whole headers, and other batches need none.
            headers[path] = header if path in own else header._replace(planes={})
    entries = _entries([path for path in paths if path in headers], headers, stamp_format)
    matched = None
    if catalogue is not None and len(entries):
        matched = catalogue.match(
            entries["id"].tolist(), entries["name"].tolist(), entries[POSITION].to_numpy()
        )
        if matched.positions is not None:
            known = entries[POSITION].notna().all(axis=1).to_numpy()
            entries[POSITION] = np.where(
                known[:, None], entries[POSITION].to_numpy(), matched.positions
            )
    entries["object"] = object_names(
        entries["path"].tolist(),
        entries["name"].tolist(),
        entries[POSITION].to_numpy(),
        entries["radius"].to_numpy(),
        () if matched is None or matched.groups is None else matched.groups,
    )
    read = [path for path in paths[batch::batches] if path in headers]
    n_stamps = rejections.n_rejected + sum(headers[path].n_stamps for path in read)
    collection = StampCollection(
        name,
        n_stamps,
        tuple(bands),
        pixel,
        iter(()),
        rejections=rejections,
        paths=tuple(read),
        classes={} if catalogue is None else catalogue.classes,
    )
    stamps = _read(read, headers, entries, stamp_format, catalogue, matched, rejections)
    return collection._replace(stamps=stamps)


def _entries(
    paths: Sequence[str], headers: Mapping[str, StampHeader], stamp_format: StampFormat
) -> pd.DataFrame:
    """Return a row for each stamp: id, path, name, ra, dec, radius in arcsec, and its fault."""
    root = os.path.commonpath([Path(path).parent for path in paths]) if paths else ""
    rows = []
    for path in paths:
        header = headers[path]
        whole = os.path.relpath(path, root)
        name = stamp_format.galaxy_name(path) if stamp_format.files else None
        name = name or file_stem(path)
        _, height, width = header.shape
        radius = (header.pixel or stamp_format.pixel) * np.hypot(height, width) / 2
        positions = header.positions
        if positions is None:
            positions = np.full((header.n_stamps, 2), np.nan)
        for index, (ra, dec) in enumerate(positions):
            suffix = "" if header.n_stamps == 1 else f"#{index}"
            rows.append((f"{whole}{suffix}", path, f"{name}{suffix}", ra, dec, radius))
    entries = pd.DataFrame(rows, columns=["id", "path", "name", *POSITION, "radius"])
    wrong = impossible(entries[POSITION].to_numpy(float))
    entries["fault"] = [
        f"its ra {ra:g} and dec {dec:g} are no position in degrees; correct them" if each else ""
        for each, ra, dec in zip(wrong, entries["ra"], entries["dec"])
    ]
    entries.loc[wrong, POSITION] = np.nan
    return entries


def _read(
    paths: Sequence[str],
    headers: Mapping[str, StampHeader],
    entries: pd.DataFrame,
    stamp_format: StampFormat,
    catalogue: StampCatalogue | None,
    matched: Matched | None,
    rejections: Rejections,
) -> Iterator[Stamp]:
    """Read the stamps of some of the files, and reject those that cannot be read."""
    psf = {} if stamp_format.psf is None else {"psf": stamp_format.psf}
    any_positions = bool(entries[POSITION].notna().any(axis=None))
    columns = [set(header.columns) for header in headers.values()]
    shared = set.intersection(*columns) if columns else set()
    first_rows = dict(zip(entries["path"].iloc[::-1], entries.index[::-1]))
    for path in paths:
        header, first = headers[path], first_rows[path]
        suffix, index = "", -1
        try:
            header = _complete(path, header, stamp_format)
            for index, (image, values) in enumerate(read_stamps(path, header, stamp_format)):
                entry = entries.loc[first + index]
                suffix = f"#{index + 1}"
                known = {
                    key: value
                    for key, value in values.items()
                    if key in shared or key not in header.columns
                }
                metadata = psf | known | {MASKED: float(1 - np.isfinite(image).mean())}
                if entry["fault"]:
                    rejections.add(path, f"stamp {entry['id']}", entry["fault"])
                    continue
                if any_positions:
                    metadata |= {key: float(entry[key]) for key in POSITION}
                if matched is not None and catalogue is not None:
                    if not matched.found[first + index] and not catalogue.keep:
                        rejections.add(path, f"stamp {entry['id']}", _not_matched(catalogue), 0)
                        continue
                    metadata |= matched.values.loc[first + index].to_dict()
                yield Stamp(entry["id"], entry["object"], image, metadata)
        except InputError as error:
            item = "" if header.n_stamps == 1 else suffix or "#0"
            rejections.add(path, item, str(error), header.n_stamps - index - 1)


def _complete(path: str, header: StampHeader, stamp_format: StampFormat) -> StampHeader:
    """Return the header of a file with all that its pixels need, and check its pixel scale."""
    if header.order is None:  # it comes from a table
        known, header = header, read_header(path, stamp_format)
        if header.n_stamps != known.n_stamps or header.shape != known.shape:
            raise InputError(f"{path}: has changed since the folder was filtered; {CURE}")
    if header.pixel and abs(header.pixel / stamp_format.pixel - 1) > PIXEL_TOLERANCE:
        raise InputError(
            f"{path}: its pixels have {header.pixel:.4g} arcsec by its world coordinates, not "
            f"{stamp_format.pixel:g}; change pixel, or put it into a source of its own"
        )
    return header


def _not_matched(catalogue: StampCatalogue) -> str:
    """Return the reason to leave out a stamp that the catalogue does not have."""
    return (
        f"{catalogue.path} has no row with all columns for it; complete the catalogue, or set "
        "catalogue.unmatched to keep"
    )
