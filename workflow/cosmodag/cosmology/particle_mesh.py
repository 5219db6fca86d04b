"""A particle-mesh code that evolves matter under its own gravity in few, long time steps.

The time variable is the linear growth factor D. Each step of the BullFrog integrator (Rampf, List &
Hahn 2025, JCAP 02, 020) is a drift, a kick and a drift, with kick factors such that the step
reproduces second-order Lagrangian perturbation theory. Large scales are therefore accurate for any
number of steps. The mass assignment of `gridding` and its transpose give the accelerations.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import scipy.fft
from numba import get_num_threads, njit, prange

from cosmodag.cosmology.background import Growth
from cosmodag.cosmology.initial_conditions import gradient_wavenumbers, wavenumbers
from cosmodag.gridding.interpolation import gather
from cosmodag.gridding.mass_assignment import assign_mass


def evolve(
    psi1: np.ndarray,
    psi2: np.ndarray,
    growth: Growth,
    *,
    box_size: float,
    mesh: int,
    steps: int,
    redshift: float = 0.0,
    initial_redshift: float = 9.0,
    threads: int | None = None,
) -> np.ndarray:
    """Evolve particles from second-order Lagrangian initial conditions to a redshift.

    Parameters
    ----------
    psi1, psi2 : numpy.ndarray, shape (n³, 3), float32
        Displacements in Mpc/h as returned by `initial_conditions.displacements`. Both arrays are
        overwritten.
    growth : Growth
        Growth factors of the cosmology.
    box_size : float
        Side of the periodic box in Mpc/h.
    mesh : int
        Cells per side of the mesh on which the force is computed. As many cells as particles are
        best: a finer mesh resolves the lattice of the particles, and its pattern grows in
        underdense regions.
    steps : int
        Number of time steps, equal in D.
    redshift : float
        Redshift of the result.
    initial_redshift : float
        Redshift of the initial conditions. A late start suits few steps, since displacements then
        exceed rounding errors and the aliasing of the lattice.
    threads : int, optional
        Number of threads; by default all that numba uses.

    Returns
    -------
    numpy.ndarray, shape (n³, 3), float32
        Positions in Mpc/h, 0 <= x < box_size, in the order of the lattice.

    References
    ----------
    Rampf, List & Hahn 2025, JCAP 02, 020.

    Examples
    --------
    >>> import numpy as np
    >>> psi1, psi2 = np.zeros((2, 8**3, 3), np.float32)
    >>> position = evolve(psi1, psi2, Growth(0.3111), box_size=80.0, mesh=8, steps=2)
    >>> position[0].round(3).tolist()
    [5.0, 5.0, 5.0]
    """
    position, _ = evolve_with_velocities(
        psi1,
        psi2,
        growth,
        box_size=box_size,
        mesh=mesh,
        steps=steps,
        redshift=redshift,
        initial_redshift=initial_redshift,
        threads=threads,
    )
    return position


def evolve_with_velocities(
    psi1: np.ndarray,
    psi2: np.ndarray,
    growth: Growth,
    *,
    box_size: float,
    mesh: int,
    steps: int,
    redshift: float = 0.0,
    initial_redshift: float = 9.0,
    threads: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Evolve particles as `evolve`, and return their velocities, too.

    Parameters
    ----------
    psi1, psi2, growth, box_size, mesh, steps, redshift, initial_redshift, threads
        See `evolve`.

    Returns
    -------
    position : numpy.ndarray, shape (n³, 3), float32
        Positions in Mpc/h, 0 <= x < box_size, in the order of the lattice.
    velocity : numpy.ndarray, shape (n³, 3), float32
        Velocities dx/dD in Mpc/h; times f D they are peculiar velocities divided by a H.
    """
    threads = threads or get_num_threads()
    times = np.linspace(
        growth.first_order(initial_redshift), growth.first_order(redshift), steps + 1
    )
    position, velocity = lagrangian_positions(psi1, psi2, growth, times[0], box_size=box_size)
    acceleration = np.empty(len(position), np.float32)
    for begin, end in itertools.pairwise(times):
        drift_factor, midpoint = (end - begin) / 2, (begin + end) / 2
        _drift(position, velocity, np.float32(drift_factor), np.float32(box_size))
        kick_factor = _kick_factor(growth, begin, end)
        for axis, field in _mesh_accelerations(position, midpoint, box_size, mesh, threads):
            gather(field, position, box_size, method="cic", threads=threads, out=acceleration)
            _kick(velocity, axis, acceleration, np.float32(kick_factor))
        _drift(position, velocity, np.float32(drift_factor), np.float32(box_size))
    return position, velocity


def lagrangian_positions(
    psi1: np.ndarray, psi2: np.ndarray, growth: Growth, d: float, *, box_size: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and velocities of second-order Lagrangian perturbation theory.

    Parameters
    ----------
    psi1, psi2 : numpy.ndarray, shape (n³, 3), float32
        Displacements in Mpc/h as returned by `initial_conditions.displacements`. Both arrays are
        overwritten.
    growth : Growth
        Growth factors of the cosmology.
    d : float
        First-order growth factor D at which to compute the positions.
    box_size : float
        Side of the periodic box in Mpc/h.

    Returns
    -------
    position : numpy.ndarray, shape (n³, 3), float32
        Positions in Mpc/h, 0 <= x < box_size, in the order of the lattice.
    velocity : numpy.ndarray, shape (n³, 3), float32
        Velocities dx/dD in Mpc/h.
    """
    n = round(len(psi1) ** (1 / 3))
    points = (np.arange(n, dtype=np.float32) + np.float32(0.5)) * np.float32(box_size / n)
    position = np.float32(d) * psi1
    position += np.float32(growth.second_order(d)) * psi2
    lattice = position.reshape(n, n, n, 3)
    lattice[..., 0] += points[:, None, None]
    lattice[..., 1] += points[:, None]
    lattice[..., 2] += points
    psi2 *= np.float32(growth.second_order_slope(d))
    psi1 += psi2
    _drift(position, psi1, np.float32(0.0), np.float32(box_size))
    return position, psi1


def _kick_factor(growth: Growth, begin: float, end: float) -> float:
    """Return the weight of the old velocity in a kick; the acceleration has the remaining weight.

    To second order a particle has the velocity dx/dD = psi1 + E' psi2. At the midpoint D_m of the
    step, where the first drift ends, its acceleration is psi1 + (E_m / D_m - D_m) psi2, with
    E_m = E + E' (D_m - D). The kick factor changes E' at the begin of the step to E' at its end.
    """
    midpoint = (begin + end) / 2
    slope = growth.second_order_slope(begin)
    acceleration = (growth.second_order(begin) + slope * (midpoint - begin)) / midpoint - midpoint
    return (growth.second_order_slope(end) - acceleration) / (slope - acceleration)


def _mesh_accelerations(
    position: np.ndarray, d: float, box_size: float, mesh: int, threads: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each axis and the acceleration -grad(phi) along it, with laplacian(phi) = delta / D.

    The window of the mass assignment, sinc², enters twice: in the deposit and in the gather. It is
    divided out to the power 3/2. The power 1 leaves forces at the scale of a cell too soft; the
    power 2 amplifies the aliases of the particle lattice, which survives in underdense regions.
    """
    grid = np.zeros((mesh,) * 3, np.float32)
    assign_mass(position, grid, box_size, method="cic", periodic=True, threads=threads)
    modes = scipy.fft.rfftn(grid, workers=threads, overwrite_x=True)
    del grid
    kx, ky, kz = wavenumbers(mesh, box_size)
    wx, wy, wz = (np.sinc(k * box_size / mesh / (2 * np.pi)) ** 3 for k in (kx, ky, kz))
    scale = np.float32(mesh**3 / len(position) / d)
    for plane, k, w in zip(modes, kx, wx):
        k_squared = k**2 + ky[0] ** 2 + kz[0] ** 2
        k_squared[k_squared == 0] = np.inf
        plane *= scale / (k_squared * (w * wy[0] * wz[0]))
    for axis, k in enumerate(gradient_wavenumbers(mesh, box_size)):
        field = scipy.fft.irfftn(1j * k * modes, (mesh,) * 3, workers=threads, overwrite_x=True)
        yield axis, field


@njit(parallel=True, cache=True)
def _kick(velocity, axis, acceleration, kick_factor):
    """Replace velocities by a weighted mean with the acceleration; bound by memory traffic."""
    for i in prange(len(velocity)):
        velocity[i, axis] = kick_factor * velocity[i, axis] + (1 - kick_factor) * acceleration[i]


@njit(parallel=True, cache=True)
def _drift(position, velocity, drift_factor, box_size):
    """Move particles along their velocity, periodically; bound by memory traffic."""
    for i in prange(len(position)):
        for axis in range(3):
            x = position[i, axis] + drift_factor * velocity[i, axis]
            x -= box_size * np.floor(x / box_size)
            # A position just below 0 may be rounded up to the side itself.
            position[i, axis] = x if x < box_size else 0
