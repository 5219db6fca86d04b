"""Format of the files of stamps: what they do not record, and where their parts are."""

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from cosmodag.errors import InputError
from cosmodag.rejections import MAX_REJECTED
from cosmodag.settings import unknown

PLANES = ("image", "error", "weight", "mask", "segmentation", "psf")
"""Images that belong to a stamp: pixel values, their standard deviation or inverse variance, pixels
that cannot be used (not 0), objects (0 for none), and the point-spread function.
"""
AXES = ("band", "y", "x")
BAND = "{band}"
"""Stands for the name of a band in the pattern of a file name."""

MAX_ZERO_POINT = 50.0
"""Largest magnitude, of either sign, that a pixel value of 1 may have."""


@dataclass(frozen=True)
class StampFormat:
    """Format of files of stamps.

    Attributes
    ----------
    bands : sequence of str, optional
        Order of the bands to read, and the bands of files that do not name theirs.
    pixel : float, optional
        Pixel scale in arcsec per pixel.
    psf : float, optional
        Full width at half maximum of the point-spread function in arcsec, if it is known.
    dataset : str
        Name of the dataset of stamps in HDF5 files.
    axes : sequence of {"band", "y", "x"}, optional
        Order of the axes of a stamp in FITS and HDF5 files, slowest first; recognized by default.
    extensions : mapping from str to str, int or list, optional
        Names or numbers of the HDUs of FITS files with each of `PLANES`; a list has one per band.
        By default they are recognized by their names.
    files : mapping from str to str, optional
        Patterns of the names of files with each of `PLANES`, where ``*`` stands for the name of
        the galaxy and ``{band}`` for that of a band. By default, all planes are in one file.
    zero_point : float, str or sequence of float, optional
        AB magnitude of a pixel value of 1, or the keyword of a header that has it, or one number
        per band. By default, BUNIT decides, and pixels without it are in nanomaggies.
    max_rejected : float
        Largest fraction of stamps that may be left out because they cannot be used.
    """

    bands: Sequence[str] | None = None
    pixel: float | None = None
    psf: float | None = None
    dataset: str = "images"
    axes: Sequence[str] | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    zero_point: float | str | Sequence[float] | None = None
    max_rejected: float = MAX_REJECTED

    def __post_init__(self):
        for name in ("pixel", "psf"):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and 0 < value < math.inf):
                raise InputError(f"{name}: {value!r} is no length; give arcsec above 0")
        texts = self.bands is None or all(isinstance(band, str) for band in self.bands)
        if self.bands is not None and not (
            texts and self.bands and len(set(self.bands)) == len(self.bands)
        ):
            raise InputError(f"bands: {self.bands!r}; give the name of each band once, in order")
        if self.axes is not None and sorted(self.axes) != sorted(AXES):
            raise InputError(f"axes: {self.axes!r}; give {', '.join(AXES)} in their order")
        for name in ("extensions", "files"):
            for plane in getattr(self, name):
                if plane not in PLANES:
                    raise unknown(f"{name}:", plane, PLANES)
        self._check_files()
        self._check_zero_point()

    def _check_zero_point(self) -> None:
        """Refuse zero points that are no magnitudes, or are not those of the bands."""
        points = self.zero_point if isinstance(self.zero_point, list | tuple) else ()
        if points and len(points) != len(self.bands or ()):
            raise InputError(
                f"zero_point: {len(points)} values for {len(self.bands or ())} bands; give one per "
                "band, or one for all"
            )
        for point in points or [self.zero_point]:
            magnitude = _is_number(point) and abs(point) <= MAX_ZERO_POINT
            if not (magnitude or (point is self.zero_point and isinstance(point, str | None))):
                raise InputError(
                    f"zero_point: {point!r} is no magnitude; give numbers from "
                    f"-{MAX_ZERO_POINT:g} to {MAX_ZERO_POINT:g}, or a keyword"
                )

    def _check_files(self) -> None:
        """Refuse patterns that do not lead from one image to its companions."""
        for plane, pattern in self.files.items():
            if not isinstance(pattern, str) or pattern.count("*") != 1:
                raise InputError(
                    f"files.{plane}: {pattern!r}; give a name with one * for the galaxy"
                )
        if self.files and "image" not in self.files:
            raise InputError("files.image: missing; give the pattern of the images themselves")
        if "/" in self.files.get("image", ""):
            raise InputError("files.image: give a file name without folders")
        if any(BAND in pattern for pattern in self.files.values()) and not self.bands:
            raise InputError(f"bands: missing; files contains {BAND}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "StampFormat":
        """Return the format with given values.

        Parameters
        ----------
        values : mapping
            Attributes by name.

        Returns
        -------
        StampFormat

        Raises
        ------
        InputError
            If a name is not an attribute.
        """
        names = [field.name for field in fields(cls)]
        for name in values:
            if name not in names:
                raise unknown("files:", name, names)
        return cls(**values)

    def galaxy_name(self, path: str | os.PathLike) -> str | None:
        """Return what ``*`` stands for in the name of an image.

        Parameters
        ----------
        path : path-like
            A file.

        Returns
        -------
        str or None
            None if the name does not match the pattern of images. Of images with one file per
            band, those of the first band match.
        """
        pattern = self.files["image"]
        before, after = _with_band(pattern, self.bands[0] if self.bands else "").split("*")
        match = re.fullmatch(f"{re.escape(before)}(.+){re.escape(after)}", Path(path).name)
        return match[1] if match else None

    def plane_files(self, path: str | os.PathLike, plane: str) -> list[str]:
        """Return the files of a plane of a stamp.

        Parameters
        ----------
        path : path-like
            File of the image.
        plane : str
            One of `PLANES`.

        Returns
        -------
        list of str
            One path, or one per band.
        """
        if plane not in self.files:
            return [os.fspath(path)]
        pattern = self.files[plane].replace("*", self.galaxy_name(path) or "*")
        names = [_with_band(pattern, band) for band in self.bands or [""]]
        return [os.path.join(os.path.dirname(path), name) for name in dict.fromkeys(names)]


def _with_band(pattern: str, band: str) -> str:
    """Return a pattern with the name of a band."""
    return pattern.replace(BAND, band)


def _is_number(value: object) -> bool:
    """Return whether a value is a number and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)
