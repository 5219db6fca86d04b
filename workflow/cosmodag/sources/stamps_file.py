"""Stamps of many sizes in one HDF5 file, with what is known of each.

`pixels` holds the stamps one after the other, each as (bands, side, side) float32 in nanomaggies;
simulated ones may have `light` beside it, the same without noise. The group `galaxies` holds a
column each of `id`, `side`, `offset` (of its first pixel) and what else is known. A stamp is read
without the others, and no size is padded to another.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.hdf5 import open_kind

CHUNK = 1 << 18
"""Pixels a chunk of the file: a few stamps."""


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


def write_stamps(
    path: str | os.PathLike,
    galaxies: pd.DataFrame,
    stamps: Iterable[tuple[np.ndarray, np.ndarray, float]],
    *,
    bands: Sequence[str],
    pixel: float,
    noiseless: bool = False,
) -> None:
    """Write stamps as they come.

    Parameters
    ----------
    path
        File to write, whole or not at all.
    galaxies
        A row a stamp, with its `side`.
    stamps
        Image and light (bands, side, side), and signal-to-noise, of each row in turn.
    bands
        Names of the bands.
    pixel
        Arcsec a pixel.
    noiseless
        Whether the light is kept.
    """
    sizes = len(bands) * galaxies["side"].to_numpy(np.int64) ** 2
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    with whole_file(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["kind"] = "stamps"
        file.attrs["bands"] = list(bands)
        file.attrs["pixel"] = pixel
        chunk = (min(CHUNK, int(offsets[-1])),)
        for name in ("pixels", "light") if noiseless else ("pixels",):
            file.create_dataset(name, (offsets[-1],), np.float32, chunks=chunk)
        signal = np.empty(len(galaxies))
        for row, (image, light, signal_to_noise) in enumerate(stamps):
            file["pixels"][offsets[row] : offsets[row + 1]] = image.ravel()
            if noiseless:
                file["light"][offsets[row] : offsets[row + 1]] = light.ravel()
            signal[row] = signal_to_noise
        columns = galaxies.assign(offset=offsets[:-1], signal_to_noise=signal)
        group = file.create_group("galaxies")
        for name, values in columns.items():
            if values.dtype.kind in "iuf":
                group.create_dataset(name, data=values.to_numpy())
            else:
                group.create_dataset(name, data=values.to_list(), dtype=h5py.string_dtype())


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
        table = _table(file)
        for row in table.to_dict("records"):
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


def _table(file: h5py.File) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: column.asstr()[:] if h5py.check_string_dtype(column.dtype) else column[:]
            for name, column in file["galaxies"].items()
        }
    )
