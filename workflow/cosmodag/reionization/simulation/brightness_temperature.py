"""Brightness temperature of the 21-cm line relative to the cosmic microwave background."""

from collections.abc import Sequence

import numpy as np

from cosmodag.cosmology.background import Cosmology
from cosmodag.gridding.mass_assignment import assign_mass


def mean_brightness_temperature(cosmology: Cosmology, redshift: float) -> float:
    """Return the brightness temperature of neutral gas at the mean density.

    The spin temperature is assumed to be far above that of the background, so that the result is
    27 mK (Ωb h² / 0.023) √(0.15 / (Ωm h²) · (1 + z) / 10).

    Parameters
    ----------
    cosmology : Cosmology
        Cosmological parameters.
    redshift : float
        Redshift of the gas.

    Returns
    -------
    float
        Brightness temperature in mK.

    References
    ----------
    Furlanetto, Oh & Briggs 2006, Phys. Rep. 433, 181.

    Examples
    --------
    >>> round(mean_brightness_temperature(Cosmology(), redshift=8.0), 1)
    25.6
    """
    h2 = cosmology.hubble**2
    baryons = cosmology.omega_b * h2 / 0.023
    return float(27 * baryons * np.sqrt(0.15 / (cosmology.omega_m * h2) * (1 + redshift) / 10))


def redshift_space_cubes(
    position: np.ndarray,
    displacement: np.ndarray,
    emission: np.ndarray,
    *,
    cells: int,
    box_size: float,
    axes: Sequence[int],
    threads: int = 1,
) -> np.ndarray:
    """Assign the emission of gas parcels to cells in redshift space, for each line of sight.

    The line is optically thin: the brightness of a cell is the sum over the neutral gas whose
    redshift places it there. Each parcel is moved along the line of sight by its peculiar velocity
    and then assigned to the grid. The total emission is conserved.

    Parameters
    ----------
    position : numpy.ndarray, shape (n, 3), float32
        Positions of the parcels in real space, 0 <= x < box_size.
    displacement : numpy.ndarray, shape (n, 3), float32
        Peculiar velocities divided by a H, in the unit of `box_size`.
    emission : numpy.ndarray, shape (n,), float32
        Contribution of each parcel to the value of a cell that it fills alone.
    cells : int
        Cells per side of the cubes.
    box_size : float
        Side of the periodic box.
    axes : sequence of int
        Lines of sight: axes from 0 to 2.
    threads : int
        Threads of the mass assignment.

    Returns
    -------
    numpy.ndarray, shape (len(axes), cells, cells, cells), float32
        Sums of the emission.

    References
    ----------
    Mao et al. 2012, MNRAS 422, 926, section 4.

    Examples
    --------
    A parcel in the centre of the first cell moves to the second cell along x only.

    >>> position = np.array([[0.5, 0.5, 0.5]], np.float32)
    >>> displacement = np.array([[1.0, 0.0, 0.0]], np.float32)
    >>> emission = np.array([3.0], np.float32)
    >>> x, y = redshift_space_cubes(
    ...     position, displacement, emission, cells=4, box_size=4.0, axes=[0, 1]
    ... )
    >>> float(x[1, 0, 0]), float(y[0, 0, 0])
    (3.0, 3.0)
    """
    cubes = np.zeros((len(axes), cells, cells, cells), np.float32)
    if not emission.any():
        return cubes
    side = np.float32(box_size)
    redshift_space = position.copy()
    for axis, grid in zip(axes, cubes):
        coordinate = redshift_space[:, axis]
        coordinate += displacement[:, axis]
        coordinate %= side
        coordinate[coordinate >= side] = 0  # the remainder may be rounded up to the side
        assign_mass(redshift_space, grid, box_size, weights=emission, threads=threads)
        coordinate[:] = position[:, axis]
    return cubes
