"""Units of the pixels of stamps and of their errors."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.fits_layout import CURE, Plane
from cosmodag.galaxies.stamps.stamp_format import MAX_ZERO_POINT, StampFormat
from cosmodag.imaging.flux_units import nanomaggies_per, unit_ratio

POWERS = {"error": 1, "weight": -2}
"""Planes of errors, the first of which is used, and the power of the flux that they are."""


def check_fluxes(
    path: str | os.PathLike, planes: Mapping[str, list[Plane]], stamp_format: StampFormat
) -> None:
    """Refuse images whose pixels cannot be converted to nanomaggies, or their errors to pixels.

    Parameters
    ----------
    path : path-like
        File of the image.
    planes : mapping from str to list of Plane
    stamp_format : StampFormat

    Raises
    ------
    InputError
        If a unit is none of flux, or there is no zero point.
    """
    key = stamp_format.zero_point
    for plane in planes["image"]:
        if key is None and nanomaggies_per(unit := plane.value("BUNIT"), 1.0) is None:
            raise InputError(
                f"{path}: pixels in {unit!r}; set zero_point to the AB magnitude of a pixel value "
                "of 1, or to the keyword that has it"
            )
        if isinstance(key, str):
            value = plane.value(key.upper())
            if not value or not abs(float(value)) <= MAX_ZERO_POINT:
                raise InputError(
                    f"{path}: no zero point {key} in its header; change zero_point, or {CURE}"
                )
    for kind in POWERS:
        error_ratios(path, planes.get(kind, ()), planes["image"], kind, stamp_format)


def error_ratios(
    path: str | os.PathLike,
    errors: Sequence[Plane],
    images: Sequence[Plane],
    kind: str,
    stamp_format: StampFormat,
) -> np.ndarray:
    """Return the ratios of the units of errors to those of the pixels.

    Parameters
    ----------
    path : path-like
        File of the image.
    errors, images : sequence of Plane
        HDUs of the errors and of the image.
    kind : {"error", "weight"}
    stamp_format : StampFormat

    Returns
    -------
    numpy.ndarray, shape (errors,)
        1 for errors without a unit, or with that of the image, as in a header that was copied.

    Raises
    ------
    InputError
        If a unit cannot be converted to that of the image.
    """
    ratios = []
    for number, error in enumerate(errors):
        image = images[number if len(images) == len(errors) else 0]
        own, unit = error.hdu.header.get("BUNIT", ""), image.value("BUNIT")
        if error.path != image.path:
            own = error.value("BUNIT")
        ratio: float | None = 1.0
        if own and own.lower() != unit.lower():
            known = unit or stamp_format.zero_point is None
            ratio = unit_ratio(own, unit, POWERS[kind]) if known else None
        if ratio is None:
            raise InputError(
                f"{path}: its {kind} is in {own!r}, and its image in "
                f"{repr(unit) if unit else 'no unit'}; correct or remove BUNIT"
            )
        ratios.append(ratio)
    return np.array(ratios)
