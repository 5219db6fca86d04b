"""Stamps of real galaxies, read from FITS, PNG, JPEG and HDF5 files."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.path_list import CURE, read_path_list
from cosmodag.galaxies.stamps.stamp_headers import (
    FITS,
    PICTURES,
    StampHeader,
    image_hdus,
    open_picture,
    read_header,
)
from cosmodag.galaxies.stamps.stamps_file import Stamp, StampCollection
from cosmodag.hdf5_inputs import find_dataset, open_hdf5
from cosmodag.imaging.fits_files import open_fits
from cosmodag.imaging.sky_positions import chord_length, unit_vectors
from cosmodag.rejections import MAX_REJECTED, Rejections
from cosmodag.settings import unknown

MATCH_RADIUS = 24.0
"""Separation in arcsec below which two stamps are considered to show the same object."""


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
    max_rejected : float
        Largest fraction of stamps that may be left out because they cannot be used.
    dataset : str
        Name of the dataset (N, bands, y, x) in HDF5 files.
    """

    bands: Sequence[str] | None = None
    pixel: float | None = None
    psf: float | None = None
    dataset: str = "images"
    max_rejected: float = MAX_REJECTED

    def __post_init__(self):
        for name in ("pixel", "psf"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (number and 0 < value < np.inf):
                raise InputError(f"{name}: {value!r} is no length; give arcsec above 0")
        texts = self.bands is None or all(isinstance(band, str) for band in self.bands)
        if self.bands is not None and not (
            texts and self.bands and len(set(self.bands)) == len(self.bands)
        ):
            raise InputError(f"bands: {self.bands!r}; give the name of each band once, in order")

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
    stamps = open_stamp_files(paths, str(path), stamp_format, batch=batch, batches=batches)
    return stamps._replace(paths=(str(path), *stamps.paths))


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
        Files that cannot be read are added to its `rejections`.

    Raises
    ------
    InputError
        If the bands or the pixel scale are not given, or there are fewer files than batches.
    """
    bands, pixel = stamp_format.bands, stamp_format.pixel
    if bands is None:
        raise InputError(f"{name}: the bands are unknown; set bands")
    if pixel is None:
        raise InputError(f"{name}: the pixel scale is unknown; set pixel (arcsec per pixel)")
    rows = range(batch, len(paths), batches)
    if not rows:
        raise InputError(f"{name}: {len(paths)} files for {batches} batches; set fewer batches")
    rejections = Rejections("stamps", stamp_format.max_rejected)
    headers = {}
    for row, path in enumerate(paths):
        try:
            headers[row] = read_header(path, stamp_format.dataset)
        except InputError as error:
            if row in rows:
                rejections.add(path, "", str(error))
    rows = [row for row in rows if row in headers]
    n_stamps = rejections.n_rejected + sum(headers[row].n_stamps for row in rows)
    stamps = _read(paths, headers, rows, stamp_format, rejections)
    return StampCollection(
        name,
        n_stamps,
        tuple(bands),
        pixel,
        stamps,
        rejections=rejections,
        paths=tuple(paths[row] for row in rows),
    )


def _read(
    paths: Sequence[str],
    headers: Mapping[int, StampHeader],
    rows: Sequence[int],
    stamp_format: StampFormat,
    rejections: Rejections,
) -> Iterator[Stamp]:
    """Read the stamps of some of the files, and reject those that cannot be read."""
    names = object_names([paths[row] for row in headers], list(headers.values()))
    objects = dict(zip(headers, names))
    psf = {} if stamp_format.psf is None else {"psf": stamp_format.psf}
    all_positions = all(header.position for header in headers.values())
    root = os.path.commonpath([Path(path).parent for path in paths])
    for row in rows:
        path, header = paths[row], headers[row]
        name = os.path.relpath(path, root)
        position = header.position if all_positions and header.position else ()
        images = read_images(path, header, stamp_format.bands or (), stamp_format.dataset)
        for index in range(header.n_stamps):
            suffix = "" if header.n_stamps == 1 else f"#{index}"
            try:
                image = next(images)
            except InputError as error:
                rejections.add(path, suffix, str(error), header.n_stamps - index)
                break
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
        with open_picture(path) as picture:
            values = np.asarray(picture, np.float32) / 255
        yield np.moveaxis(values, -1, 0)[order]
    else:
        with open_hdf5(path, cure=CURE) as file:
            pixels = find_dataset(file, dataset, cure=CURE)
            if pixels is None or len(pixels) < header.n_stamps:
                raise InputError(f"{path}: {dataset} has changed while it was read; {CURE}")
            for row in range(header.n_stamps):
                yield np.asarray(pixels[row], np.float32)[order]


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
    if not paths:
        return []
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
