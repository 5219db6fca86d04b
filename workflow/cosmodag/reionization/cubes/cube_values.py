"""Values that a cube of each field can have, for arrays that are in memory."""

import os
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.input_files import check_file
from cosmodag.reionization.cubes.raw_cubes import VALID_RANGES

KELVIN = (0.02, 0.5)
"""Largest brightness temperatures that are those of neutral gas in K, but of no simulation in
mK."""


def check_values(location: str, field: str, values: np.ndarray) -> None:
    """Check that all values are finite and possible for a field.

    Parameters
    ----------
    location : str
        File and dataset, for messages.
    field : str
        A key of `VALID_RANGES`.
    values : numpy.ndarray
        Brightness temperature in mK, density contrast or neutral fraction; at least one value.

    Raises
    ------
    InputError
    """
    if n_invalid := np.count_nonzero(~np.isfinite(values)):
        raise InputError(
            f"{location}: {n_invalid} cells are NaN or infinite: repair or remove the box"
        )
    low, high = VALID_RANGES[field]
    if not (values.min() >= low and values.max() <= high):
        raise InputError(
            f"{location}: values are {values.min():.4g} to {values.max():.4g}, but {low:g} to "
            f"{high:g} are possible: check its unit, repair or remove the box"
        )


def in_kelvin(temperature: np.ndarray) -> bool:
    """Return whether a brightness temperature is in K, not in mK, by its largest magnitude.

    Parameters
    ----------
    temperature : numpy.ndarray
        Brightness temperature of a simulation.

    Returns
    -------
    bool

    Examples
    --------
    >>> in_kelvin(np.array([0.0, 0.027])), in_kelvin(np.array([0.0, 27.0]))
    (True, False)
    """
    largest = max(float(temperature.max()), -float(temperature.min()))
    return KELVIN[0] <= largest <= KELVIN[1]


def load_array(path: str | os.PathLike) -> np.ndarray:
    """Map an array of real numbers in a file of NumPy into memory.

    Parameters
    ----------
    path : path
        File ``.npy``.

    Returns
    -------
    numpy.ndarray
        Read-only array of any shape, of integers or floats.

    Raises
    ------
    InputError
        If the file is missing, is truncated, or consists of something else than real numbers.
    """
    path = check_file(Path(path), "check the folder of the cubes")
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: not a complete array of NumPy ({reason}): save it again"
        ) from None
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu" or not values.size:
        raise InputError(f"{path}: not an array of real numbers: save the cube alone by numpy.save")
    return values
