"""Stamps of different sizes in one HDF5 file, with their metadata.

The dataset `pixels` contains the stamps one after the other, each (bands, side, side) float32 in
nanomaggies. A file of simulated stamps may have a dataset `light` of the same layout without noise.
The group `galaxies` has one column each for `id`, `side`, `offset` (index of the first pixel) and
other metadata. Single stamps can be read, and none is padded.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pandas as pd

from cosmodag.disk_files import writable_hdf5
from cosmodag.errors import InputError
from cosmodag.hdf5 import create_contiguous, open_kind, read_columns, write_columns
from cosmodag.rejections import Rejections


class Stamp(NamedTuple):
    """An image of one galaxy.

    Attributes
    ----------
    id : str
        Name of the stamp.
    object : str
        Name of the galaxy, which several stamps may share.
    image : numpy.ndarray, shape (bands, height, width), float32
    metadata : dict
        Further columns of the stamp, such as magnitude or psf.
    noise_free : numpy.ndarray, shape (bands, height, width), float32, optional
        The image without noise, if it was simulated and stored.
    """

    id: str
    object: str
    image: np.ndarray
    metadata: dict[str, Any]
    noise_free: np.ndarray | None = None


class StampCollection(NamedTuple):
    """Stamps that are read one after the other.

    Attributes
    ----------
    name : str
        Origin of the stamps, for error messages.
    n_stamps : int
    bands : tuple of str
    pixel : float
        Pixel scale in arcsec per pixel.
    stamps : iterator of Stamp
    has_noise_free : bool
        Whether each stamp has a noise-free image.
    rejections : Rejections, optional
        Stamps that are left out, to which reading adds those that cannot be read; without it, the
        first of them raises an error.
    paths : tuple of str
        Files that the stamps are read from.
    classes : dict from str to list
        Values of the columns of labels that have a column of classes, see `StampCatalogue`.
    """

    name: str
    n_stamps: int
    bands: tuple[str, ...]
    pixel: float
    stamps: Iterator[Stamp]
    has_noise_free: bool = False
    rejections: Rejections | None = None
    paths: tuple[str, ...] = ()
    classes: dict[str, list] = {}  # noqa: RUF012 (never changed)


class StampOffsets(NamedTuple):
    """Positions of stamps in their file.

    Attributes
    ----------
    observed : numpy.ndarray, shape (stamps,), int64
        First byte of each image.
    noise_free : numpy.ndarray, shape (stamps,), int64, optional
        First byte of each noise-free image, if they are stored.
    """

    observed: np.ndarray
    noise_free: np.ndarray | None


def create_stamps_file(
    path: str | os.PathLike,
    galaxies: pd.DataFrame,
    *,
    bands: Sequence[str],
    pixel: float,
    noise_free: bool = False,
) -> StampOffsets:
    """Create a stamps file without pixels, which multiple processes can then write.

    Parameters
    ----------
    path : path-like
        File to create.
    galaxies : pandas.DataFrame
        Metadata with one row per stamp; the column `side` is required.
    bands : sequence of str
        Names of the bands.
    pixel : float
        Pixel scale in arcsec per pixel.
    noise_free : bool
        Whether to reserve space for noise-free images.

    Returns
    -------
    StampOffsets
        Where `write_stamp` has to write each image.
    """
    sizes = len(bands) * galaxies["side"].to_numpy(np.int64) ** 2
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    with writable_hdf5(path) as file:
        file.attrs["kind"] = "stamps"
        file.attrs["bands"] = list(bands)
        file.attrs["pixel"] = pixel
        starts = [
            create_contiguous(file, name, offsets[-1:]).id.get_offset()
            for name in (("pixels", "light") if noise_free else ("pixels",))
        ]
        write_columns(file.create_group("galaxies"), galaxies.assign(offset=offsets[:-1]))
    first_bytes = [start + offsets[:-1] * np.dtype(np.float32).itemsize for start in starts]
    return StampOffsets(first_bytes[0], first_bytes[1] if noise_free else None)


def write_stamp(file: BinaryIO, offset: int, image: np.ndarray) -> None:
    """Write the pixels of one image.

    Parameters
    ----------
    file : binary file
        Stamps file, open for writing.
    offset : int
        First byte of the image, see `StampOffsets`.
    image : numpy.ndarray, shape (bands, side, side), float32
        Image in nanomaggies.
    """
    file.seek(offset)
    file.write(np.ascontiguousarray(image, "<f4"))


def add_column(path: str | os.PathLike, name: str, values: pd.Series) -> None:
    """Add a column of metadata to a stamps file.

    Parameters
    ----------
    path : path-like
        Stamps file.
    name : str
        Name of the column.
    values : pandas.Series
        One value per stamp.
    """
    with writable_hdf5(path, "r+") as file:
        write_columns(file["galaxies"], {name: values})


def open_stamps_file(path: str | os.PathLike) -> StampCollection:
    """Open a stamps file.

    Parameters
    ----------
    path : path-like
        Stamps file.

    Returns
    -------
    StampCollection

    Raises
    ------
    InputError
        If the file is missing, truncated or of another kind.
    """
    with open_kind(path, "stamps") as file:
        bands = tuple(str(band) for band in file.attrs["bands"])
        n_stamps, pixel = len(file["galaxies/id"]), float(file.attrs["pixel"])
        has_noise_free = "light" in file
    return StampCollection(
        str(path), n_stamps, bands, pixel, read_stamps(path), has_noise_free, paths=(str(path),)
    )


def select_bands(stamps: StampCollection, bands: Sequence[str]) -> StampCollection:
    """Return stamps with some of their bands, in a given order.

    Parameters
    ----------
    stamps : StampCollection
    bands : sequence of str
        Names of bands of the stamps.

    Returns
    -------
    StampCollection

    Raises
    ------
    InputError
        If the stamps lack a band.
    """
    for band in bands:
        if band not in stamps.bands:
            raise InputError(
                f"{stamps.name}: no band {band!r}; change bands: {', '.join(stamps.bands)}"
            )
    rows = [stamps.bands.index(band) for band in bands]

    def selected(stamp: Stamp) -> Stamp:
        noise_free = None if stamp.noise_free is None else stamp.noise_free[rows]
        return stamp._replace(image=stamp.image[rows], noise_free=noise_free)

    return stamps._replace(bands=tuple(bands), stamps=map(selected, stamps.stamps))


def read_stamps(path: str | os.PathLike) -> Iterator[Stamp]:
    """Read the stamps of a file one by one, in order.

    Parameters
    ----------
    path : path-like
        Stamps file.

    Yields
    ------
    Stamp

    Raises
    ------
    InputError
        If the file is missing, truncated or of another kind.
    """
    with open_kind(path, "stamps") as file:
        bands = len(file.attrs["bands"])
        for row in pd.DataFrame(read_columns(file["galaxies"])).to_dict("records"):
            name, side, offset = row.pop("id"), row["side"], row.pop("offset")
            pixels = slice(offset, offset + bands * side**2)
            if pixels.stop > len(file["pixels"]):
                raise InputError(
                    f"{path}: the pixels of stamp {name} are missing; simulate the file again"
                )
            image = file["pixels"][pixels].reshape(bands, side, side)
            noise_free = None
            if "light" in file:
                noise_free = file["light"][pixels].reshape(bands, side, side)
            yield Stamp(name, row.pop("object", name), image, row, noise_free)
