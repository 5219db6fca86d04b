"""FITS files opened so that a file cut short is refused rather than half read."""

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

from astropy.io import fits

from cosmodag.errors import InputError

NANOMAGGIES = {"", "nanomaggy", "nanomaggies", "nmgy"}


def in_nanomaggies(unit: str) -> bool:
    """Whether a unit is that of fluxes here, or a power of it; one that is not given passes."""
    base = unit.lower().replace("1/", "").partition("*")[0].partition("^")[0]
    return base.strip(" ()") in NANOMAGGIES


@contextlib.contextmanager
def open_fits(path: str | os.PathLike, *, what: str, cure: str) -> Iterator[fits.HDUList]:
    """Open a FITS file for reading, without memory maps.

    What goes wrong inside the block for want of an HDU, of bytes or of a key counts as a fault of
    the file.

    Parameters
    ----------
    path
        The file.
    what
        What it should hold, such as "image", for the message.
    cure
        What to do where the file is missing.

    Raises
    ------
    InputError
        If the file is missing, cut short or not what it should be.
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
        raise InputError(f"{path}: not a whole FITS {what} ({reason}); fetch it anew") from error
