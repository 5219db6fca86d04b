"""Voids that chance makes: those of galaxies without clustering in the same survey."""

from dataclasses import replace

import numpy as np

from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.voids.survey.survey_grid import SurveyGrid
from cosmodag.voids.survey.tracers import TracerSample


def draw_unclustered(sample: TracerSample, random: np.random.Generator) -> TracerSample:
    """Draw galaxies without clustering with the selection function of a sample.

    Parameters
    ----------
    sample : TracerSample
        Galaxies and their grid. Instead of their weights, as many galaxies of equal weight are
        drawn as have the same Poisson noise.
    random : numpy.random.Generator

    Returns
    -------
    TracerSample
        In each cell a Poisson number of galaxies at random positions, and their grid.
    """
    grid = sample.grid
    inside = grid.inside
    amplitude = grid.n_equal / grid.weight.sum(dtype=np.float64)
    position = _scatter(grid, amplitude, random)
    counts = np.zeros(grid.weight.shape, np.float32)
    assign_mass(position, counts, grid.box_size, periodic=grid.periodic)
    counts *= inside
    amplitude = counts.sum(dtype=np.float64) / grid.weight.sum(dtype=np.float64)
    expected = grid.weight * np.float32(amplitude)
    overdensity = np.divide(counts, expected, out=counts, where=inside)
    overdensity -= inside
    drawn = replace(
        grid,
        overdensity=overdensity,
        n_galaxies=len(position),
        mean_density=grid.number_density,
        total_weight=float(len(position)),
        galaxy_weight=1.0,
    )
    return replace(sample, position=position + grid.origin, grid=drawn)


def chance_fraction(radius: np.ndarray, chance_radius: np.ndarray, n_samples: int) -> np.ndarray:
    """Return how many voids of chance there are per void that is found.

    Parameters
    ----------
    radius : numpy.ndarray, shape (M,)
        Radii of the voids that were found.
    chance_radius : numpy.ndarray, shape (C,)
        Radii of the voids in all samples without clustering.
    n_samples : int
        Number of these samples.

    Returns
    -------
    numpy.ndarray, shape (M,), float64
        For each void the mean number of voids per sample that are at least as large, over the
        number of those found that are, at most 1.
    """
    if not len(radius):
        return np.zeros(0)

    def at_least(radii: np.ndarray) -> np.ndarray:
        return len(radii) - np.searchsorted(np.sort(radii), radius, side="left")

    return np.minimum(at_least(chance_radius) / n_samples / at_least(radius), 1.0)


def _scatter(grid: SurveyGrid, amplitude: float, random: np.random.Generator) -> np.ndarray:
    """Return positions from the corner of the grid in Mpc/h, (N, 3), plane by plane of cells."""
    planes = []
    for i, weight in enumerate(grid.weight):
        count = random.poisson(weight * amplitude)
        j, k = np.nonzero(count)
        cells = np.repeat(np.column_stack([np.full(len(j), i), j, k]), count[j, k], axis=0)
        planes.append((cells + random.random(cells.shape)) * grid.cell)
    return np.concatenate(planes)
