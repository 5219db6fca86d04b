"""Galaxies drawn from evolved matter with a local bias: sparse, and mostly in dense regions."""

import numpy as np
import scipy.fft
from numba import get_num_threads

from cosmodag.cosmology.initial_conditions import wavenumbers
from cosmodag.errors import InputError
from cosmodag.gridding.interpolation import gather
from cosmodag.gridding.mass_assignment import assign_mass


def draw_galaxies(
    matter: np.ndarray,
    *,
    box_size: float,
    number_density: float,
    seed: int,
    smoothing: float = 2.0,
    threshold: float = 1.0,
    power: float = 0.0,
    displacement: np.ndarray | None = None,
    threads: int | None = None,
) -> np.ndarray:
    """Draw galaxies at matter particles with a local bias.

    The expected number of galaxies of a particle is proportional to
    (rho / mean)^power exp(-threshold mean / rho), where rho is the smoothed density of matter at
    the particle [1]_; the number is Poisson distributed. Galaxies are therefore rare in voids, but
    too sparse everywhere to mark the edge of a void. The defaults give a bias of about 1.6 at
    redshift 0, as observed for luminous galaxies.

    Parameters
    ----------
    matter : numpy.ndarray, shape (N, 3), float32
        Positions of the matter particles in Mpc/h.
    box_size : float
        Side of the periodic box in Mpc/h.
    number_density : float
        Expected number of galaxies per (Mpc/h)³.
    seed : int
        Seed of the random numbers.
    smoothing : float
        Standard deviation of the Gaussian that smooths the density, in Mpc/h.
    threshold : float
        Density below which galaxies are suppressed, in units of the mean.
    power : float
        Exponent of the density in the number of galaxies per mass.
    displacement : numpy.ndarray, shape (N, 3), float32, optional
        Displacements in Mpc/h of the galaxies of each particle, such as those of redshift space.
    threads : int, optional
        Threads to use; numba's number of threads by default.

    Returns
    -------
    numpy.ndarray, shape (G, 3), float32
        Positions in Mpc/h, 0 ≤ x < box_size.

    Raises
    ------
    InputError
        The threshold suppresses all galaxies.

    References
    ----------
    .. [1] Neyrinck et al. 2014, MNRAS 441, 646.

    Examples
    --------
    >>> matter = np.random.default_rng(0).uniform(0, 32, (4096, 3)).astype(np.float32)
    >>> galaxies = draw_galaxies(matter, box_size=32.0, number_density=0.01, seed=1)
    >>> galaxies.shape[1]
    3
    """
    threads = threads or get_num_threads()
    density = _local_density(matter, box_size, smoothing, threads).astype(np.float64)
    # Smoothing in Fourier space may leave a rounding error below 0 where there is no matter.
    density = np.maximum(density, 1e-6)
    expected = density**power * np.exp(-threshold / density)
    if not expected.any():
        raise InputError(
            f"threshold: {threshold:g} leaves no galaxies: the densest matter has "
            f"{density.max():.3g} times the mean at smoothing {smoothing:g} Mpc/h"
        )
    expected *= number_density * box_size**3 / expected.sum()
    rng = np.random.default_rng(seed)
    n_galaxies = rng.poisson(expected)
    galaxies = np.repeat(matter, n_galaxies, axis=0)
    if displacement is not None:
        galaxies += np.repeat(displacement, n_galaxies, axis=0)
    # A particle represents a region of the size of the particle spacing: scatter galaxies in it.
    scatter = 0.25 * box_size / len(matter) ** (1 / 3)
    galaxies += scatter * rng.standard_normal(galaxies.shape, dtype=np.float32)
    galaxies = np.mod(galaxies, np.float32(box_size))
    galaxies[galaxies >= np.float32(box_size)] = 0.0
    return galaxies


def _local_density(
    matter: np.ndarray, box_size: float, smoothing: float, threads: int
) -> np.ndarray:
    """Return the smoothed density at each particle in units of the mean, shape (N,), float32."""
    cells = max(8, min(round(len(matter) ** (1 / 3)), 2 * round(box_size / smoothing)))
    grid = np.zeros((cells,) * 3, np.float32)
    assign_mass(matter, grid, box_size, method="cic", periodic=True, threads=threads)
    modes = scipy.fft.rfftn(grid, workers=threads)
    modes *= np.float32(cells**3 / len(matter))
    for k in wavenumbers(cells, box_size):
        modes *= np.exp(-0.5 * (k * smoothing) ** 2)
    smoothed = scipy.fft.irfftn(modes, grid.shape, workers=threads, overwrite_x=True)
    return gather(smoothed, matter, box_size, method="cic", periodic=True, threads=threads)
