"""Galaxies drawn from evolved matter: sparse, noisy and biased towards dense regions."""

import numpy as np
import scipy.fft
from numba import get_num_threads

from cosmodag.cosmology.initial_conditions import wavenumbers
from cosmodag.errors import InputError
from cosmodag.gridding.gather import gather
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
    threads: int | None = None,
) -> np.ndarray:
    """Draw galaxies at matter particles of dense regions.

    Up to a constant, (rho / mean)^power exp(-threshold mean / rho) galaxies are expected of a
    particle where the local density of matter is rho (the local bias of Neyrinck et al. 2014, MNRAS
    441, 646), and their number is drawn from a Poisson distribution. So galaxies are rare in voids,
    but too few everywhere to tell where exactly a void ends. The defaults give them a bias of about
    1.6 at redshift 0, as luminous galaxies have.

    Parameters
    ----------
    matter
        Positions of all matter particles, (N, 3) float32, Mpc/h.
    box_size
        Side of the periodic box, Mpc/h.
    number_density
        Expected galaxies per (Mpc/h)³.
    seed
        Seed of the draw.
    smoothing
        Standard deviation of the Gaussian that smooths the density, Mpc/h.
    threshold
        Density below which galaxies become rare, in units of the mean.
    power
        How the number of galaxies per mass grows with density; 0 does not.
    threads
        Threads to use; all that numba has by default.

    Returns
    -------
    (G, 3) float32
        Positions, 0 <= x < box_size, in Mpc/h.

    Raises
    ------
    InputError
        No matter is above the threshold.
    """
    threads = threads or get_num_threads()
    local = _local_density(matter, box_size, smoothing, threads).astype(np.float64)
    # Smoothing in Fourier space may leave a rounding error below 0 where there is no matter.
    local = np.maximum(local, 1e-6)
    expected = local**power * np.exp(-threshold / local)
    if not expected.any():
        raise InputError(
            f"threshold: {threshold:g} leaves no galaxies: the densest matter has "
            f"{local.max():.3g} times the mean at smoothing {smoothing:g} Mpc/h"
        )
    expected *= number_density * box_size**3 / expected.sum()
    rng = np.random.default_rng(seed)
    galaxies = np.repeat(matter, rng.poisson(expected), axis=0)
    # A particle stands for a region as large as the particles' spacing: galaxies spread over it.
    spread = 0.25 * box_size / len(matter) ** (1 / 3)
    galaxies += spread * rng.standard_normal(galaxies.shape, dtype=np.float32)
    galaxies = np.mod(galaxies, np.float32(box_size))
    galaxies[galaxies >= np.float32(box_size)] = 0.0
    return galaxies


def _local_density(matter, box_size: float, smoothing: float, threads: int) -> np.ndarray:
    """Smoothed density at each particle, in units of the mean, (N,) float32."""
    cells = max(8, min(round(len(matter) ** (1 / 3)), 2 * round(box_size / smoothing)))
    grid = np.zeros((cells,) * 3, np.float32)
    assign_mass(matter, grid, box_size, method="cic", periodic=True, threads=threads)
    modes = scipy.fft.rfftn(grid, workers=threads)
    modes *= np.float32(cells**3 / len(matter))
    for k in wavenumbers(cells, box_size):
        modes *= np.exp(-0.5 * (k * smoothing) ** 2)
    smooth = scipy.fft.irfftn(modes, grid.shape, workers=threads, overwrite_x=True)
    return gather(smooth, matter, box_size, method="cic", periodic=True, threads=threads)
