"""Particles under their own gravity: a particle-mesh code that takes few, long steps.

Time is the linear growth D, and the steps are those of BullFrog (Rampf, List & Hahn 2025, JCAP 02,
020): drift, kick, drift, with weights such that each step reproduces second-order Lagrangian
perturbation theory, so that large scales are right however few the steps. The force comes from the
workflow's own mass assignment and its transpose; these kernels of `gridding` are the one thing that
a source takes from a later stage.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import scipy.fft
from numba import get_num_threads, njit, prange

from cosmodag.cosmology.background import Growth
from cosmodag.cosmology.initial_conditions import gradient_wavenumbers, wavenumbers
from cosmodag.gridding.gather import gather
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
    start: float = 9.0,
    threads: int | None = None,
) -> np.ndarray:
    """Move particles from second-order Lagrangian initial conditions to a redshift.

    Parameters
    ----------
    psi1, psi2
        Displacements of `initial_conditions.displacements`, (n³, 3) float32, Mpc/h. Both are used
        up: their memory holds the velocities afterwards.
    growth
        Growth of the cosmology.
    box_size
        Side of the periodic box, Mpc/h.
    mesh
        Cells per side of the mesh that gives the force; n serves best. A finer mesh resolves the
        lattice of the particles, whose pattern then grows where matter is cold, as in voids.
    steps
        Number of steps, equal in D.
    redshift, start
        Last and first redshift. A late start suits few steps, and displacements then exceed the
        rounding and the aliasing of the lattice.
    threads
        Threads to use; all that numba has by default.

    Returns
    -------
    (n³, 3) float32
        Positions in Mpc/h, 0 <= x < box_size, in the order of the lattice.
    """
    threads = threads or get_num_threads()
    times = np.linspace(growth.first(start), growth.first(redshift), steps + 1)
    position, velocity = lagrangian_positions(psi1, psi2, growth, times[0], box_size=box_size)
    pulled = np.empty(len(position), np.float32)
    for before, after in itertools.pairwise(times):
        half, middle = (after - before) / 2, (before + after) / 2
        _drift(position, velocity, np.float32(half), np.float32(box_size))
        keep = _kept_velocity(growth, before, after)
        for axis, field in _pulls(position, middle, box_size, mesh, threads):
            gather(field, position, box_size, method="cic", threads=threads, out=pulled)
            _kick(velocity, axis, pulled, np.float32(keep))
        _drift(position, velocity, np.float32(half), np.float32(box_size))
    return position


def lagrangian_positions(
    psi1: np.ndarray, psi2: np.ndarray, growth: Growth, d: float, *, box_size: float
) -> tuple[np.ndarray, np.ndarray]:
    """Positions, and velocities dx/dD, of second-order Lagrangian perturbation theory.

    Parameters
    ----------
    psi1, psi2
        Displacements of `initial_conditions.displacements`, (n³, 3) float32, Mpc/h; used up.
    growth
        Growth of the cosmology.
    d
        Linear growth D at the time of the positions.
    box_size
        Side of the periodic box, Mpc/h.

    Returns
    -------
    position, velocity : (n³, 3) float32
        0 <= x < box_size, and displacements for D = 1, both in Mpc/h.
    """
    n = round(len(psi1) ** (1 / 3))
    points = (np.arange(n, dtype=np.float32) + np.float32(0.5)) * np.float32(box_size / n)
    position = np.float32(d) * psi1
    position += np.float32(growth.second(d)) * psi2
    lattice = position.reshape(n, n, n, 3)
    lattice[..., 0] += points[:, None, None]
    lattice[..., 1] += points[:, None]
    lattice[..., 2] += points
    psi2 *= np.float32(growth.second_slope(d))
    psi1 += psi2
    _drift(position, psi1, np.float32(0.0), np.float32(box_size))
    return position, psi1


def _kept_velocity(growth: Growth, before: float, after: float) -> float:
    """The weight of the old velocity in a kick; that of the pull is what is missing to 1.

    To second order a particle has dx/dD = psi1 + E' psi2, and half-way, at D_h, where the drift has
    taken it, the pull psi1 + (E_h / D_h - D_h) psi2, E_h = E + E' (D_h - D). The weight is what
    turns E' of the step's begin into that of its end.
    """
    middle = (before + after) / 2
    slope = growth.second_slope(before)
    pull = (growth.second(before) + slope * (middle - before)) / middle - middle
    return (growth.second_slope(after) - pull) / (slope - pull)


def _pulls(
    position: np.ndarray, d: float, box_size: float, mesh: int, threads: int
) -> Iterator[tuple[int, np.ndarray]]:
    """The pull -grad(phi), laplacian(phi) = delta / D, on the mesh, one axis after another.

    The window of the mass assignment, sinc², enters twice: as particles are assigned and as the
    field is gathered. It is divided out to the power 3/2: once leaves forces near the cell soft,
    twice amplifies the aliases of the lattice that still shows in voids.
    """
    grid = np.zeros((mesh,) * 3, np.float32)
    assign_mass(position, grid, box_size, method="cic", periodic=True, threads=threads)
    modes = scipy.fft.rfftn(grid, workers=threads, overwrite_x=True)
    del grid
    kx, ky, kz = wavenumbers(mesh, box_size)
    wx, wy, wz = (np.sinc(k * box_size / mesh / (2 * np.pi)) ** 3 for k in (kx, ky, kz))
    scale = np.float32(mesh**3 / len(position) / d)
    for plane, k, w in zip(modes, kx, wx):
        square = k**2 + ky[0] ** 2 + kz[0] ** 2
        square[square == 0] = np.inf
        plane *= scale / (square * (w * wy[0] * wz[0]))
    for axis, k in enumerate(gradient_wavenumbers(mesh, box_size)):
        field = scipy.fft.irfftn(1j * k * modes, (mesh,) * 3, workers=threads, overwrite_x=True)
        yield axis, field


@njit(parallel=True, cache=True)
def _kick(velocity, axis, pulled, keep):
    """Mix velocities with the pull; bound by memory traffic."""
    for i in prange(len(velocity)):
        velocity[i, axis] = keep * velocity[i, axis] + (1 - keep) * pulled[i]


@njit(parallel=True, cache=True)
def _drift(position, velocity, span, side):
    """Move particles by `span` of D and wrap them into the box; bound by memory traffic."""
    for i in prange(len(position)):
        for axis in range(3):
            x = position[i, axis] + span * velocity[i, axis]
            x -= side * np.floor(x / side)
            # A position just below 0 may be rounded up to the side itself.
            position[i, axis] = x if x < side else 0
