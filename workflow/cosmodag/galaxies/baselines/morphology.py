"""Non-parametric morphology of galaxies: concentration, asymmetry, Gini coefficient and M20.

Background and noise are measured along the border of each stamp.
"""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter, label

from cosmodag.galaxies.baselines.morphology_statistics import (
    EXTENT,
    concentration,
    distance_from,
    gini,
    least_asymmetry,
    m20,
    petrosian_radius,
)
from cosmodag.imaging.band_channels import IMAGE, band_indices
from cosmodag.imaging.padding import BORDER, border_noise

NAMES = ("concentration", "asymmetry", "gini", "m20")
SMOOTHING = 0.2
"""Petrosian radii by which an image is smoothed before segmentation (Lotz, Primack & Madau 2004, AJ
128, 163).
"""
MIN_PIXELS = 16
"""Fewest pixels of a galaxy with a measurable morphology."""


def morphology(x: np.ndarray, channels: Sequence[str]) -> np.ndarray:
    """Measure the morphology of stamps in one band, see `reference_band`.

    Parameters
    ----------
    x : numpy.ndarray, shape (N, S, S, C)
        Stamps with the galaxy at their centre.
    channels : sequence of str, length C
        Names of the channels.

    Returns
    -------
    numpy.ndarray, shape (N, 4), float64
        `NAMES` of each stamp. NaN where the Petrosian radius reaches into the border, from which
        background and noise are measured, or where the galaxy has fewer than `MIN_PIXELS` pixels.
    """
    band = reference_band(channels)
    return np.array([measure_image(stamp[..., band]) for stamp in x]).reshape(len(x), len(NAMES))


def reference_band(channels: Sequence[str]) -> int:
    """Return the index of the channel to measure: r, or else the middle one of the bands.

    Parameters
    ----------
    channels : sequence of str
        Names of the channels.

    Returns
    -------
    int

    Examples
    --------
    >>> reference_band(["g_image", "r_image", "z_image", "psf"])
    1
    """
    bands = band_indices(channels) or list(range(len(channels)))
    r_bands = [n for n in bands if channels[n].removesuffix(IMAGE).lower() == "r"]
    return r_bands[0] if r_bands else bands[len(bands) // 2]


def measure_image(image: np.ndarray) -> tuple[float, ...]:
    """Measure the morphology of one image.

    Parameters
    ----------
    image : numpy.ndarray, shape (S, S)
        Image with the galaxy at its centre.

    Returns
    -------
    tuple of float, length 4
        `NAMES`, all NaN where they cannot be measured, see `morphology`.
    """
    image = np.asarray(image, np.float64)
    (background,), (noise,) = border_noise(image[None])
    image = image - background
    undefined = (np.nan,) * len(NAMES)
    centre = (np.array(image.shape) - 1) / 2
    radius = petrosian_radius(image, centre)
    if radius is None:
        return undefined
    centre, asymmetry = least_asymmetry(image, centre, EXTENT * radius, noise)
    radius = petrosian_radius(image, centre)
    largest = min(image.shape) / 2 - BORDER
    if radius is None or radius > largest or not np.isfinite(asymmetry):
        return undefined
    mask = galaxy_pixels(image, centre, radius)
    if mask.sum() < MIN_PIXELS:
        return undefined
    values = concentration(image, centre, radius), asymmetry, gini(image[mask]), m20(image, mask)
    return values if np.isfinite(values).all() else undefined


def galaxy_pixels(image: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """Return the segmentation mask of the galaxy nearest to the centre.

    After smoothing, pixels brighter than the mean at the Petrosian radius form connected regions.
    Only the region nearest to the centre counts, so that neighbours are left out.

    Parameters
    ----------
    image : numpy.ndarray, shape (S, S)
        Image without background.
    centre : numpy.ndarray, shape (2,)
        Row and column of the centre.
    radius : float
        Petrosian radius in pixels.

    Returns
    -------
    numpy.ndarray, shape (S, S), bool

    References
    ----------
    Lotz, Primack & Madau (2004), AJ 128, 163.
    """
    smooth = gaussian_filter(image, SMOOTHING * radius)
    distance = distance_from(image.shape, centre)
    annulus = np.abs(distance - radius) <= 0.5
    regions, _ = label(smooth >= smooth[annulus].mean())
    bright = regions > 0
    if not bright.any():
        return bright
    nearest = np.argmin(np.where(bright, distance, np.inf))
    return regions == regions.flat[nearest]
