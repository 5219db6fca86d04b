"""Width of a point-spread function, measured on its image."""

import numpy as np
from scipy.ndimage import zoom

from cosmodag.errors import InputError

FINE = 8
"""Points per pixel of the interpolated image."""


def full_width_at_half_maximum(image: np.ndarray) -> float:
    """Measure the full width at half maximum of a point-spread function.

    Cubic splines interpolate the image; the result is the diameter of a circle of the area above
    half of the maximum.

    Parameters
    ----------
    image : numpy.ndarray, shape (H, W)
        Image of a point source in any unit, at least 3 × 3 pixels.

    Returns
    -------
    float
        Pixels.

    Raises
    ------
    InputError
        If the image has no maximum inside its border; the message has no file.

    Examples
    --------
    >>> y, x = np.mgrid[-10:11, -10:11]
    >>> round(full_width_at_half_maximum(np.exp(-(x**2 + y**2) / (2 * 1.5**2))), 1)
    3.5
    """
    if image.ndim != 2 or min(image.shape) < 3:
        shape = " × ".join(map(str, image.shape))
        raise InputError(f"the image of the point-spread function has {shape} pixels")
    values = np.nan_to_num(np.asarray(image, np.float64), posinf=0, neginf=0)
    # A point on the grid at each pixel, and FINE - 1 between neighbours.
    fine = zoom(values, [((n - 1) * FINE + 1) / n for n in values.shape], order=3)
    half = fine.max() / 2
    above = fine > half
    if half <= 0 or above[0].any() or above[-1].any() or above[:, 0].any() or above[:, -1].any():
        raise InputError("the image of the point-spread function has no peak inside its border")
    return float(2 * np.sqrt(above.sum() / np.pi) / FINE)
