"""Stamps of real galaxies, read from FITS, PNG, JPEG and HDF5 files."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from astropy.io import fits
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.stamp_headers import (
    FITS,
    PICTURES,
    StampHeader,
    image_hdus,
    read_header,
)
from cosmodag.galaxies.stamps.stamps_file import Stamp, StampCollection
from cosmodag.imaging.fits_files import open_fits
from cosmodag.imaging.sky_positions import chord_length, unit_vectors
from cosmodag.settings import unknown

MATCH_RADIUS = 24.0
"""Separation in arcsec below which two stamps are considered to show the same object."""
CURE = "filter the folder again"


@dataclass(frozen=True)
class StampFormat:
    """Properties of stamps that their files do not record.

    Attributes
    ----------
    bands : sequence of str, optional
        Order of the bands to read, and the bands of files that do not name theirs.
    pixel : float, optional
        Pixel scale in arcsec per pixel.
    psf : float, optional
        Full width at half maximum of the point-spread function in arcsec, if it is known.
    dataset : str
        Name of the dataset (N, bands, y, x) in HDF5 files.
    """

    bands: Sequence[str] | None = None
    pixel: float | None = None
    psf: float | None = None
    dataset: str = "images"

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "StampFormat":
        """Return the format with given values.

        Parameters
        ----------
        values : mapping
            Attributes by name.

        Returns
        -------
        StampFormat

        Raises
        ------
        InputError
            If a name is not an attribute.
        """
        names = [field.name for field in fields(cls)]
        for name in values:
            if name not in names:
                raise unknown("files:", name, names)
        return cls(**values)


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
        If the list is missing or empty.
    """
    try:
        lines = Path(path).read_text().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {CURE}") from None
    if not any(lines):
        raise InputError(
            f"{path}: the list is empty; change the keys shape, accept_larger or bands"
        )
    return [line for line in lines if line]


def open_path_list(
    path: str | os.PathLike, stamp_format: StampFormat, *, batch: int = 0, batches: int = 1
) -> StampCollection:
    """Open the stamps of a list of files.

    Parameters
    ----------
    path : path-like
        List of files, one path per line.
    stamp_format, batch, batches
        See `open_stamp_files`.

    Returns
    -------
    StampCollection

    Raises
    ------
    InputError
        If the list is missing or empty, or as `open_stamp_files`.
    """
    paths = read_path_list(path)
    return open_stamp_files(paths, str(path), stamp_format, batch=batch, batches=batches)


def open_stamp_files(
    paths: Sequence[str],
    name: str,
    stamp_format: StampFormat,
    *,
    batch: int = 0,
    batches: int = 1,
) -> StampCollection:
    """Open the stamps of files.

    Parameters
    ----------
    paths : sequence of str
        Files of all batches. All headers are read, since stamps of different batches may show the
        same object.
    name : str
        Origin of the files, for error messages.
    stamp_format : StampFormat
        Its bands and pixel scale are required.
    batch, batches : int
        Every `batches`-th file is opened, starting from file `batch`.

    Returns
    -------
    StampCollection

    Raises
    ------
    InputError
        If a file is missing or no stamp, or the bands or the pixel scale are not given. When stamps
        are read: if a band is missing.
    """
    bands, pixel = stamp_format.bands, stamp_format.pixel
    if bands is None:
        raise InputError(f"{name}: the bands are unknown; set bands")
    if pixel is None:
        raise InputError(f"{name}: the pixel scale is unknown; set pixel (arcsec per pixel)")
    headers = [read_header(path, stamp_format.dataset) for path in paths]
    rows = range(batch, len(paths), batches)
    if not rows:
        raise InputError(f"{name}: {len(paths)} files for {batches} batches; set fewer batches")
    n_stamps = sum(headers[row].n_stamps for row in rows)
    stamps = _read(paths, headers, rows, stamp_format)
    return StampCollection(name, n_stamps, tuple(bands), pixel, stamps)


def _read(
    paths: Sequence[str],
    headers: Sequence[StampHeader],
    rows: Sequence[int],
    stamp_format: StampFormat,
) -> Iterator[Stamp]:
    """Read the stamps of some of the files."""
    objects = object_names(paths, headers)
    psf = {} if stamp_format.psf is None else {"psf": stamp_format.psf}
    all_positions = all(header.position for header in headers)
    root = os.path.commonpath([Path(path).parent for path in paths])
    for row in rows:
        path, header = paths[row], headers[row]
        name = os.path.relpath(path, root)
        position = header.position if all_positions and header.position else ()
        images = read_images(path, header, stamp_format.bands or (), stamp_format.dataset)
        for index, image in enumerate(images):
            suffix = "" if header.n_stamps == 1 else f"#{index}"
            metadata = psf | dict(zip(("ra", "dec"), position))
            yield Stamp(f"{name}{suffix}", f"{objects[row]}{suffix}", image, metadata)


def read_images(
    path: str | os.PathLike, header: StampHeader, bands: Sequence[str], dataset: str = "images"
) -> Iterator[np.ndarray]:
    """Read the images of one file.

    Parameters
    ----------
    path : path-like
        File of stamps.
    header : StampHeader
        Header of the file.
    bands : sequence of str
        Order of the bands.
    dataset : str
        Name of the dataset of stamps in HDF5 files.

    Yields
    ------
    numpy.ndarray, shape (bands, height, width), float32
        Pixel values of PNG and JPEG files are scaled to [0, 1], others are unchanged.

    Raises
    ------
    InputError
        If the file has other bands.
    """
    if len(bands) != header.shape[0] or (header.bands and set(header.bands) != set(bands)):
        actual = ", ".join(header.bands or ()) or f"{header.shape[0]} without names"
        raise InputError(
            f"{path}: bands {', '.join(bands)} are expected, the file has {actual}; change bands"
        )
    order = [header.bands.index(band) for band in bands] if header.bands else slice(None)
    if str(path).lower().endswith(FITS):
        yield _read_fits(path)[order]
    elif str(path).lower().endswith(PICTURES):
        with Image.open(path) as picture:
            values = np.asarray(picture, np.float32) / 255
        yield np.moveaxis(values, -1, 0)[order]
    else:
        with h5py.File(path, "r") as file:
            for row in range(header.n_stamps):
                yield np.asarray(file[dataset][row], np.float32)[order]


def object_names(paths: Sequence[str], headers: Sequence[StampHeader]) -> list[str]:
    """Name the object that each file shows.

    Files show the same object if they have the same name or if their positions are within
    `MATCH_RADIUS`, directly or through other files.

    Parameters
    ----------
    paths : sequence of str
        Files of stamps.
    headers : sequence of StampHeader
        Their headers.

    Returns
    -------
    list of str
        For each file the name, without folder and extension, of the first file of its object.
    """
    stems = [Path(path).name.partition(".fits")[0] for path in paths]
    stems = [Path(stem).stem if stem.lower().endswith(PICTURES) else stem for stem in stems]
    first: dict[str, int] = {}
    pairs = [(row, first.setdefault(stem, row)) for row, stem in enumerate(stems)]
    positions = {row: header.position for row, header in enumerate(headers) if header.position}
    if positions:
        rows = list(positions)
        ra, dec = np.array(list(positions.values())).T
        near = cKDTree(unit_vectors(ra, dec)).query_pairs(chord_length(MATCH_RADIUS))
        pairs += [(rows[one], rows[other]) for one, other in near]
    one, other = np.array(pairs).T
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(len(paths), len(paths)))
    _, components = connected_components(graph, directed=False)
    names: dict[int, str] = {}
    return [names.setdefault(int(label), stem) for label, stem in zip(components, stems)]


def _read_fits(path: str | os.PathLike) -> np.ndarray:
    """Read the image (bands, height, width) float32 of a FITS file."""
    with open_fits(path, what="stamp", cure=CURE) as file:
        headers = [_header_text(hdu.header) for hdu in file]
        planes = [np.asarray(file[hdu].data, np.float32) for hdu in image_hdus(headers)]
    return planes[0] if len(planes) == 1 else np.stack(planes)


def _header_text(header: fits.Header) -> dict[str, str]:
    """Return the values of a header as text by keyword."""
    return {key: str(value).strip() for key, value in header.items() if key}
