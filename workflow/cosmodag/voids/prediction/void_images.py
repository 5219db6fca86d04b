"""FITS images of the layers of a box, with the place of their pixels in the header."""

from typing import Any

from astropy.io import fits

from cosmodag.voids.prediction.void_maps import VoidMaps

LENGTH_UNIT = ("LENUNIT", "Mpc/h", "comoving unit of all lengths")
"""Card of headers; in units of the FITS standard h would be an hour."""


def layer_image(maps: VoidMaps, name: str) -> fits.ImageHDU:
    """Return the probability in layers of a box as an image (layer, row, column).

    Parameters
    ----------
    maps : VoidMaps
        The layers.
    name : str
        Name of the extension.

    Returns
    -------
    astropy.io.fits.ImageHDU
        Its header contains the coordinates of the pixels in Mpc/h.
    """
    image = fits.ImageHDU(maps.probability, name=name)
    image.header.extend([LENGTH_UNIT, *_axis_cards(maps)])
    return image


def _axis_cards(maps: VoidMaps) -> list[tuple[str, Any, str]]:
    """Return the keys of a header on the place of the pixels; FITS counts axes from the last."""
    first = [maps.lower[0], *maps.corner] + maps.voxel_size / 2
    axes = list(zip((maps.letter, *maps.transverse), first.tolist(), maps.voxel_size.tolist()))
    cards: list[tuple[str, Any, str]] = []
    for number, (letter, centre, step) in enumerate(reversed(axes), 1):
        cards += [
            (f"CTYPE{number}", letter.upper(), ""),
            (f"CRPIX{number}", 1.0, ""),
            (f"CRVAL{number}", centre, "centre of the first pixel"),
            (f"CDELT{number}", step, "side of a pixel"),
        ]
    return cards
