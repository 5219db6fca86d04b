"""Pilot boxes: simulated boxes that serve the reconstruction of matter in others alone."""

import os
from collections.abc import Iterator, Sequence

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.fields.field_names import CELL_TOLERANCE
from cosmodag.voids.fields.matter_trees import SAMPLED_CELLS, MatterTrees, Sample, sample_cells
from cosmodag.voids.finders.box_labels import average_cells
from cosmodag.voids.grids.grid_file import GridHeader, GridMetadata, read_grid, read_header

Paths = Sequence[str | os.PathLike]


def fit_pilots(
    grids: Paths,
    matter: Paths,
    *,
    cell_size: float,
    boxes: GridMetadata,
    seed: int = 0,
) -> MatterTrees:
    """Fit trees to the matter of pilot boxes.

    Parameters
    ----------
    grids, matter : sequence of path-like
        Grid files of the galaxies and of the matter of the same boxes, in the same order.
    cell_size : float
        Side in Mpc/h of a cell of the boxes that are to be reconstructed.
    boxes : GridMetadata
        These boxes, none of which may be a pilot or have its initial conditions.
    seed : int
        Seed of the sample and of the trees.

    Returns
    -------
    MatterTrees

    Raises
    ------
    InputError
        The files disagree, or the pilots do not suit the boxes.
    """
    if not grids or len(grids) != len(matter):
        raise InputError(
            f"{len(grids)} grid files and {len(matter)} matter files of pilot boxes; give one of "
            "each per batch of boxes, in the same order"
        )
    headers = [read_header(path) for path in grids]
    for path, header in zip(grids, headers):
        _check(path, header, cell_size, boxes)
    most = SAMPLED_CELLS // sum(len(header.boxes) for header in headers)
    samples = [
        sample
        for number, (path, other, header) in enumerate(zip(grids, matter, headers))
        for sample in _samples(path, other, header, most, np.random.default_rng([seed, number]))
    ]
    return MatterTrees(samples, seed=seed)


def _check(
    path: str | os.PathLike, header: GridHeader, cell_size: float, boxes: GridMetadata
) -> None:
    """Refuse pilots that are not periodic, of other cells, or among the boxes themselves."""
    if not header.periodic:
        raise InputError(f"{path}: its boxes are not periodic; pilot boxes must be")
    cure = "simulate pilots as a source of their own, with another seed"
    shared = sorted(set(header.groups) & set(boxes.groups))
    if shared:
        raise InputError(
            f"{path}: {shared[0]} is a pilot and one of the boxes that are gridded, so a test box "
            f"would be fitted to; {cure}"
        )
    seeds = [
        () if each.seeds is None else np.asarray(each.seeds).tolist() for each in (header, boxes)
    ]
    if set(seeds[0]) & set(seeds[1]):
        raise InputError(
            f"{path}: pilots have the initial conditions of boxes that are gridded, so a test box "
            f"would be fitted to; {cure}"
        )
    grid, _ = read_grid(path, 0)
    cell = float(np.asarray(header.box_size)[0]) / grid.shape[0]
    if abs(cell / cell_size - 1) > CELL_TOLERANCE:
        raise InputError(
            f"{path}: cells of {cell:g} Mpc/h, those of the boxes have {cell_size:g} Mpc/h; grid "
            "both alike"
        )


def _samples(
    path: str | os.PathLike,
    matter: str | os.PathLike,
    header: GridHeader,
    most: int,
    random: np.random.Generator,
) -> Iterator[Sample]:
    """Yield cells of the boxes of one file."""
    for row, box in enumerate(header.boxes):
        mass, _ = read_grid(path, row)
        galaxies = mass / np.float32(header.mean_density[row]) - 1
        particles, of_matter = read_grid(matter, box)
        mean = np.float32(of_matter.mean_density[of_matter.boxes.index(box)])
        known = average_cells(particles, galaxies.shape) / mean - 1
        yield sample_cells(galaxies, known, header.box_size, most, random)
