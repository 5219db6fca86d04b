"""FITS files, opened so that truncated ones raise an error."""

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

from astropy.io import fits

from cosmodag.errors import InputError

NANOMAGGIES = {"", "nanomaggy", "nanomaggies", "nmgy"}


def in_nanomaggies(unit: str) -> bool:
    """Return whether a unit is nanomaggies or a power of them; an empty unit passes.

    Parameters
    ----------
    unit : str
        Unit as a FITS header names it.

    Returns
    -------
    bool

    Examples
    --------
    >>> in_nanomaggies("1/nanomaggy^2"), in_nanomaggies("Jy")
    (True, False)
    """
    base = unit.lower().replace("1/", "").partition("*")[0].partition("^")[0]
    return base.strip(" ()") in NANOMAGGIES


@contextlib.contextmanager
def open_fits(path: str | os.PathLike, *, what: str, cure: str) -> Iterator[fits.HDUList]:
    """Open a FITS file for reading, without memory maps.

    An error inside the block that a missing HDU, missing bytes or a missing key causes is reported
    as an error of the file.

    Parameters
    ----------
    path : path-like
        FITS file.
    what : str
        Content of the file, such as "image", for error messages.
    cure : str
        What the user can do if the file is missing, for error messages.

    Yields
    ------
    astropy.io.fits.HDUList

    Raises
    ------
    InputError
        If the file is missing, truncated or not a FITS file of that content.
    """
    path = Path(path)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="File may have been truncated")
            with fits.open(path, memmap=False) as file:
                yield file
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; {cure}") from None
    except InputError:
        raise
    except (
        OSError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
        UserWarning,
    ) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: not a complete FITS {what} ({reason}); download it again"
        ) from error
