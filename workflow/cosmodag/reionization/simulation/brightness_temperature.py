"""Brightness temperature of the 21-cm line against the cosmic microwave background."""

from collections.abc import Sequence

import numpy as np

from cosmodag.cosmology.background import Cosmology
from cosmodag.gridding.mass_assignment import assign_mass


def mean_temperature(cosmology: Cosmology, redshift: float) -> float:
    """Of neutral gas at the mean density, in mK.

    27 mK (Ωb h² / 0.023) √(0.15 / (Ωm h²) · (1 + z) / 10), spins being far hotter than the
    background (Furlanetto, Oh & Briggs 2006, Phys. Rep. 433, 181).
    """
    h2 = cosmology.hubble**2
    baryons = cosmology.omega_b * h2 / 0.023
    return 27 * baryons * np.sqrt(0.15 / (cosmology.omega_m * h2) * (1 + redshift) / 10)


def in_redshift_space(
    position: np.ndarray,
    shift: np.ndarray,
    emission: np.ndarray,
    *,
    cells: int,
    box_size: float,
    axes: Sequence[int],
    threads: int = 1,
) -> np.ndarray:
    """What is observed where along several lines of sight, by the redshift of what emits it.

    The line is optically thin, so its brightness is that of the neutral gas which its redshift puts
    at a place: parcels of gas are assigned to cells after a shift by their velocity (Mao et al.
    2012, MNRAS 422, 926, section 4). Emission is conserved.

    Parameters
    ----------
    position : (N, 3) float32
        Of parcels, 0 <= x < box_size.
    shift : (N, 3) float32
        Peculiar velocity divided by a H, in the unit of `box_size`.
    emission : (N,) float32
        Of each parcel, in units of what it gives to the cell that it fills alone.
    cells
        A side of the maps.
    box_size
        Side of the periodic box.
    axes
        Lines of sight, each one of 0, 1 and 2.
    threads
        Threads of the mass assignment.

    Returns
    -------
    (len(axes), n, n, n) float32
        Sums of the emission; 0 where nothing emits.
    """
    maps = np.zeros((len(axes), cells, cells, cells), np.float32)
    if not emission.any():
        return maps
    side = np.float32(box_size)
    moved = position.copy()
    for axis, grid in zip(axes, maps):
        along = moved[:, axis]
        along += shift[:, axis]
        along %= side
        along[along >= side] = 0  # by rounding
        assign_mass(moved, grid, box_size, weights=emission, threads=threads)
        along[:] = position[:, axis]
    return maps
