"""The label of one box: which cells lie in voids, and which voids there are, by a definition."""

from collections.abc import Mapping

import numpy as np

from cosmodag.errors import InputError
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.voids.finders.box_inputs import BoxInputs
from cosmodag.voids.finders.empty_spheres import find_empty_spheres
from cosmodag.voids.finders.given_catalogue import take_catalogue
from cosmodag.voids.finders.matter import find_underdense_regions
from cosmodag.voids.finders.underdensity import find_underdense_spheres
from cosmodag.voids.finders.void_catalogue import VoidCatalogue
from cosmodag.voids.finders.voxelize import voxelize_spheres

LABELS = ("matter", "matter_spheres", "spheres", "underdensity", "catalogue")
CatalogueArrays = tuple[np.ndarray, np.ndarray]


def label_box(
    label: str,
    settings: Mapping,
    inputs: BoxInputs,
    box: str,
    shape: tuple[int, int, int],
    given: CatalogueArrays | None = None,
) -> tuple[np.ndarray, VoidCatalogue]:
    """Label one box by one definition of a void.

    Parameters
    ----------
    label : {"matter", "matter_spheres", "spheres", "underdensity", "catalogue"}
        The definition.
    settings : mapping
        Settings of the definition's finder.
    inputs : BoxInputs
        Galaxies and matter of the boxes.
    box : str
        Name of the box.
    shape : (3,) tuple of int
        Cells of the mask.
    given : (positions, radii), optional
        Void catalogue in Mpc/h for the label "catalogue".

    Returns
    -------
    mask : shape uint8 array
        1 inside a void.
    voids : VoidCatalogue

    Raises
    ------
    InputError
        If the input of the definition is missing or cannot be used.
    """
    if label == "matter":
        overdensity = average_cells(inputs.matter_overdensity(box), shape)
        return find_underdense_regions(
            overdensity, inputs.box_size, periodic=inputs.periodic, **settings
        )
    if label == "spheres":
        positions, _ = inputs.galaxies(box)
        voids = find_empty_spheres(positions, inputs.box_size, periodic=inputs.periodic, **settings)
        return _mask_of(voids.sphere_position, voids.sphere_radius, shape, inputs), voids
    if label == "matter_spheres":
        voids = find_underdense_spheres(
            inputs.matter_overdensity(box), inputs.box_size, periodic=inputs.periodic, **settings
        )
    elif label == "underdensity":
        voids = _underdense_spheres(inputs, box, shape, **settings)
    else:
        if given is None:
            raise InputError(f"label 'catalogue': no void catalogue is given for box {box}")
        voids = take_catalogue(
            *given,
            inputs.box_size,
            periodic=inputs.periodic,
            source=f"void catalogue of box {box}",
        )
    return _mask_of(voids.position, voids.radius, shape, inputs), voids


def _mask_of(position, radius, shape, inputs) -> np.ndarray:
    return voxelize_spheres(position, radius, shape, inputs.box_size, periodic=inputs.periodic)


def _underdense_spheres(inputs, box, shape, cells=None, **settings) -> VoidCatalogue:
    positions, weights = inputs.galaxies(box)
    if len(positions) == 0:
        raise InputError(f"box {box} holds no tracer: voids cannot be told in it")
    grid = np.zeros(shape if cells is None else (cells,) * 3, dtype=np.float32)
    assign_mass(
        positions, grid, inputs.box_size, weights=weights, method="cic", periodic=inputs.periodic
    )
    grid /= grid.mean(dtype=np.float64)
    grid -= 1
    return find_underdense_spheres(grid, inputs.box_size, periodic=inputs.periodic, **settings)


def average_cells(field: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Average blocks of cells of a field onto a coarser mesh that divides it.

    Raises
    ------
    InputError
        If the field's cells are no multiple of the mesh's.
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
