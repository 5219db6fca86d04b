"""FITS files, opened so that truncated, damaged and altered ones raise an error."""

import contextlib
import os
import re
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.hashes import once
from cosmodag.imaging.fits_headers import Hdu, read_hdus
from cosmodag.input_files import check_file

CHUNK = 1 << 22
"""Bytes that are summed at a time."""
ONES = 0xFFFFFFFF
"""Negative zero in the arithmetic of checksums."""
GZIPPED = ("COMPRESSED_DATA", "GZIP_COMPRESSED_DATA")
"""Columns of compressed tiles; the second one is always compressed by gzip."""
GZIP_TIME = range(4, 8)
"""Bytes of the time in what gzip compressed."""
DAMAGES = (
    *(OSError, ArithmeticError, AssertionError, AttributeError, EOFError, LookupError),
    *(RuntimeError, TypeError, UserWarning, ValueError, struct.error, zlib.error),
)
"""What astropy raises while it reads a damaged file."""
OWN_EXCEPTIONS = ("CfitsioException", "VerifyError")
"""Exceptions of astropy's own, of which the codecs of compressed images export no class."""
NANOMAGGIES = {"", "nanomaggy", "nanomaggies", "nmgy"}
POWER = re.compile(r"(\^|\*\*)?[({]?[-+]?\d[)}]?\s*$")
"""Power at the end of a unit."""


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
    >>> in_nanomaggies("1/nanomaggy^2"), in_nanomaggies("nanomaggy*1000")
    (True, False)
    """
    return POWER.sub("", unit.lower().removeprefix("1/")).strip(" ()") in NANOMAGGIES


@contextlib.contextmanager
def open_fits(
    path: str | os.PathLike, *, what: str, cure: str, memmap: bool = False
) -> Iterator[fits.HDUList]:
    """Open a FITS file for reading.

    The headers are checked first, see `read_hdus`. An error inside the block that a missing HDU,
    missing bytes or a missing key causes is reported as an error of the file.

    Parameters
    ----------
    path : path-like
        FITS file.
    what : str
        Content of the file, such as "image", for error messages.
    cure : str
        What the user can do if the file is missing or damaged, for error messages.
    memmap : bool
        Whether to map the data into memory, for files that are read in parts.

    Yields
    ------
    astropy.io.fits.HDUList

    Raises
    ------
    InputError
        If the file is missing, is not a regular file, is truncated or not a FITS file of that
        content, or differs from the checksums in its headers.
    """
    path = Path(path)
    try:
        verify_checksums(path, cure)
        with warnings.catch_warnings():
            # Damaged cards are named by the errors that they cause.
            warnings.simplefilter("ignore", AstropyWarning)
            warnings.filterwarnings("error", message="File may have been truncated")
            with fits.open(path, memmap=memmap) as file:
                yield file
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path}: its data are larger than the memory; {cure}") from None
    except Exception as error:
        if not isinstance(error, DAMAGES) and type(error).__name__ not in OWN_EXCEPTIONS:
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: not a complete FITS {what} ({reason}); {cure}") from error


def column_values(table: fits.BinTableHDU, name: str) -> np.ndarray:
    """Return the values of a column, with NaN for the nulls of columns of integers.

    Parameters
    ----------
    table : astropy.io.fits.BinTableHDU
        Table of an open file.
    name : str
        Name of the column.

    Returns
    -------
    numpy.ndarray
        In native byte order; text as objects without padding; integers with a null (``TNULL``)
        among them as float64.
    """
    values = np.asarray(table.data[name])
    if values.dtype.kind in "SU":
        return np.char.strip(values.astype(str)).astype(object)
    values = values.astype(values.dtype.newbyteorder("="))
    null = table.columns[name].null
    if null is not None and values.dtype.kind in "iu" and (values == int(null)).any():
        return np.where(values == int(null), np.nan, values)
    return values


def verify_checksums(path: str | os.PathLike, cure: str = "fetch the file again") -> None:
    """Check headers, and compare each HDU with its CHECKSUM and DATASUM, if it has them.

    This happens once per process while the file is unchanged. Files that are compressed as a whole
    have the checksum of that compression instead.

    Parameters
    ----------
    path : path-like
        FITS file.
    cure : str
        What the user can do about a damaged file, for error messages.

    Raises
    ------
    InputError
        If a sum differs, or as `read_hdus`.

    References
    ----------
    FITS standard 4.0, section 4.4.2.7 and appendix J.
    """
    check_file(path, cure)
    once(_verified, Path(path), lambda: _verify(path, read_hdus(path, cure)))


_verified: dict[tuple, None] = {}


def _verify(path: str | os.PathLike, hdus: Sequence[Hdu]) -> None:
    """Compare HDUs with the sums in their headers."""
    with open(path, "rb") as raw:
        if raw.read(6) != b"SIMPLE":
            return
        for number, hdu in enumerate(hdus):
            data_sum, checksum = (hdu.header.get(key, "") for key in ("DATASUM", "CHECKSUM"))
            if not (data_sum or checksum):
                continue
            raw.seek(hdu.start)
            header = _word_sum(raw, hdu.data - hdu.start)
            data = _word_sum(raw, hdu.end - hdu.data)
            wrong = data_sum and data % ONES != int(data_sum) % ONES
            if wrong or (checksum and _fold(header + data) % ONES):
                raise InputError(
                    f"{path}: HDU {number} differs from the checksum in its header, so it was "
                    "altered; fetch the file again"
                )


def _word_sum(file: BinaryIO, length: int) -> int:
    """Return the sum of 32-bit words in the arithmetic of ones' complement."""
    total = 0
    while length > 0 and (chunk := file.read(min(length, CHUNK))):
        length -= len(chunk)
        words = np.frombuffer(chunk[: len(chunk) // 4 * 4], ">u4")
        total = _fold(total + int(words.sum(dtype=np.uint64)))
    return total


def _fold(total: int) -> int:
    """Add the carry of a sum to its lowest 32 bits."""
    while total >> 32:
        total = (total & ONES) + (total >> 32)
    return total


def write_fits(path: str | os.PathLike, hdus: fits.HDUList) -> None:
    """Write a FITS file, whole or not at all; equal content gives equal bytes.

    Parameters
    ----------
    path : path-like
        File to write.
    hdus : astropy.io.fits.HDUList
        Content.
    """
    with whole_file(path) as partial:
        hdus.writeto(partial, overwrite=True)
        with fits.open(partial, memmap=False, disable_image_compression=True) as raw:
            for hdu in raw:
                if hdu.header.get("ZIMAGE"):
                    _clear_times(partial, hdu)


def _clear_times(path: Path, hdu: fits.BinTableHDU) -> None:
    """Remove the time from the headers of tiles of an image that gzip compressed."""
    header, start = hdu.header, hdu.fileinfo()["datLoc"]
    rows = header["NAXIS2"]
    heap = start + header.get("THEAP", header["NAXIS1"] * rows)
    with open(path, "r+b") as file:
        file.seek(start)
        table = np.frombuffer(
            file.read(header["NAXIS1"] * rows), hdu.columns.dtype.newbyteorder(">")
        )
        for name in set(hdu.columns.names) & set(GZIPPED):
            if name != GZIPPED[0] or header["ZCMPTYPE"].startswith("GZIP"):
                for length, offset in table[name]:
                    if length > GZIP_TIME.stop:
                        file.seek(heap + int(offset) + GZIP_TIME.start)
                        file.write(bytes(len(GZIP_TIME)))
