"""Stamps in a dataset of an HDF5 file, with one value per stamp in other datasets beside it."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.catalogue_format import RESERVED
from cosmodag.galaxies.stamps.fits_layout import axis_order
from cosmodag.galaxies.stamps.stamp_bands import plain_names, split_names
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.hdf5_inputs import find_dataset, numbers_of, open_hdf5

CURE = "leave the file out or replace it"
POSITION = ("ra", "dec")
"""Datasets with the positions of stamps in degrees."""
PER_STAMP = (*POSITION, "label", "labels")
"""Datasets that have one value per stamp in every file."""
MEASURED = {"psf", "noise"}
"""Datasets of unknown unit that are not used."""


class Stack(NamedTuple):
    """Content of an HDF5 file of stamps; attributes as those of `StampHeader`."""

    n_stamps: int
    shape: tuple[int, int, int]
    bands: tuple[str, ...] | None
    positions: np.ndarray | None
    columns: tuple[str, ...]
    order: tuple[int, int, int]


def inspect_stack(path: str | os.PathLike, stamp_format: StampFormat, n_bands: int | None) -> Stack:
    """Read the shape, bands, positions and columns of an HDF5 file.

    Parameters
    ----------
    path : path-like
        HDF5 file.
    stamp_format : StampFormat
    n_bands : int, optional
        Expected number of bands.

    Returns
    -------
    Stack

    Raises
    ------
    InputError
        If there is no such dataset, or it is none of stamps.
    """
    name = stamp_format.dataset
    with open_hdf5(path, cure=CURE) as file:
        images = find_dataset(file, name, cure=CURE)
        if images is None:
            names = ", ".join(file) or "none"
            raise InputError(f"{path}: no dataset {name!r}; its datasets: {names}")
        shape = numbers_of(images, cure=CURE).shape
        bands = images.attrs.get("bands", file.attrs.get("bands"))
        columns = _columns(images)
        _check_lengths(path, images)
        positions = None
        if all(each in columns for each in POSITION):
            positions = np.column_stack([np.asarray(columns[each][:], float) for each in POSITION])
    if len(shape) == 3 and n_bands == 1:
        shape = (shape[0], 1, *shape[1:])
        order = (0, 1, 2)
    elif len(shape) == 4:
        order = axis_order(shape[1:], stamp_format.axes, n_bands)
    else:
        raise InputError(f"{path}: {name} has {len(shape)} axes instead of (N, bands, y, x)")
    lengths = tuple(shape[1:][axis] for axis in order)
    names = _band_names(bands, lengths[0], stamp_format.bands)
    if names == ():
        given = ", ".join(map(_as_text, np.atleast_1d(bands)))
        raise InputError(
            f"{path}: {name} has {lengths[0]} bands, but its attribute bands names {given}; "
            "correct or remove the attribute"
        )
    kept = tuple(sorted(column for column in columns if column not in RESERVED | MEASURED))
    return Stack(shape[0], lengths, names, positions, kept, order)


def read_stack(
    path: str | os.PathLike, dataset: str, n_stamps: int, columns: Sequence[str]
) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """Read the stamps of an HDF5 file one after the other.

    Parameters
    ----------
    path : path-like
        HDF5 file.
    dataset : str
        Name of the dataset of stamps.
    n_stamps : int
        Their number.
    columns : sequence of str
        Datasets with one value per stamp.

    Yields
    ------
    image : numpy.ndarray, float32
        Pixels of one stamp, its axes as in the file. Pixels of 8 bits are scaled to [0, 1], as
        those of pictures are.
    values : dict from str to object
        The value of each column.
    """
    with open_hdf5(path, cure=CURE) as file:
        pixels = find_dataset(file, dataset, cure=CURE)
        if pixels is None or len(pixels) < n_stamps:
            raise InputError(f"{path}: {dataset} has changed while it was read; {CURE}")
        found = _columns(pixels)
        values = {name: found[name][:] for name in columns}
        white = np.float32(255 if pixels.dtype == np.uint8 else 1)
        for row in range(n_stamps):
            image = np.asarray(pixels[row], np.float32) / white
            yield image, {name: _plain(column[row]) for name, column in values.items()}


def _band_names(value: Any, n_bands: int, expected: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the names of bands in an attribute; none if it has none, empty if it is unclear."""
    if value is None or isinstance(value, h5py.Empty):
        return None
    texts = [_as_text(each) for each in np.ravel(value).tolist()]
    if texts in ([""], [str(n_bands)]):
        return None  # the number of bands
    listed = split_names(texts[0], n_bands) if len(texts) == 1 else texts
    names = plain_names(listed or (), expected)
    return names if names is not None and len(set(names)) == len(names) == n_bands else ()


def _columns(images: h5py.Dataset) -> dict[str, h5py.Dataset]:
    """Return the datasets beside the stamps that have one number or text per stamp."""
    found = {}
    for name in images.parent:
        if not isinstance(images.parent.get(name, getlink=True), h5py.HardLink):
            continue
        each = images.parent[name]
        if not isinstance(each, h5py.Dataset) or each.shape != images.shape[:1]:
            continue
        if each.dtype.kind in "fiub" or h5py.check_string_dtype(each.dtype):
            found[name] = each
    return found


def _check_lengths(path: str | os.PathLike, images: h5py.Dataset) -> None:
    """Refuse positions and labels that are not as many as the stamps."""
    for name in PER_STAMP:
        if isinstance(images.parent.get(name, getlink=True), h5py.HardLink):
            shape = getattr(images.parent[name], "shape", None)
            if shape is not None and shape[:1] != images.shape[:1]:
                raise InputError(
                    f"{path}: {name} has {' × '.join(map(str, shape)) or 'one'} values for "
                    f"{images.shape[0]} stamps; give one per stamp, or rename it"
                )


def _plain(value: Any) -> Any:
    """Return a value as text or as a number of Python."""
    return _as_text(value) if isinstance(value, bytes | np.bytes_) else np.asarray(value).item()


def _as_text(value: object) -> str:
    """Return an attribute or a value of an HDF5 file as text."""
    if isinstance(value, bytes | np.bytes_):
        return value.decode(errors="replace")
    return str(value)
