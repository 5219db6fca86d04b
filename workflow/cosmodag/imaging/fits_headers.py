"""Headers of FITS files, read block by block and checked against the size of the file.

Reading headers this way takes 60 microseconds per file; opening files with astropy takes 370. And
astropy trusts the lengths in a header: a negative one makes it read the same bytes forever, and a
huge one allocates more memory than there is.
"""

import math
import os
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import IO, NamedTuple

from cosmodag.errors import InputError
from cosmodag.input_files import largest_size, open_bytes

BLOCK, CARD = 2880, 80
MAX_BLOCKS = 2000
"""Blocks of the longest header that is read: 72,000 cards."""
MAX_COMPRESSION = 1 << 13
"""Largest ratio of the sizes of an image and its tile-compressed form."""
MAX_FIELDS = 999
"""Largest number of axes, and of columns of a table, in the FITS standard."""
BITS = (8, 16, 32, 64, -32, -64)
_SCALES = re.compile(r"(BSCALE|BZERO|TSCAL\d+|TZERO\d+)")

Header = Mapping[str, str]


class Hdu(NamedTuple):
    """An HDU of a FITS file.

    Attributes
    ----------
    header : dict
        Values of its header as text, by keyword.
    start, data, end : int
        Bytes of the file at which its header and its data begin and its last block ends.
    """

    header: dict[str, str]
    start: int
    data: int
    end: int


def read_hdus(path: str | os.PathLike, cure: str = "copy the file again") -> list[Hdu]:
    """Read the headers of all HDUs of a FITS file, and check that their data are in the file.

    Parameters
    ----------
    path : path-like
        FITS file, possibly compressed by gzip or bzip2.
    cure : str
        What the user can do about a damaged file, for error messages.

    Returns
    -------
    list of Hdu
        Positions in a compressed file are those in its content.

    Raises
    ------
    InputError
        If the file is missing, is not a regular file or not FITS, is truncated, or if a header
        contains lengths, scales or types that are not possible.
    """
    with open_bytes(path, cure) as file:
        try:
            return list(_hdus(path, file, largest_size(path, file), cure))
        except InputError:
            raise
        except (OSError, EOFError, ValueError, zlib.error) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: truncated or corrupt ({reason}); {cure}") from error


def image_shape(header: Header) -> tuple[int, ...]:
    """Return the shape of the image of an HDU.

    Parameters
    ----------
    header : mapping
        Header of the HDU.

    Returns
    -------
    tuple of int
        Slowest axis first; empty if the HDU has no image.
    """
    if header.get("XTENSION") == "BINTABLE" and header.get("ZIMAGE") != "T":
        return ()
    prefix = "Z" if header.get("ZIMAGE") == "T" else ""
    n_axes = int(header.get(f"{prefix}NAXIS", 0))
    return tuple(int(header[f"{prefix}NAXIS{axis}"]) for axis in range(n_axes, 0, -1))


def _hdus(path: str | os.PathLike, file: IO[bytes], size: int, cure: str) -> Iterator[Hdu]:
    """Yield each HDU, skipping its data."""
    n_headers = end = 0
    while block := file.read(BLOCK):
        first = end
        if n_headers and not block.startswith(b"XTENSION"):
            if block.strip(b"\0 "):
                raise InputError(f"{path}: bytes after its last HDU are not FITS; {cure}")
            return  # padding, as tapes have it
        header: dict[str, str] = {}
        for n_blocks in range(1, MAX_BLOCKS + 1):
            if len(block) < BLOCK:
                raise InputError(f"{path}: its header is truncated; {cure}")
            try:
                text = block.decode("ascii")
            except UnicodeDecodeError:
                raise InputError(f"{path}: its header is not text; {cure}") from None
            cards = [text[start : start + CARD] for start in range(0, BLOCK, CARD)]
            header.update(_keyword_value(card) for card in cards if card[8:10] == "= ")
            if n_blocks == 1 and not header.keys() & {"SIMPLE", "XTENSION"}:
                raise InputError(f"{path}: not a FITS file; {cure}")
            if any(card.rstrip() == "END" for card in cards):
                break
            block = file.read(BLOCK)
        else:
            raise InputError(f"{path}: its header has no END; {cure}")
        n_headers += 1
        start = file.tell()
        length = _checked_length(path, header, size - start, cure)
        if start + length > size:
            raise InputError(f"{path}: its pixels are truncated; {cure}")
        end = start + -(-length // BLOCK) * BLOCK
        yield Hdu(header, first, start, end)
        file.seek(end)
        if file.tell() < start + length:  # of a compressed file, whose size is an upper bound
            raise InputError(f"{path}: its pixels are truncated; {cure}")
    if not n_headers:
        raise InputError(f"{path}: the file is empty; {cure}")


def _keyword_value(card: str) -> tuple[str, str]:
    """Split a card of a FITS header into keyword and value."""
    value = card[10:]
    if value.lstrip().startswith("'"):
        text = value.lstrip()[1:]
        return card[:8].strip(), text[: text.find("'")].strip()
    return card[:8].strip(), value.partition("/")[0].strip()


def _checked_length(path: str | os.PathLike, header: Header, available: int, cure: str) -> int:
    """Return the number of bytes of the data of an HDU, if its header is possible."""

    def refused(keyword: str, allowed: str) -> InputError:
        return InputError(f"{path}: {keyword} is {header.get(keyword)}, not {allowed}; {cure}")

    def integer(keyword: str, default: int | None, least: int = 0) -> int:
        try:
            value = int(header[keyword]) if keyword in header else default
        except ValueError:
            value = None
        if value is None or value < least:
            raise refused(keyword, f"an integer of {least} or more")
        return value

    n_axes = integer("NAXIS", None)
    if n_axes > MAX_FIELDS:
        raise refused("NAXIS", f"at most {MAX_FIELDS}")
    axes = [integer(f"NAXIS{axis + 1}", None) for axis in range(n_axes)]
    if n_axes and header.get("BITPIX") not in {str(bits) for bits in BITS}:
        raise refused("BITPIX", f"one of {', '.join(map(str, BITS))}")
    if "TFIELDS" in header and integer("TFIELDS", None) > MAX_FIELDS:
        raise refused("TFIELDS", f"at most {MAX_FIELDS}")
    for keyword in filter(_SCALES.fullmatch, header):
        _check_scale(refused, keyword, header[keyword])
    if header.get("ZIMAGE") == "T":
        _check_tiles(path, integer, refused, axes, available, cure)
    if not axes:
        return 0
    if axes[0] == 0 and header.get("GROUPS") == "T":
        axes = axes[1:]
    values = integer("GCOUNT", 1, 1) * (integer("PCOUNT", 0) + math.prod(axes))
    return abs(int(header["BITPIX"])) // 8 * values


def _check_scale(refused: Callable[[str, str], InputError], keyword: str, text: str) -> None:
    """Refuse a scale that makes all values equal or not finite."""
    try:
        value = float(text.upper().replace("D", "E"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or (value == 0 and keyword.startswith(("BSCALE", "TSCAL"))):
        raise refused(keyword, "a finite number" + " other than 0" * ("SCAL" in keyword))


def _check_tiles(
    path: str | os.PathLike,
    integer: Callable[..., int],
    refused: Callable[[str, str], InputError],
    axes: list[int],
    available: int,
    cure: str,
) -> None:
    """Refuse a compressed image whose tiles are not those in the table, or are too many."""
    n_axes = integer("ZNAXIS", None)
    shape = [integer(f"ZNAXIS{axis + 1}", None) for axis in range(n_axes)]
    tile = [integer(f"ZTILE{i + 1}", n if i == 0 else 1, 1) for i, n in enumerate(shape)]
    n_tiles = math.prod(-(-length // side) for length, side in zip(shape, tile)) if shape else 0
    if len(axes) != 2 or n_tiles != axes[1]:
        raise InputError(
            f"{path}: {n_tiles} tiles of ZNAXIS and ZTILE, but {axes[-1] if axes else 0} rows; "
            f"{cure}"
        )
    if math.prod(shape) > MAX_COMPRESSION * max(available, 0):
        raise refused("ZNAXIS1", "a length for which the file has enough data")
