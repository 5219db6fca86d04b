"""Stamps of many sizes in one HDF5 file, with what is known of each.

`pixels` holds the stamps one after the other, each as (bands, side, side) float32 in nanomaggies;
simulated ones may have `light` beside it, the same without noise. The group `galaxies` holds a
column each of `id`, `side`, `offset` (of its first pixel) and what else is known. A stamp is read
without the others, and no size is padded to another.
"""

import os
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

import h5py
import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.hdf5 import create_contiguous, open_kind, read_columns, write_columns


class Stamp(NamedTuple):
    """A galaxy's image.

    `id` is its name, `object` that of what it shows, which several stamps may share; `image`
    (bands, height, width) float32; `known` what is known of it, by column; `light` the image
    without noise, where it was simulated and kept.
    """

    id: str
    object: str
    image: np.ndarray
    known: dict
    light: np.ndarray | None = None


class Stamps(NamedTuple):
    """Stamps that are read one after the other: their number, bands, and arcsec a pixel.

    `noiseless` tells whether each comes with its light.
    """

    name: str
    count: int
    bands: tuple[str, ...]
    pixel: float
    each: Iterator[Stamp]
    noiseless: bool = False


class Places(NamedTuple):
    """Where stamps lie in their file, by the byte at which each begins, (stamps,).

    `pixels` of the images, `light` of those without noise, where they are kept.
    """

    pixels: np.ndarray
    light: np.ndarray | None


def create_stamps(
    path: str | os.PathLike,
    galaxies: pd.DataFrame,
    *,
    bands: Sequence[str],
    pixel: float,
    noiseless: bool = False,
) -> Places:
    """Lay out a stamps file but for its pixels, which any process may then put in their places.

    Parameters
    ----------
    path
        File to write.
    galaxies
        A row a stamp, with its `side`.
    bands
        Names of the bands.
    pixel
        Arcsec a pixel.
    noiseless
        Whether images without noise are kept.

    Returns
    -------
    Places
        For `put_stamp`.
    """
    sizes = len(bands) * galaxies["side"].to_numpy(np.int64) ** 2
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    with h5py.File(path, "w") as file:
        file.attrs["kind"] = "stamps"
        file.attrs["bands"] = list(bands)
        file.attrs["pixel"] = pixel
        begins = [
            create_contiguous(file, name, offsets[-1:]).id.get_offset()
            for name in (("pixels", "light") if noiseless else ("pixels",))
        ]
        write_columns(file.create_group("galaxies"), galaxies.assign(offset=offsets[:-1]))
    places = [begin + offsets[:-1] * np.dtype(np.float32).itemsize for begin in begins]
    return Places(places[0], places[1] if noiseless else None)


def put_stamp(file: BinaryIO, place: int, image: np.ndarray) -> None:
    """Put an image, float32, in its place among the bytes of a stamps file."""
    file.seek(place)
    file.write(np.ascontiguousarray(image, "<f4"))


def add_column(path: str | os.PathLike, name: str, values: pd.Series) -> None:
    """Add a column of what is known of the galaxies to a stamps file."""
    with h5py.File(path, "r+") as file:
        write_columns(file["galaxies"], {name: values})


def open_stamps(path: str | os.PathLike) -> Stamps:
    """Open a stamps file; errors as `read_stamps`."""
    with open_kind(path, "stamps") as file:
        bands = tuple(str(band) for band in file.attrs["bands"])
        count, pixel = len(file["galaxies/id"]), float(file.attrs["pixel"])
        noiseless = "light" in file
    return Stamps(str(path), count, bands, pixel, read_stamps(path), noiseless)


def read_stamps(path: str | os.PathLike) -> Iterator[Stamp]:
    """Yield the stamps of a file in order.

    Raises
    ------
    InputError
        The file is missing, cut short or no file of stamps.
    """
    with open_kind(path, "stamps") as file:
        bands = len(file.attrs["bands"])
        for row in pd.DataFrame(read_columns(file["galaxies"])).to_dict("records"):
            name, side, offset = row.pop("id"), row["side"], row.pop("offset")
            end = offset + bands * side**2
            if end > len(file["pixels"]):
                raise InputError(
                    f"{path}: stamp {name} reaches beyond its pixels; simulate it anew"
                )
            image, light = (
                file[part][offset:end].reshape(bands, side, side) if part in file else None
                for part in ("pixels", "light")
            )
            yield Stamp(name, row.pop("object", name), image, row, light)
