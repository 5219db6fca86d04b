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
FILTERS = ("BAND", "FILTER")
MIN_SIDE = 16
"""A last axis of up to 5 is recognized as that of bands if the first has as many pixels."""

_ROLES = {word: plane for plane, words in NAMES.items() for word in words}
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
    """

    path: str
    number: int
    hdu: Hdu
    primary: Header

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


def band_names(
    planes: Sequence[Plane], n_bands: int, expected: Sequence[str] | None
) -> tuple[str, ...] | None:
    """Return the names of the bands of an image.

    Parameters
    ----------
    planes : sequence of Plane
        HDUs of the image.
    n_bands : int
        Number of its bands.
    expected : sequence of str, optional
        Names of bands as the user writes them.

    Returns
    -------
    tuple of str or None
        Names as in `expected`, whatever their case, or letters and digits of those in the header,
        so that ``HSC-G`` is ``HSCG``. None if the headers do not record the bands.
    """
    first = planes[0].hdu.header
    if len(planes) > 1 or n_bands == 1:
        names = [_band(plane.hdu.header) for plane in planes]
        if n_bands == 1 and not names[0]:
            names = [planes[0].value("FILTER")]
    else:
        starts = [start for start in (0, 1) if f"BAND{start}" in first]
        keys = [f"BAND{index + start}" for start in starts[:1] for index in range(n_bands)]
        names = [first.get(key, "") for key in keys]
        if not names:
            bands = first.get("BANDS", "")
            parts = re.split("[^A-Za-z0-9_-]+", bands.strip())
            names = parts if len(parts) == n_bands else list(bands)
    if len(names) != n_bands or len(set(names)) != n_bands:
        return None
    return plain_names(names, expected)


def plain_names(
    names: Sequence[str], expected: Sequence[str] | None = None
) -> tuple[str, ...] | None:
    """Return names as the user writes them, see `band_names`.

    Parameters
    ----------
    names : sequence of str
        Names as a file has them.
    expected : sequence of str, optional

    Returns
    -------
    tuple of str or None
        None if there are no names or one is empty.
    """
    own = {band.lower(): band for band in expected or ()}
    if len(own) < len(expected or ()):
        own = {}  # bands that differ by their case
    plain = []
    for name in names:
        words = re.findall("[A-Za-z0-9]+", name)
        whole = "".join(words)
        if whole not in (expected or ()):
            candidates = [whole.lower(), *(word.lower() for word in words[:1])]
            whole = next((own[each] for each in candidates if each in own), whole)
        plain.append(whole)
    return tuple(plain) if plain and all(plain) else None


def _band(header: Header) -> str:
    """Return the name of the band of an HDU, empty if it has none."""
    for key in FILTERS:
        if header.get(key):
            return header[key]
    words = re.findall("[A-Za-z0-9]+", header.get("EXTNAME", ""))
    return " ".join(word for word in words if word.lower() not in _ROLES)


def _role(header: Header) -> str:
    """Return which plane an HDU contains by its name; an image by default."""
    for key in ("EXTNAME", "IMAGETYP"):
        for word in re.findall("[a-z]+", header.get(key, "").lower()):
            if word in _ROLES:
                return _ROLES[word]
    return "image"


def _no_image(hdus: Sequence[Hdu]) -> str:
    """Return why a file has no image."""
    kinds = [_role(hdu.header) for hdu in hdus if image_shape(hdu.header)]
    return "no image" + (f", but planes of kind {', '.join(kinds)}" if kinds else "")
