"""Ionized regions: wall time over that of their Fourier transforms, and spectra of published cubes.

The published power spectra (COSMODAG_DATA, folder `reionization/power_spectra_200_300Mpc`) are
compared at equal redshift and neutral fraction, in a box of the published size. Their spin
temperatures differ from ours, so spectra are printed in units of the mean temperature, too.
COSMODAG_BENCH_CUBE sets the cells per side (80; the published cubes have 200).
"""

import os
import re
from pathlib import Path

import numpy as np
import scipy.fft

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.cosmology.initial_conditions import displacements, linear_modes
from cosmodag.cosmology.matter_power import matter_power_spectrum
from cosmodag.cosmology.particle_mesh import lagrangian_positions
from cosmodag.gridding.fields import overdensity
from cosmodag.gridding.interpolation import gather
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.spectra import power_spectrum
from cosmodag.reionization.simulation.brightness_temperature import (
    mean_brightness_temperature,
    redshift_space_cubes,
)
from cosmodag.reionization.simulation.collapsed_fraction import CollapsedFraction
from cosmodag.reionization.simulation.excursion_set import neutral_fractions, smoothing_radii
from tests.bench.harness import compare

COSMOLOGY = Cosmology()
GROWTH = Growth(COSMOLOGY.omega_m)
COLLAPSED_FRACTION = CollapsedFraction(COSMOLOGY, turnover_mass=5e8)
BOX = 300.0  # Mpc
SIDE = BOX * COSMOLOGY.hubble  # Mpc/h
MEAN_FREE_PATH = 50.0  # Mpc
K_RANGE = (0.05, 0.5)  # 1/Mpc
REDSHIFTS = ("6.58", "7.04", "7.53", "8.06")
NAME = re.compile(r"ps_z00([\d.]+)_nf([\d.]+)_useTs1_aveTb([-\d.]+)_")


def run(results: Path) -> None:
    """Measure the time of three filling factors on one thread, then compare spectra."""
    cells = int(os.environ.get("COSMODAG_BENCH_CUBE", "80"))
    psi = displacements(
        linear_modes(matter_power_spectrum(COSMOLOGY), particles=2 * cells, box_size=SIDE, seed=2),
        box_size=SIDE,
    )
    density = overdensity(assign_mass(particles(psi, 8.0)[0], grid(cells), SIDE))

    def transforms() -> None:
        modes = scipy.fft.rfftn(density)
        for _ in smoothing_radii(SIDE / cells, SIDE, MEAN_FREE_PATH * COSMOLOGY.hubble):
            scipy.fft.irfftn(modes, density.shape)

    compare(
        "ionization",
        {"excursion set": lambda: ionize(density, 8.0, [0.3, 0.5, 0.7])},
        ours="excursion set",
        floor=transforms,
        threads=1,
        work=cells**3,
        unit="cells",
        notes={"cells": cells},
        results=results,
    )
    folder = Path(os.environ.get("COSMODAG_DATA", "../shared/data"))
    for redshift in REDSHIFTS if folder.is_dir() else ():
        pattern = f"reionization/power_spectra_200_300Mpc/ps_z00{redshift}_*"
        for path in folder.glob(pattern):
            print_spectra(path, psi, cells)


def print_spectra(path: Path, psi: tuple[np.ndarray, np.ndarray], cells: int) -> None:
    """Print the power of published brightness temperatures and ours over theirs, by wavenumber."""
    redshift, neutral, mean = map(float, NAME.match(path.name).groups())
    position, velocity = particles(psi, redshift)
    density = overdensity(assign_mass(position, grid(cells), SIDE))
    cube = ionize(density, redshift, [1 - neutral])[0]
    scale = mean_brightness_temperature(COSMOLOGY, redshift) * cells**3 / len(position)
    temperature = redshift_space_cubes(
        position,
        velocity,
        np.float32(scale) * gather(cube, position, SIDE, method="ngp"),
        cells=cells,
        box_size=SIDE,
        axes=[2],
    )[0]
    k, power, count = power_spectrum(temperature, BOX, method="cic")
    ours = float(temperature.mean(dtype=np.float64))
    published, variance, _ = np.loadtxt(path).T
    edges = np.sqrt(published[1:] * published[:-1])
    sums = [
        np.histogram(k, edges, weights=count * values)[0]
        for values in (k**3 * power / (2 * np.pi**2), np.ones_like(k))
    ]
    print(f"z {redshift}, neutral {neutral:.3f}, mean {mean:.2f} mK published, {ours:.2f} mK ours")
    print("k in 1/Mpc, published in mK², ours over published, the same over the mean squared")
    for number, (wavenumber, expected) in enumerate(zip(published[1:-1], variance[1:-1])):
        if K_RANGE[0] < wavenumber < K_RANGE[1]:
            ratio = sums[0][number] / sums[1][number] / expected
            print(
                f"  {wavenumber:.3f} {expected:7.2f} {ratio:6.2f} {ratio * (mean / ours) ** 2:6.2f}"
            )


def particles(psi: tuple[np.ndarray, np.ndarray], redshift: float) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and the displacements of redshift space, in Mpc/h."""
    growth_factor = GROWTH.first_order(redshift)
    copies = (each.copy() for each in psi)  # they are overwritten
    position, velocity = lagrangian_positions(*copies, GROWTH, growth_factor, box_size=SIDE)
    velocity *= np.float32(growth_factor * GROWTH.rate(redshift))
    return position, velocity


def ionize(density: np.ndarray, redshift: float, filling_factors: list[float]) -> np.ndarray:
    """Return the neutral fractions of a density contrast."""
    return neutral_fractions(
        density,
        filling_factors,
        box_size=SIDE,
        collapsed_fraction=COLLAPSED_FRACTION,
        growth_factor=GROWTH.first_order(redshift),
        mean_free_path=MEAN_FREE_PATH * COSMOLOGY.hubble,
    )


def grid(cells: int) -> np.ndarray:
    """Return an empty grid."""
    return np.zeros((cells,) * 3, np.float32)
