"""Ionized regions in a density field from the excursion set of its collapsed fraction.

In the excursion set (Furlanetto, Zaldarriaga & Hernquist 2004, ApJ 613, 1; the scan over radii is
that of Mesinger, Furlanetto & Cen 2011, MNRAS 411, 955) a cell is ionized if the haloes of some
sphere around it emit enough photons to ionize all gas of the sphere: if ζ f_coll(δ_R, R) ≥ 1 for
any radius R between the mean free path of the photons and the size of the cell. At each radius the
fractions are rescaled so that their mean is the unconditional one. A cell that no sphere ionizes
is partially ionized by its own haloes.

With the ζ of the sources this condition does not conserve photons: where spheres overlap they are
lost, and more of them the smaller the cells are. Here the filling factor is given, see
`photon_budget`, and ζ is replaced by the value with which the mean ionized fraction of the cells is
the filling factor, as in Park, Greig & Mesinger (2022, MNRAS 517, 192). The model neglects the
scatter of the number of haloes, and X-rays.
"""

import functools
from collections.abc import Iterator, Sequence

import numba
import numpy as np
import scipy.fft

from cosmodag.cosmology.initial_conditions import wavenumbers
from cosmodag.gridding.fourier_windows import multiply_by_window
from cosmodag.reionization.simulation.collapsed_fraction import (
    CRITICAL_OVERDENSITY,
    N_OVERDENSITIES,
    CollapsedFraction,
)
from cosmodag.threads import numba_threads

RADIUS_RATIO = 1.1
"""Ratio of consecutive radii."""
N_BISECTIONS = 30
"""Bisections of the threshold of ionization."""
CELL_RADIUS = (3 / (4 * np.pi)) ** (1 / 3)
"""Radius of the sphere that has the volume of a cube of side 1."""


def neutral_fractions(
    overdensity: np.ndarray,
    filling_factors: Sequence[float] | np.ndarray,
    *,
    box_size: float,
    collapsed_fraction: CollapsedFraction,
    growth_factor: float,
    mean_free_path: float,
    threads: int = 1,
) -> np.ndarray:
    """Return the neutral fraction of hydrogen in each cell for each filling factor.

    The excursion set is shared, so an additional filling factor costs little.

    Parameters
    ----------
    overdensity : numpy.ndarray, shape (n, n, n), float32
        Density contrast at the redshift of the result.
    filling_factors : sequence of float or numpy.ndarray, length F
        Mean ionized fractions, 0 to 1, see `photon_budget.filling_factors`.
    box_size : float
        Side of the periodic box in Mpc/h.
    collapsed_fraction : CollapsedFraction
        Collapsed fractions of the cosmology.
    growth_factor : float
        Linear growth factor D at that redshift, 1 today.
    mean_free_path : float
        Largest radius of the spheres in Mpc/h.
    threads : int
        Threads of transforms and kernels. They change the result by rounding errors only.

    Returns
    -------
    numpy.ndarray, shape (F, n, n, n), float32
        Neutral fractions, 0 (ionized) to 1. Their means over the cells are 1 less the filling
        factors, to the accuracy of one cell.

    Examples
    --------
    >>> from cosmodag.cosmology.background import Cosmology
    >>> neutral = neutral_fractions(
    ...     np.zeros((8, 8, 8), np.float32),
    ...     [0.6],
    ...     box_size=20.0,
    ...     collapsed_fraction=CollapsedFraction(Cosmology(), turnover_mass=5e8),
    ...     growth_factor=0.14,
    ...     mean_free_path=30.0,
    ... )
    >>> neutral.shape, round(float(neutral.mean()), 1)
    ((1, 8, 8, 8), 0.4)
    """
    neutral = np.zeros((len(filling_factors), *overdensity.shape), np.float32)
    if min(filling_factors) >= 1:
        return neutral
    largest = np.zeros(overdensity.size, np.float32)
    with numba_threads(threads):
        for radius, field in _smoothed_fields(overdensity, box_size, mean_free_path, threads):
            photons = field.reshape(-1)  # after the last radius, those of the cell itself
            _interpolate_table(photons, _fraction_table(collapsed_fraction, radius, growth_factor))
            photons /= max(photons.mean(dtype=np.float64), np.finfo(np.float32).tiny)
            np.maximum(largest, photons, out=largest)
        for cube, filling_factor in zip(neutral, filling_factors):
            if filling_factor < 1:
                threshold = _threshold(largest, photons, filling_factor)
                _fill(cube.reshape(-1), largest, photons, np.float32(threshold))
    return neutral


def smoothing_radii(cell_size: float, box_size: float, mean_free_path: float) -> np.ndarray:
    """Return the radii of the spheres, from the largest to that of a cell.

    Parameters
    ----------
    cell_size : float
        Side of a cell.
    box_size : float
        Side of the box, in the unit of `cell_size`.
    mean_free_path : float
        Upper limit of the radii, in the unit of `cell_size`.

    Returns
    -------
    numpy.ndarray, shape (n,), float64
        Radii, descending, in the unit of `cell_size`. Their ratio is `RADIUS_RATIO`, or less
        between the first two.

    Examples
    --------
    >>> smoothing_radii(2.0, 128.0, 1.5).round(3).tolist()
    [1.5, 1.365, 1.241]
    """
    smallest = CELL_RADIUS * cell_size
    largest = max(min(mean_free_path, CELL_RADIUS * box_size), smallest)
    steps = int(np.ceil(np.log(largest / smallest) / np.log(RADIUS_RATIO) - 1e-9))
    return np.append(largest, smallest * RADIUS_RATIO ** np.arange(steps - 1, -1, -1.0))


def _smoothed_fields(
    overdensity: np.ndarray, box_size: float, mean_free_path: float, threads: int
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield each radius and the mean density contrast of spheres, from the largest radius."""
    cells = len(overdensity)
    modes = scipy.fft.rfftn(overdensity, workers=threads)
    kx, ky, kz = (k.ravel() for k in wavenumbers(cells, box_size))
    for radius in smoothing_radii(box_size / cells, box_size, mean_free_path):
        smoothed = modes.copy()
        multiply_by_window(smoothed, kx, ky, kz, radius, True)
        yield (
            radius,
            scipy.fft.irfftn(smoothed, overdensity.shape, workers=threads, overwrite_x=True),
        )


@functools.lru_cache(maxsize=256)
def _fraction_table(
    collapsed_fraction: CollapsedFraction, radius: float, growth_factor: float
) -> np.ndarray:
    """Return the collapsed fractions of equidistant density contrasts, for all realizations."""
    overdensity = np.linspace(-1.0, CRITICAL_OVERDENSITY, N_OVERDENSITIES)
    return collapsed_fraction.conditional(overdensity, radius, growth_factor)


def _threshold(largest: np.ndarray, photons: np.ndarray, filling_factor: float) -> float:
    """Return the number of photons at which a sphere is ionized, by bisection."""
    low, high = 0.0, max(float(largest.max()), 1 / max(filling_factor, 1e-9))
    for _ in range(N_BISECTIONS):
        middle = (low + high) / 2
        if _mean_ionized(largest, photons, np.float32(middle)) > filling_factor:
            low = middle
        else:
            high = middle
    return high


@numba.njit(parallel=True, cache=True)
def _interpolate_table(values, table):
    """Replace density contrasts by collapsed fractions from a table; bound by arithmetic."""
    scale = (len(table) - 1) / (CRITICAL_OVERDENSITY + 1.0)
    for i in numba.prange(len(values)):
        place = (values[i] + 1.0) * scale
        below = min(max(int(place), 0), len(table) - 2)
        weight = min(max(place - below, 0.0), 1.0)
        values[i] = table[below] + weight * (table[below + 1] - table[below])


@numba.njit(parallel=True, cache=True)
def _mean_ionized(largest, photons, threshold):
    """Return the mean ionized fraction for a threshold; bound by memory traffic."""
    total = 0.0
    for i in numba.prange(len(largest)):
        total += 1.0 if largest[i] >= threshold else photons[i] / threshold
    return total / len(largest)


@numba.njit(parallel=True, cache=True)
def _fill(neutral, largest, photons, threshold):
    """Set neutral fractions: 0 in a sphere above the threshold; bound by memory traffic."""
    for i in numba.prange(len(neutral)):
        if largest[i] < threshold:
            neutral[i] = 1 - photons[i] / threshold
