"""Morphology of a galaxy without a model: concentration, asymmetry, Gini coefficient and M20.

Written out, since it takes a page and a few milliseconds a stamp, with a rotation about centres on
half pixels that is exact, and noise told from the border.
"""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter, label

from cosmodag.imaging.band_channels import IMAGE, band_indices
from cosmodag.imaging.padding import BORDER, border_noise

NAMES = ("concentration", "asymmetry", "gini", "m20")
PETROSIAN = 0.2
"""Brightness at the Petrosian radius over the mean inside it (Petrosian 1976, ApJ 210, L1)."""
EXTENT = 1.5
"""Petrosian radii within which light is a galaxy's (Conselice 2003, ApJS 147, 1)."""
SMOOTHED = 0.2
"""Petrosian radii by which an image is smoothed to find a galaxy's pixels (Lotz, Primack & Madau
2004, AJ 128, 163)."""
FEWEST = 16
"""Pixels below which a galaxy has no shape."""
STEP = 0.5
_WALK = 8


def morphology(x: np.ndarray, channels: Sequence[str]) -> np.ndarray:
    """Measure the morphology of stamps in one band, see `reference_band`.

    Parameters
    ----------
    x : numpy.ndarray, shape (N, S, S, C)
        Stamps, the galaxy in the middle.
    channels : sequence of str, length C

    Returns
    -------
    numpy.ndarray, shape (N, 4), float64
        `NAMES` of each stamp; NaN where its Petrosian radius reaches into the border, from which
        level and noise are told, or where too few pixels hold light.
    """
    band = reference_band(channels)
    return np.array([measured(stamp[..., band]) for stamp in x]).reshape(len(x), len(NAMES))


def reference_band(channels: Sequence[str]) -> int:
    """Return the channel that is measured: r, or the middle one of the bands without it."""
    bands = band_indices(channels) or list(range(len(channels)))
    named = [n for n in bands if channels[n].removesuffix(IMAGE).lower() == "r"]
    return named[0] if named else bands[len(bands) // 2]


def measured(image: np.ndarray) -> tuple[float, float, float, float]:
    """Measure one image (S, S): `NAMES`, NaN where it cannot be measured."""
    image = np.asarray(image, np.float64)
    (level,), (noise,) = border_noise(image[None])
    image = image - level
    unknown = (np.nan,) * len(NAMES)
    middle = (np.array(image.shape) - 1) / 2
    radius = petrosian_radius(image, middle)
    if radius is None:
        return unknown
    centre, asymmetry = least_asymmetry(image, middle, EXTENT * radius, noise)
    radius = petrosian_radius(image, centre)
    inside = min(image.shape) / 2 - BORDER
    if radius is None or radius > inside or not np.isfinite(asymmetry):
        return unknown
    light = galaxy_pixels(image, centre, radius)
    if light.sum() < FEWEST:
        return unknown
    found = concentration(image, centre, radius), asymmetry, gini(image[light]), m20(image, light)
    return found if np.isfinite(found).all() else unknown


def petrosian_radius(image: np.ndarray, centre: np.ndarray) -> float | None:
    """Return the Petrosian radius in pixels, None where it lies outside the image."""
    radii, growth = _growth(image, centre)
    between = (radii[1:] + radii[:-1]) / 2
    ring = np.diff(growth) / (np.pi * np.diff(radii**2))
    mean = (growth[1:] + growth[:-1]) / (2 * np.pi * between**2)
    if not (mean[:1] > 0).all():
        return None
    excess = ring - PETROSIAN * mean
    below = np.flatnonzero(excess < 0)
    if not len(below) or below[0] == 0:
        return None
    pair = slice(below[0] - 1, below[0] + 1)
    return float(np.interp(0, -excess[pair], between[pair]))


def concentration(image: np.ndarray, centre: np.ndarray, radius: float) -> float:
    """Return 5 log10(r80 / r20), radii of parts of the light within 1.5 Petrosian radii."""
    radii, growth = _growth(image, centre)
    whole = np.interp(EXTENT * radius, radii, growth)
    rising = np.maximum.accumulate(np.r_[0, growth])
    inner, outer = np.interp([0.2 * whole, 0.8 * whole], rising, np.r_[0, radii])
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(5 * np.log10(outer / inner))


def least_asymmetry(
    image: np.ndarray, centre: np.ndarray, radius: float, noise: float
) -> tuple[np.ndarray, float]:
    """Return the centre about which an image is most symmetric, and its asymmetry there.

    The asymmetry is the sum of absolute differences with the image turned by half, over that of the
    light, less what the noise alone adds (Conselice, Bershady & Jangren 2000, ApJ 529, 886;
    Conselice 2003). The centre walks in half pixels, about which a turn moves pixels onto pixels.

    Parameters
    ----------
    image : numpy.ndarray, shape (S, S)
        Without its level.
    centre : numpy.ndarray, shape (2,)
        Where to begin, in whole or half pixels.
    radius : float
        Of the circle that is compared, in pixels.
    noise : float
        Standard deviation of a pixel.
    """
    known: dict[tuple[float, float], float] = {}

    def at(place: np.ndarray) -> float:
        key = tuple(place)
        if key not in known:
            known[key] = _asymmetry(image, place, radius, noise)
        return known[key]

    steps = STEP * np.array([(0, 0), *((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)])
    for _ in range(_WALK):
        values = [at(centre + step) for step in steps]
        best = int(np.argmin(values))
        if best == 0:
            break
        centre = centre + steps[best]
    return centre, at(centre)


def galaxy_pixels(image: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """Return which pixels are a galaxy's, (S, S) bool: brighter, once smoothed, than at its radius.

    Of several such regions the one nearest to the centre, so that neighbours do not count.
    """
    smooth = gaussian_filter(image, SMOOTHED * radius)
    distance = _distance(image.shape, centre)
    ring = np.abs(distance - radius) <= 0.5
    regions, _ = label(smooth >= smooth[ring].mean())
    inside = regions > 0
    if not inside.any():
        return inside
    nearest = np.argmin(np.where(inside, distance, np.inf))
    return regions == regions.flat[nearest]


def gini(light: np.ndarray) -> float:
    """Return the Gini coefficient of the light of pixels (n,): 0 where all are alike, 1 for one.

    Lotz, Primack & Madau (2004), eq. 6, of absolute values, which faint pixels' noise asks for.
    """
    ordered, count = np.sort(np.abs(light)), len(light)
    rank = 2 * np.arange(1, count + 1) - count - 1
    return float((rank * ordered).sum() / (ordered.mean() * count * (count - 1)))


def m20(image: np.ndarray, light: np.ndarray) -> float:
    """Return the logarithm of the part that the brightest fifth has in the moment of the light.

    Lotz, Primack & Madau (2004), eq. 8, about the centre of which the moment is the least, the
    centre of the light.

    Parameters
    ----------
    image : numpy.ndarray, shape (S, S)
    light : numpy.ndarray, shape (S, S), bool
        Pixels that are the galaxy's.
    """
    places, flux = np.argwhere(light).astype(np.float64), image[light]
    total = flux.sum()
    if not total > 0:
        return np.nan
    centre = (places * flux[:, None]).sum(0) / total
    moment = flux * ((places - centre) ** 2).sum(1)
    order = np.argsort(flux)[::-1]
    brightest = order[np.cumsum(flux[order]) < 0.2 * total]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.log10(moment[brightest].sum() / moment.sum()))


def _distance(shape: tuple[int, int], centre: np.ndarray) -> np.ndarray:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(y - centre[0], x - centre[1])


def _growth(image: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Radii in steps of half a pixel, up to the edge, and the flux within each."""
    edge = min(*centre, *(np.array(image.shape) - 1 - centre)) + 0.5
    radii = np.arange(STEP, edge + 1e-9, STEP)
    distance = _distance(image.shape, centre).ravel()
    order = np.argsort(distance)
    distance, flux = distance[order], image.ravel()[order]
    # A pixel that a circle cuts counts in part, by how far its middle is from the circle: sums over
    # pixels from the middle outwards give all radii at once.
    whole, moment = (np.r_[0, np.cumsum(each)] for each in (flux, flux * distance))
    inner, outer = (np.searchsorted(distance, radii + side) for side in (-0.5, 0.5))
    cut = (radii + 0.5) * (whole[outer] - whole[inner]) - (moment[outer] - moment[inner])
    return radii, whole[inner] + cut


def _asymmetry(image: np.ndarray, centre: np.ndarray, radius: float, noise: float) -> float:
    """Asymmetry about a centre on whole or half pixels, infinite at the edge of the image."""
    twice = np.round(2 * centre).astype(int)
    low = np.maximum(twice - np.array(image.shape) + 1, 0)
    high = np.minimum(twice, np.array(image.shape) - 1)
    if (high - low < 2).any():
        return np.inf
    kept = image[low[0] : high[0] + 1, low[1] : high[1] + 1]
    inside = _distance(kept.shape, centre - low) <= radius
    light = np.abs(kept[inside]).sum()
    if not light > 0:
        return np.inf
    # The difference of two pixels of noise is on average 2 / sqrt(pi) of its deviation.
    alone = 2 / np.sqrt(np.pi) * noise * inside.sum()
    return float((np.abs(kept - kept[::-1, ::-1])[inside].sum() - alone) / light)
