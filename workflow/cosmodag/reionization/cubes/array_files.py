"""Arrays in files that do not describe them: NumPy, HDF5, FITS, and raw numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.hdf5_inputs import find_dataset, numbers_of, open_hdf5
from cosmodag.input_files import check_file
from cosmodag.reionization.cubes.cube_values import load_array
from cosmodag.reionization.cubes.fits_cubes import SUFFIXES, read_fits_array
from cosmodag.reionization.cubes.raw_arrays import read_raw_array

HDF5 = (".h5", ".hdf5")
"""Suffixes of HDF5 files."""
UNITS = {"mK": 1.0, "K": 1000.0}
"""Units of the brightness temperature in mK."""
CURE = "copy the file again"


def read_array(
    path: Path,
    field: str,
    *,
    dataset: str | None = None,
    shape: Sequence[int] | None = None,
    unit: str = "mK",
    order: Literal["C", "F"] = "C",
) -> np.ndarray:
    """Read the array of a file.

    Parameters
    ----------
    path : pathlib.Path
        File of NumPy (``.npy``), HDF5, FITS, or raw numbers, see `read_raw_array`.
    field : {"brightness_temperature", "density", "neutral_fraction"}
        What the array is.
    dataset : str, optional
        Path of the array in an HDF5 file.
    shape : sequence of int, optional
        Shape of raw numbers.
    unit : {"mK", "K"}
        Unit of the brightness temperature, which the header of a FITS file must not contradict.
    order : {"C", "F"}
        Order of raw numbers that are no records of Fortran.

    Returns
    -------
    numpy.ndarray
        Values as they are in the file, perhaps a read-only map of it into memory.

    Raises
    ------
    InputError
        If the file is missing or damaged, or has no such array.
    """
    check_file(path, "check the folder of the cubes")
    if path.suffix in HDF5:
        with open_hdf5(path, cure=CURE) as file:
            cure = f"give one of its datasets: {list_datasets(file)}"
            if dataset is None:
                raise InputError(f"{path}: the dataset is not stated: {cure}")
            found = find_dataset(file, dataset, cure=cure)
            if found is None:
                raise InputError(f"{path}: has no dataset {dataset!r}: {cure}")
            return numbers_of(found, cure=CURE)[:]
    if path.suffix in (".npy", ".npz"):
        return load_array(path)
    if path.name.lower().endswith(SUFFIXES):
        return read_fits_array(path, unit)
    return read_raw_array(path, field, shape, order)


def list_datasets(file: h5py.File) -> str:
    """Return the names of the datasets of a file with three or two axes, for messages.

    Parameters
    ----------
    file : h5py.File
        File that is open.

    Returns
    -------
    str
        At most eight names.
    """
    names: list[str] = []

    def visit(name: str, found: h5py.Group | h5py.Dataset) -> None:
        if isinstance(found, h5py.Dataset) and len(found.shape or ()) in (2, 3):
            names.append(name)

    file.visititems(visit)
    return ", ".join(names[:8]) or "none of two or three axes"
