"""Images of the 21-cm sky in FITS files, such as those of interferometers."""

from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.imaging.fits_files import open_fits

SUFFIXES = (".fits", ".fit", ".fits.gz", ".fits.fz")
CURE = "give a FITS file with an image in K or mK"


def read_fits_array(path: Path, unit: str) -> np.ndarray:
    """Read the first image of a FITS file, without axes of length 1 such as the polarization.

    Parameters
    ----------
    path : pathlib.Path
        FITS file.
    unit : {"mK", "K"}
        Unit that the user states; one of the header must agree.

    Returns
    -------
    numpy.ndarray, shape (…, y, x), float32
        The axis of frequency, if there is one, comes first.

    Raises
    ------
    InputError
        If there is no image, or its header states another unit.
    """
    with open_fits(path, what="image", cure=CURE) as hdus:
        images = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0) >= 2]
        if not images:
            raise InputError(f"{path}: has no image: {CURE}")
        found = str(images[0].header.get("BUNIT", unit)).strip() or unit
        if found != unit:
            cure = f"set --unit {found}" if found in ("mK", "K") else "convert it to K"
            raise InputError(f"{path}: its header says BUNIT {found}, not {unit}: {cure}")
        values = np.asarray(images[0].data, np.float32)
    return values.squeeze() if values.ndim > 3 else values
