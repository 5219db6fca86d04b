"""Petrosian radius, concentration, asymmetry, Gini coefficient and M20 of an image.

The rotation by 180° is exact because trial centres are whole or half pixels.
"""

import numpy as np

PETROSIAN = 0.2
"""Surface brightness at the Petrosian radius in units of its mean within (Petrosian 1976, ApJ 210,
L1).
"""
EXTENT = 1.5
"""Petrosian radii within which concentration and asymmetry are measured (Conselice 2003, ApJS 147,
1).
"""
STEP = 0.5
"""Step in pixels of radii and of trial centres."""
_MAX_STEPS = 8


def petrosian_radius(image: np.ndarray, centre: np.ndarray) -> float | None:
    """Return the Petrosian radius.

    Parameters
    ----------
    image : numpy.ndarray, shape (S, S)
        Image without background.
    centre : numpy.ndarray, shape (2,)
        Row and column of the centre.

    Returns
    -------
    float or None
        Radius in pixels, None where it lies outside the image.
    """
    radii, growth = _growth_curve(image, centre)
    midpoints = (radii[1:] + radii[:-1]) / 2
    annulus = np.diff(growth) / (np.pi * np.diff(radii**2))
    mean = (growth[1:] + growth[:-1]) / (2 * np.pi * midpoints**2)
    if not (mean[:1] > 0).all():
        return None
    excess = annulus - PETROSIAN * mean
    below = np.flatnonzero(excess < 0)
    if not len(below) or below[0] == 0:
        return None
    pair = slice(below[0] - 1, below[0] + 1)
    return float(np.interp(0, -excess[pair], midpoints[pair]))


def concentration(image: np.ndarray, centre: np.ndarray, radius: float) -> float:
    """Return the concentration 5 log10(r80 / r20) of the flux within 1.5 Petrosian radii.

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
    float
    """
    radii, growth = _growth_curve(image, centre)
    total = np.interp(EXTENT * radius, radii, growth)
    rising = np.maximum.accumulate(np.r_[0, growth])
    inner, outer = np.interp([0.2 * total, 0.8 * total], rising, np.r_[0, radii])
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(5 * np.log10(outer / inner))


def least_asymmetry(
    image: np.ndarray, centre: np.ndarray, radius: float, noise: float
) -> tuple[np.ndarray, float]:
    """Find the centre about which an image is most symmetric.

    The asymmetry is the sum of absolute differences between the image and the image rotated by
    180°, divided by the sum of absolute fluxes, minus the contribution of the noise. The centre
    moves in steps of half a pixel.

    Parameters
    ----------
    image : numpy.ndarray, shape (S, S)
        Image without background.
    centre : numpy.ndarray, shape (2,)
        Row and column of the first trial centre, whole or half pixels.
    radius : float
        Radius in pixels of the circle that is compared.
    noise : float
        Standard deviation per pixel.

    Returns
    -------
    centre : numpy.ndarray, shape (2,)
        Row and column of the centre.
    asymmetry : float

    References
    ----------
    Conselice, Bershady & Jangren (2000), ApJ 529, 886; Conselice (2003), ApJS 147, 1.
    """
    values_at: dict[tuple[float, float], float] = {}

    def asymmetry_at(trial: np.ndarray) -> float:
        key = (float(trial[0]), float(trial[1]))
        if key not in values_at:
            values_at[key] = _asymmetry(image, trial, radius, noise)
        return values_at[key]

    steps = STEP * np.array([(0, 0), *((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)])
    for _ in range(_MAX_STEPS):
        values = [asymmetry_at(centre + step) for step in steps]
        best = int(np.argmin(values))
        if best == 0:
            break
        centre = centre + steps[best]
    return centre, asymmetry_at(centre)


def gini(flux: np.ndarray) -> float:
    """Return the Gini coefficient of pixel fluxes.

    Absolute values correct for the noise of faint pixels.

    Parameters
    ----------
    flux : numpy.ndarray, shape (n,)
        Flux of each pixel of the galaxy.

    Returns
    -------
    float
        0 if all pixels are equal, 1 if one pixel has all flux.

    References
    ----------
    Lotz, Primack & Madau (2004), AJ 128, 163, eq. 6.

    Examples
    --------
    >>> gini(np.array([0.0, 0.0, 0.0, 2.0]))
    1.0
    """
    ordered, count = np.sort(np.abs(flux)), len(flux)
    rank = 2 * np.arange(1, count + 1) - count - 1
    return float((rank * ordered).sum() / (ordered.mean() * count * (count - 1)))


def m20(image: np.ndarray, mask: np.ndarray) -> float:
    """Return M20, the logarithm of the fraction of the second moment in the brightest 20 %.

    The moment is taken about the centroid of the flux, which minimizes it.

    Parameters
    ----------
    image : numpy.ndarray, shape (S, S)
        Image without background.
    mask : numpy.ndarray, shape (S, S), bool
        Pixels of the galaxy.

    Returns
    -------
    float
        NaN where the total flux is not positive.

    References
    ----------
    Lotz, Primack & Madau (2004), AJ 128, 163, eq. 8.
    """
    positions, flux = np.argwhere(mask).astype(np.float64), image[mask]
    total = flux.sum()
    if not total > 0:
        return np.nan
    centroid = (positions * flux[:, None]).sum(0) / total
    moment = flux * ((positions - centroid) ** 2).sum(1)
    order = np.argsort(flux)[::-1]
    brightest = order[np.cumsum(flux[order]) < 0.2 * total]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.log10(moment[brightest].sum() / moment.sum()))


def distance_from(shape: tuple[int, ...], centre: np.ndarray) -> np.ndarray:
    """Return the distance of each pixel from a centre.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the image.
    centre : numpy.ndarray, shape (2,)
        Row and column of the centre.

    Returns
    -------
    numpy.ndarray, shape (H, W), float64
        Distances in pixels.
    """
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(y - centre[0], x - centre[1])


def _growth_curve(image: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return radii in steps of half a pixel up to the edge, and the flux within each."""
    edge = min(*centre, *(np.array(image.shape) - 1 - centre)) + 0.5
    radii = np.arange(STEP, edge + 1e-9, STEP)
    distance = distance_from(image.shape, centre).ravel()
    order = np.argsort(distance)
    distance, flux = distance[order], image.ravel()[order]
    # A pixel on the edge counts in part, by the distance of its centre from the circle. Cumulative
    # sums over pixels from the centre outwards give all radii together.
    total, moment = (np.r_[0, np.cumsum(term)] for term in (flux, flux * distance))
    inner, outer = (np.searchsorted(distance, radii + offset) for offset in (-0.5, 0.5))
    edge_flux = (radii + 0.5) * (total[outer] - total[inner]) - (moment[outer] - moment[inner])
    return radii, total[inner] + edge_flux


def _asymmetry(image: np.ndarray, centre: np.ndarray, radius: float, noise: float) -> float:
    """Return the asymmetry about a whole or half pixel, infinite at the edge of the image."""
    twice = np.round(2 * centre).astype(int)
    low = np.maximum(twice - np.array(image.shape) + 1, 0)
    high = np.minimum(twice, np.array(image.shape) - 1)
    if (high - low < 2).any():
        return np.inf
    cutout = image[low[0] : high[0] + 1, low[1] : high[1] + 1]
    inside = distance_from(cutout.shape, centre - low) <= radius
    total = np.abs(cutout[inside]).sum()
    if not total > 0:
        return np.inf
    # The mean absolute difference of two noise pixels is 2 / sqrt(pi) standard deviations.
    noise_term = 2 / np.sqrt(np.pi) * noise * inside.sum()
    return float((np.abs(cutout - cutout[::-1, ::-1])[inside].sum() - noise_term) / total)
