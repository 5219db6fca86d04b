"""Voids as basins of a smoothed density field, divided by its ridges."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.voids.finders.flooding import flood
from cosmodag.voids.finders.region_shapes import measure_regions
from cosmodag.voids.finders.smoothing import smooth
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, sphere_volume

LEAST_DENSITY = 1e-3
"""Density in units of the mean to which lower ones are raised, so that contrasts are finite."""
LEAST_RADIUS = 2
"""Smallest radius of a void in cells."""


@dataclass(frozen=True, kw_only=True)
class Watershed:
    """How a density field is divided into voids.

    Parameters
    ----------
    smoothing : float
        Standard deviation in Mpc/h of the Gaussian that smooths the density.
    ridge : float
        Density of a ridge, in units of the mean, below which it does not divide voids, unless it is
        significant.
    threshold : float
        Overdensity from which on cells belong to no void, above -1.
    minimum_significance : float
        Smallest height of the ridge of a void over its minimum, in standard deviations of Poisson
        noise. In a field without tracers there is no noise.
    minimum_radius : float
        Smallest radius of a void in Mpc/h.

    Raises
    ------
    InputError
        A value is not in its range.
    """

    smoothing: float = 4.0
    ridge: float = 0.2
    threshold: float = -0.3
    minimum_significance: float = 2.5
    minimum_radius: float = 8.0

    def __post_init__(self):
        if not self.smoothing > 0:
            raise InputError(f"smoothing {self.smoothing} of a watershed: give one above 0 Mpc/h")
        if not self.threshold > -1:
            raise InputError(f"threshold {self.threshold} of a watershed: give one above -1")
        if not 0 <= self.ridge <= 1 + self.threshold:
            raise InputError(
                f"ridge {self.ridge} of a watershed: give a density from 0 to 1 + threshold, which "
                f"is {1 + self.threshold:g}"
            )


@dataclass(frozen=True, kw_only=True)
class WatershedVoids(VoidCatalogue):
    """Voids that are basins, in descending order of volume.

    The radius is that of the sphere of equal volume, the position the centre of mass of the cells
    with equal weights.

    Attributes
    ----------
    rows : numpy.ndarray, shape (nx, ny, nz), int32
        Void of each cell, 0 … M - 1; -1 outside all voids.
    contrast : numpy.ndarray, shape (M,), float64
        Density of the ridge of each void over that of its minimum.
    significance : numpy.ndarray, shape (M,), float64
        Difference of the two in standard deviations of Poisson noise; infinite without noise.
    ellipticity : numpy.ndarray, shape (M,), float64
        Ellipticity of the cells, see `RegionShapes`.
    """

    rows: np.ndarray
    contrast: np.ndarray
    significance: np.ndarray
    ellipticity: np.ndarray


def find_watershed_voids(
    overdensity: ArrayLike,
    box_size: ArrayLike,
    watershed: Watershed,
    *,
    density: float | None = None,
    weight: np.ndarray | None = None,
    periodic: bool = True,
) -> WatershedVoids:
    """Find voids as basins of the smoothed density, after ZOBOV and the watershed void finder.

    As in [1]_ and [2]_, cells belong to the minimum that the way of steepest descent leads to, and
    basins join over ridges of low density, as in [3]_. The ridge of a basin is the level at which
    it would run over into a deeper one. Instead of a Voronoi tessellation there is a Gaussian,
    whose noise is known, so that significances do not have to be simulated: the square root of a
    smoothed density has a standard deviation of half the inverse square root of the number of
    tracers that are expected in the volume (4π)^{3/2} R³ of a Gaussian of standard deviation R.

    The deepest basin of a box has no deeper one, and counts as significant where the highest place
    is high enough. In a field without any clustering it is usually the only void.

    Parameters
    ----------
    overdensity : array-like, shape (nx, ny, nz)
        Density over its mean, or over what is expected, minus 1.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    watershed : Watershed
        How the field is divided.
    density : float, optional
        Number density of the tracers in (Mpc/h)⁻³; without it there is no noise.
    weight : numpy.ndarray, shape (nx, ny, nz), float32, optional
        Expected density in units of its mean; 0 outside a survey, where there are no voids. By
        default 1.
    periodic : bool
        Whether the box is periodic.

    Returns
    -------
    WatershedVoids

    Raises
    ------
    InputError
        The radius does not fit the mesh, or the overdensity is -1 throughout.

    References
    ----------
    .. [1] Neyrinck 2008, MNRAS 386, 2101.
    .. [2] Platen, van de Weygaert & Jones 2007, MNRAS 380, 551.
    .. [3] Sutter et al. 2015, Astronomy and Computing 9, 1.

    Examples
    --------
    >>> x = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    >>> waves = 0.3 * (np.cos(x) + np.cos(x)[:, None] + np.cos(x)[:, None, None])
    >>> settings = Watershed(smoothing=1.0)
    >>> voids = find_watershed_voids(waves.astype(np.float32), [64.0] * 3, settings)
    >>> len(voids), voids.position[0]
    (1, array([33., 33., 33.]))
    """
    box_size = np.asarray(box_size, dtype=np.float64)
    overdensity = np.asarray(overdensity, dtype=np.float32)
    cell = box_size / overdensity.shape
    if watershed.minimum_radius < LEAST_RADIUS * cell.max():
        raise InputError(
            f"minimum_radius {watershed.minimum_radius} Mpc/h is below two cells of "
            f"{cell.max():.3g} Mpc/h: use more cells or a larger radius"
        )
    if overdensity.max() <= -1:
        raise InputError("there is no tracer in the box: no voids can be found in it")
    smoothed, number = _smooth(
        overdensity, box_size, watershed.smoothing, density, weight, periodic=periodic
    )
    inside = None if weight is None else weight > 0
    basins = flood(
        smoothed,
        lowest_ridge=watershed.ridge,
        height=None if density is None else watershed.minimum_significance * _noise(number),
        inside=inside,
        periodic=periodic,
    )
    low = (basins.rows >= 0) & (smoothed < 1 + watershed.threshold)
    n_cells = np.bincount(basins.rows[low], minlength=len(basins.ridge))
    volume = n_cells * cell.prod()
    minimum = smoothed.ravel()[basins.minimum]
    # The deepest basin has no deeper one to run into: it can be flooded up to the highest place.
    ridge = np.minimum(basins.ridge, smoothed.max())
    noise = _noise(number.ravel()[basins.minimum])
    height = np.sqrt(ridge) - np.sqrt(minimum)
    significance = np.divide(height, noise, out=np.full(len(height), np.inf), where=noise > 0)
    kept = volume >= sphere_volume(watershed.minimum_radius)
    kept &= (n_cells > 0) & (significance >= watershed.minimum_significance)
    selected = np.flatnonzero(kept)
    selected = selected[np.argsort(-volume[selected], kind="stable")]

    row_of_basin = np.full(len(volume) + 1, -1, dtype=np.int32)  # the last is that of no basin
    row_of_basin[selected] = np.arange(len(selected))
    rows = row_of_basin[basins.rows]
    rows[~low] = -1
    shapes = measure_regions(rows, len(selected), box_size, periodic=periodic)
    return WatershedVoids(
        position=shapes.centre,
        radius=np.cbrt(volume[selected] / sphere_volume(1.0)),
        volume=volume[selected],
        rows=rows,
        contrast=ridge[selected] / minimum[selected],
        significance=significance[selected],
        ellipticity=shapes.ellipticity,
    )


def _smooth(
    overdensity: np.ndarray,
    box_size: np.ndarray,
    radius: float,
    density: float | None,
    weight: np.ndarray | None,
    *,
    periodic: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the smoothed density over what is expected, and the number of tracers in the window.

    Where a part of the window is outside the survey the number is smaller.
    """
    number = np.inf if density is None else density * (2 * np.sqrt(np.pi) * radius) ** 3
    if weight is None:
        smoothed = smooth(overdensity, box_size, radius, periodic=periodic)
        expected = np.ones_like(smoothed)
    else:
        expected = smooth(weight, box_size, radius, periodic=periodic).clip(LEAST_DENSITY)
        smoothed = smooth(weight * overdensity, box_size, radius, periodic=periodic) / expected
    return (smoothed + 1).clip(LEAST_DENSITY), number * expected


def _noise(number: np.ndarray) -> np.ndarray:
    """Return the standard deviation of the square root of a density of a number of tracers.

    To first order it does not depend on the density (Bartlett 1936, JRSS Suppl. 3, 68).
    """
    return np.float32(0.5) / np.sqrt(number)
