"""Real stamps: the files of a list, read in the form that simulated ones have."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

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
    Header,
    image_units,
    read_header,
)
from cosmodag.galaxies.stamps.stamps_file import Stamp, Stamps
from cosmodag.imaging.fits_files import open_fits
from cosmodag.imaging.sky_positions import chord_length, unit_vectors

OVERLAP = 24.0
"""Arcsec within which two stamps are taken to show the same object, or its nearest surroundings."""
CURE = "filter the folder anew"


def read_list(path: str | os.PathLike) -> list[str]:
    """Read a list of paths, one a line.

    Raises
    ------
    InputError
        The list is missing or empty.
    """
    try:
        paths = Path(path).read_text().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {CURE}") from None
    if not any(paths):
        raise InputError(
            f"{path}: the list is empty; change the keys shape, accept_larger or bands"
        )
    return [line for line in paths if line]


def open_folder(paths_file: str | os.PathLike, **settings) -> Stamps:
    """Open the stamps of a batch of files of a list, a path a line; settings as `open_files`."""
    return open_files(read_list(paths_file), str(paths_file), **settings)


def open_files(
    paths: Sequence[str],
    name: str,
    *,
    bands: Sequence[str],
    pixel: float,
    psf: float | None = None,
    dataset: str = "images",
    batch: int = 0,
    batches: int = 1,
) -> Stamps:
    """Open the stamps of a batch of files, every `batches`-th from `batch` on.

    Parameters
    ----------
    paths
        All headers are looked at, whatever the batch, since stamps of different files may show the
        same object.
    name
        What they are together called.
    bands
        Bands in the order that is wanted. Files that do not name their bands have them in it.
    pixel
        Arcsec a pixel.
    psf
        Full width at half maximum of the point-spread function in arcsec, where it is known.
    dataset
        Name of the stacks in HDF5 files.

    Raises
    ------
    InputError
        A file is missing or no stamp; or, when stamps are read, lacks a band.
    """
    headers = [read_header(path, dataset) for path in paths]
    rows = range(batch, len(paths), batches)
    if not rows:
        raise InputError(f"{name}: {len(paths)} files for {batches} batches; give fewer batches")
    count = sum(headers[row].count for row in rows)
    each = _read(paths, headers, rows, tuple(bands), dataset, {} if psf is None else {"psf": psf})
    return Stamps(name, count, tuple(bands), pixel, each)


def _read(
    paths: Sequence[str],
    headers: Sequence[Header],
    rows: Sequence[int],
    bands: Sequence[str],
    dataset: str,
    given: dict,
) -> Iterator[Stamp]:
    objects = same_objects(paths, headers)
    placed = all(header.position for header in headers)
    root = os.path.commonpath([Path(path).parent for path in paths])
    for row in rows:
        path, header = paths[row], headers[row]
        name = os.path.relpath(path, root)
        for number, image in enumerate(read_images(path, header, bands, dataset)):
            known = dict(zip(("ra", "dec"), header.position)) if placed else {}
            part = "" if header.count == 1 else f"#{number}"
            yield Stamp(f"{name}{part}", f"{objects[row]}{part}", image, given | known)


def read_images(
    path: str | os.PathLike, header: Header, bands: Sequence[str], dataset: str = "images"
) -> Iterator[np.ndarray]:
    """Yield the images (bands, height, width) float32 of one file, the bands as wanted.

    Pixels of pictures go from 0 to 1, those of other files are as they are.
    """
    if len(bands) != header.shape[0] or (header.bands and set(header.bands) != set(bands)):
        held = ", ".join(header.bands or ()) or f"{header.shape[0]} of no name"
        raise InputError(
            f"{path}: bands {', '.join(bands)} are wanted, it holds {held}; change bands"
        )
    order = [header.bands.index(band) for band in bands] if header.bands else slice(None)
    if str(path).lower().endswith(FITS):
        yield _fits(path)[order]
    elif str(path).lower().endswith(PICTURES):
        with Image.open(path) as picture:
            values = np.asarray(picture, np.float32) / 255
        yield np.moveaxis(values, -1, 0)[order]
    else:
        with h5py.File(path, "r") as file:
            for row in range(header.count):
                yield np.asarray(file[dataset][row], np.float32)[order]


def same_objects(paths: Sequence[str], headers: Sequence[Header]) -> list[str]:
    """Name the object that each file shows: files of one name, or of places that overlap, share it.

    The name is that of the first such file without folder and ending.
    """
    stems = [Path(path).name.partition(".fits")[0] for path in paths]
    stems = [Path(s).stem if s.lower().endswith(PICTURES) else s for s in stems]
    first: dict[str, int] = {}
    pairs = [(row, first.setdefault(stem, row)) for row, stem in enumerate(stems)]
    placed = [row for row, header in enumerate(headers) if header.position]
    if placed:
        ra, dec = np.array([headers[row].position for row in placed]).T
        near = cKDTree(unit_vectors(ra, dec)).query_pairs(chord_length(OVERLAP))
        pairs += [(placed[one], placed[other]) for one, other in near]
    one, other = np.array(pairs).T
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(len(paths), len(paths)))
    _, label = connected_components(graph, directed=False)
    named: dict[int, str] = {}
    return [named.setdefault(int(part), stem) for part, stem in zip(label, stems)]


def _fits(path: str | os.PathLike) -> np.ndarray:
    """The image of a FITS file, (bands, height, width) float32."""
    with open_fits(path, what="stamp", cure=CURE) as file:
        headers = [_text(hdu.header) for hdu in file]
        units = image_units(headers)
        planes = [np.asarray(file[unit].data, np.float32) for unit in units]
    return planes[0] if len(planes) == 1 else np.stack(planes)


def _text(header: fits.Header) -> dict[str, str]:
    return {key: str(value).strip() for key, value in header.items() if key}
