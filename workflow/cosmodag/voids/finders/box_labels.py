"""Labels of one box: the mask and the catalogue of its voids by each definition of a void."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.voids.finders.box_inputs import BoxInputs
from cosmodag.voids.finders.empty_spheres import find_empty_spheres
from cosmodag.voids.finders.external_catalogue import voids_from_catalogue
from cosmodag.voids.finders.tidal_regions import find_tidal_regions
from cosmodag.voids.finders.underdense_regions import find_underdense_regions
from cosmodag.voids.finders.underdense_spheres import find_underdense_spheres
from cosmodag.voids.finders.void_catalogue import VoidCatalogue
from cosmodag.voids.finders.voxelize import voxelize_spheres
from cosmodag.voids.finders.watershed import Watershed, find_watershed_voids
from cosmodag.voids.grids.cell_shape import cubic_cells

Shape = tuple[int, int, int]
Label = tuple[np.ndarray, VoidCatalogue]


def label_box(
    label: str, settings: Mapping[str, Any], inputs: BoxInputs, box: str, shape: Shape
) -> Label:
    """Find the voids of one box by one definition.

    Parameters
    ----------
    label : str
        The definition of a void, one of `FINDERS`.
    settings : mapping
        Settings of the void finder.
    inputs : BoxInputs
        Galaxies, matter and external void catalogues of the boxes.
    box : str
        Name of the box.
    shape : tuple of int, shape (3,)
        Shape of the mask.

    Returns
    -------
    mask : numpy.ndarray, shape `shape`, uint8
        1 in cells inside a void, 0 elsewhere.
    voids : VoidCatalogue
        The voids.

    Raises
    ------
    InputError
        An input of the finder is missing or invalid.
    """
    return FINDERS[label](inputs, box, shape, **settings)


def average_cells(field: np.ndarray, shape: Shape) -> np.ndarray:
    """Average blocks of cells of a field onto a coarser mesh.

    Parameters
    ----------
    field : numpy.ndarray, shape (nx, ny, nz)
        Values on the fine mesh.
    shape : tuple of int, shape (3,)
        Shape of the coarse mesh.

    Returns
    -------
    numpy.ndarray, shape `shape`
        Mean of each block; the field itself if the shapes are equal.

    Raises
    ------
    InputError
        The coarse mesh does not divide the fine one.
    """
    if field.shape == tuple(shape):
        return field
    if any(fine % coarse for fine, coarse in zip(field.shape, shape)):
        raise InputError(
            f"mesh {list(shape)} of the labels does not divide the matter grid "
            f"{list(field.shape)}: choose a mesh that does"
        )
    blocks = [n for fine, coarse in zip(field.shape, shape) for n in (coarse, fine // coarse)]
    return field.reshape(blocks).mean(axis=(1, 3, 5))


def _label_matter(inputs: BoxInputs, box: str, shape: Shape, **settings: Any) -> Label:
    """Find connected underdense regions of the smoothed matter."""
    overdensity = average_cells(inputs.matter_overdensity(box), shape)
    return find_underdense_regions(
        overdensity, inputs.box_size, periodic=inputs.periodic, **settings
    )


def _label_matter_spheres(inputs: BoxInputs, box: str, shape: Shape, **settings: Any) -> Label:
    """Find underdense spheres in the matter."""
    overdensity = inputs.matter_overdensity(box)
    voids = find_underdense_spheres(
        overdensity, inputs.box_size, periodic=inputs.periodic, **settings
    )
    return _mask(voids.position, voids.radius, shape, inputs), voids


def _label_matter_tidal(inputs: BoxInputs, box: str, shape: Shape, **settings: Any) -> Label:
    """Find regions that the matter leaves along all axes."""
    overdensity = average_cells(inputs.matter_overdensity(box), shape)
    return find_tidal_regions(overdensity, inputs.box_size, periodic=inputs.periodic, **settings)


def _label_matter_watershed(inputs: BoxInputs, box: str, shape: Shape, **settings: Any) -> Label:
    """Find basins of the smoothed matter."""
    overdensity = average_cells(inputs.matter_overdensity(box), shape)
    voids = find_watershed_voids(
        overdensity, inputs.box_size, Watershed(**settings), periodic=inputs.periodic
    )
    return (voids.rows >= 0).astype(np.uint8), voids


def _label_watershed(inputs: BoxInputs, box: str, shape: Shape, **settings: Any) -> Label:
    """Find basins of the smoothed density of the galaxies."""
    grid, density = _galaxy_overdensity(inputs, box, shape)
    voids = find_watershed_voids(
        grid, inputs.box_size, Watershed(**settings), density=density, periodic=inputs.periodic
    )
    return (voids.rows >= 0).astype(np.uint8), voids


def _label_spheres(inputs: BoxInputs, box: str, shape: Shape, **settings: Any) -> Label:
    """Find unions of empty spheres among the galaxies."""
    positions, _ = inputs.galaxies(box)
    voids = find_empty_spheres(positions, inputs.box_size, periodic=inputs.periodic, **settings)
    return _mask(voids.sphere_position, voids.sphere_radius, shape, inputs), voids


def _label_underdensity(
    inputs: BoxInputs, box: str, mask_shape: Shape, cells: int | None = None, **settings: Any
) -> Label:
    """Find underdense spheres among the galaxies, with `cells` cells along the longest side."""
    shape: Sequence[int] = mask_shape
    if cells is not None:
        shape = cubic_cells(cells, inputs.box_size.tolist()) or (cells,) * 3
    grid, _ = _galaxy_overdensity(inputs, box, shape)
    voids = find_underdense_spheres(grid, inputs.box_size, periodic=inputs.periodic, **settings)
    return _mask(voids.position, voids.radius, mask_shape, inputs), voids


def _label_catalogue(inputs: BoxInputs, box: str, shape: Shape) -> Label:
    """Take the voids of the external catalogue."""
    position, radius = inputs.void_catalogue(box)
    voids = voids_from_catalogue(
        position,
        radius,
        inputs.box_size,
        periodic=inputs.periodic,
        source=f"void catalogue of box {box}",
    )
    return _mask(voids.position, voids.radius, shape, inputs), voids


def _galaxy_overdensity(
    inputs: BoxInputs, box: str, shape: Sequence[int]
) -> tuple[np.ndarray, float]:
    """Return the overdensity of the galaxies, and a number density with the same Poisson noise."""
    positions, weights = inputs.galaxies(box)
    if len(positions) == 0:
        raise InputError(f"box {box} has no galaxies: no voids can be found in it")
    grid = np.zeros(shape, dtype=np.float32)
    assign_mass(
        positions, grid, inputs.box_size, weights=weights, method="cic", periodic=inputs.periodic
    )
    grid /= grid.mean(dtype=np.float64)
    grid -= 1
    number = float(len(positions))
    if weights is not None:
        number = float(weights.sum(dtype=np.float64) ** 2 / (weights.astype(np.float64) ** 2).sum())
    return grid, number / float(inputs.box_size.prod())


def _mask(position: ArrayLike, radius: ArrayLike, shape: Shape, inputs: BoxInputs) -> np.ndarray:
    """Return the mask of a union of spheres."""
    return voxelize_spheres(position, radius, shape, inputs.box_size, periodic=inputs.periodic)


FINDERS: dict[str, Callable[..., Label]] = {
    "matter": _label_matter,
    "matter_spheres": _label_matter_spheres,
    "matter_tidal": _label_matter_tidal,
    "matter_watershed": _label_matter_watershed,
    "spheres": _label_spheres,
    "underdensity": _label_underdensity,
    "watershed": _label_watershed,
    "catalogue": _label_catalogue,
}
"""The definitions of a void: each finds the voids of a box and marks their cells."""
