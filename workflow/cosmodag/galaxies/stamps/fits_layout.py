"""Images in FITS files: which HDUs contain a stamp and its other planes, and which bands."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.stamp_format import AXES, PLANES, StampFormat
from cosmodag.imaging.fits_headers import Hdu, image_shape, read_hdus

CURE = "leave the file out or replace it"
NAMES = {
    "image": {"sci", "science", "image", "img", "object", "ext", "data", "primary"},
    "error": {"err", "error", "errors", "sigma", "rms", "uncert", "uncertainty", "stddev"},
    "weight": {"wht", "weight", "weights", "ivar", "invvar"},
    "mask": {"dq", "mask", "msk", "bpm", "flags", "badpix", "maskbits"},
    "segmentation": {"seg", "segm", "segmap", "segmentation"},
    "psf": {"psf", "psfex"},
    "other": {"var", "variance", "con", "ctx", "exp", "exptime", "nexp", "model", "resid", "bkg"},
}
"""Words in EXTNAME or IMAGETYP that name the content of an HDU; others are of no importance."""
ROLES = {word: plane for plane, words in NAMES.items() for word in words}
"""Content of an HDU by a word in its name."""
MIN_SIDE = 16
"""A last axis of up to 5 is recognized as that of bands if the first has as many pixels."""

Header = Mapping[str, str]


class Plane(NamedTuple):
    """An image of a FITS file.

    Attributes
    ----------
    path : str
    number : int
        Number of its HDU.
    hdu : Hdu
    primary : mapping from str to str
        Header of the first HDU of the file.
    band : int, optional
        Index of its band among those of the image, if it belongs to one of several.
    """

    path: str
    number: int
    hdu: Hdu
    primary: Header
    band: int | None = None

    def value(self, key: str) -> str:
        """Return a value of the header, or else of the first header; empty if both lack it."""
        return self.hdu.header.get(key) or self.primary.get(key, "")


def find_planes(path: str | os.PathLike, stamp_format: StampFormat) -> dict[str, list[Plane]]:
    """Find the planes of a stamp in its FITS files, whose headers are read once each.

    Parameters
    ----------
    path : path-like
        File of the image.
    stamp_format : StampFormat

    Returns
    -------
    dict from str to list of Plane
        HDUs of each of `PLANES` that the stamp has, at least "image".

    Raises
    ------
    InputError
        If a file is missing or damaged, or has no such HDU.
    """
    known: dict[str, list[Hdu]] = {}

    def hdus_of(file: str) -> list[Hdu]:
        if file not in known:
            try:
                known[file] = read_hdus(file, CURE)
            except InputError as error:
                if file == os.fspath(path):
                    raise
                raise InputError(f"{path}: {error}") from None
        return known[file]

    planes = {}
    for plane in PLANES:
        separate = plane in stamp_format.files and plane != "image"
        found: list[Plane] = []
        for file in stamp_format.plane_files(path, plane):
            hdus = hdus_of(file)
            try:
                numbers = _numbers(hdus, plane, stamp_format, separate=separate)
            except InputError as error:
                raise InputError(f"{file}: {error}") from None
            found += [Plane(file, number, hdus[number], hdus[0].header) for number in numbers]
        if found:
            planes[plane] = found
    if "image" not in planes:
        raise InputError(f"{path}: {_no_image(hdus_of(os.fspath(path)))}; {CURE}")
    return planes


def _numbers(
    hdus: Sequence[Hdu], plane: str, stamp_format: StampFormat, *, separate: bool
) -> list[int]:
    """Return the HDUs of a plane in one file; `separate` for a file of this plane alone."""
    if plane in stamp_format.extensions:
        given = stamp_format.extensions[plane]
        chosen = given if isinstance(given, list | tuple) else [given]
        return [_number(hdus, each, plane) for each in chosen]
    images = [number for number, hdu in enumerate(hdus) if len(image_shape(hdu.header)) > 1]
    if not separate:
        images = [number for number in images if _role(hdus[number].header) == plane]
    cubes = [number for number in images if len(stamp_shape(hdus[number])) >= 3]
    return cubes[:1] or images


def _number(hdus: Sequence[Hdu], chosen: str | int, plane: str) -> int:
    """Return the number of an HDU that the format names."""
    names = [hdu.header.get("EXTNAME", "") for hdu in hdus]
    if isinstance(chosen, str) and not chosen.isdigit():
        matches = [n for n, name in enumerate(names) if name.lower() == chosen.lower()]
    else:
        matches = [int(chosen)] if int(chosen) < len(hdus) else []
    if not matches or not image_shape(hdus[matches[0]].header):
        listed = ", ".join(f"{number} {name}".strip() for number, name in enumerate(names))
        raise InputError(
            f"no image in extension {chosen!r}; set extensions.{plane} to one of {listed}"
        )
    return matches[0]


def stamp_shape(hdu: Hdu) -> tuple[int, ...]:
    """Return the shape of the image of an HDU; of four or more axes, those of length 1 are dropped.

    Parameters
    ----------
    hdu : Hdu

    Returns
    -------
    tuple of int
        Slowest axis first.
    """
    shape = image_shape(hdu.header)
    return shape if len(shape) <= 3 else tuple(length for length in shape if length != 1)


def axis_order(
    shape: Sequence[int], axes: Sequence[str] | None, n_bands: int | None
) -> tuple[int, int, int]:
    """Return the axes of a stamp of three axes as indices of those of bands, y and x.

    Parameters
    ----------
    shape : sequence of int
        Slowest axis first.
    axes : sequence of str, optional
        Their names; by default the axis of bands is the first or the last one, whichever has
        `n_bands` elements.
    n_bands : int, optional
        Expected number of bands.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> axis_order((64, 64, 3), None, 3)
    (2, 0, 1)
    """
    if axes is not None:
        band, y, x = (list(axes).index(name) for name in AXES)
        return band, y, x
    first, *_, last = shape
    recognized = last == n_bands != first
    likely = n_bands is None and last <= 5 and first >= MIN_SIDE
    return (2, 0, 1) if recognized or likely else (0, 1, 2)


def _role(header: Header) -> str:
    """Return which plane an HDU contains by its name; an image by default."""
    for key in ("EXTNAME", "IMAGETYP"):
        for word in re.findall("[a-z]+", header.get(key, "").lower()):
            if word in ROLES:
                return ROLES[word]
    return "image"


def _no_image(hdus: Sequence[Hdu]) -> str:
    """Return why a file has no image."""
    kinds = [_role(hdu.header) for hdu in hdus if image_shape(hdu.header)]
    return "no image" + (f", but planes of kind {', '.join(kinds)}" if kinds else "")
