"""Lists of cubes, which are cut out of grids and masks when they are read."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cosmodag.cutouts.box_files import BoxFiles, open_boxes
from cosmodag.cutouts.examples_file import describe_examples, join_columns, write_index
from cosmodag.cutouts.sub_box_index import index_columns
from cosmodag.cutouts.sub_box_lattice import (
    AXIS_NAMES,
    SubBoxGeometry,
    SubBoxLattice,
    sub_box_lattices,
)
from cosmodag.cutouts.survey_channels import KNOWN, SELECTION
from cosmodag.hdf5 import create_file
from cosmodag.voids.cutouts.box_attributes import box_attributes
from cosmodag.voids.cutouts.map_shape import MapShape
from cosmodag.voids.cutouts.slab_voids import count_voids, slab_voids


def list_cubes(
    grid_file: str | os.PathLike,
    labels_file: str | os.PathLike,
    output: str | os.PathLike,
    geometry: SubBoxGeometry,
    *,
    factor: int = 1,
    labels: Sequence[str] | None = None,
) -> int:
    """Write an examples file with the positions of cubes, but without their content.

    The input of a cube is the galaxy overdensity and the fields of the grid file, its target the
    fraction of each block of `factor`³ cells that lies inside voids. Boxes of a simulated survey
    have a further target channel, the blocks that are inside the survey. The file contains the
    paths of the grid and the labels relative to its own folder; `cosmodag.cutouts.cube_reader` cuts
    the cubes out of them.

    Parameters
    ----------
    grid_file, labels_file : path-like
        Grid file of the galaxies and labels file of the same boxes.
    output : path-like
        Examples file to write.
    geometry : SubBoxGeometry
        Size and spacing of the cubes. Of `side` and `stride` follow depth and spacing along all
        axes; see `SubBoxGeometry.as_cubes`.
    factor : int
        Cells per voxel of the target along each axis.
    labels : sequence of str, optional
        Labels to use as targets; all labels of the file by default.

    Returns
    -------
    int
        Number of cubes.

    Raises
    ------
    InputError
        The files disagree, cubes do not fit into the box, or `factor` does not divide the side.
    """
    geometry = geometry.as_cubes()
    MapShape(geometry.side, geometry.depth, factor=factor)  # refuses lengths that do not divide
    with open_boxes(grid_file, labels_file, labels) as files:
        lattices = sub_box_lattices(files, geometry)
        columns = join_columns(
            [
                index_columns(files, box, lattice)
                | _corner_columns(lattice)
                | _count_columns(files, box, lattice)
                for box, lattice in itertools.product(range(len(files.boxes)), lattices)
            ]
        )
        with create_file(output, "examples", inputs=[grid_file, labels_file]) as file:
            describe_examples(
                file,
                experiment="voids",
                x_channels=["overdensity", *files.fields],
                y_channels=[
                    *(f"fraction_{label}" for label in files.labels),
                    *([KNOWN] if SELECTION in files.fields else []),
                ],
            )
            file.attrs.update(
                cubes=True,
                side=geometry.side,
                factor=factor,
                labels=files.labels,
                **({"fields": files.fields} if files.fields else {}),
                **box_attributes(files),
            )
            folder = Path(output).resolve().parent
            file.attrs["grid_file"] = os.path.relpath(Path(grid_file).resolve(), folder)
            file.attrs["labels_file"] = os.path.relpath(Path(labels_file).resolve(), folder)
            write_index(file, columns)
    return len(columns["id"])


def _corner_columns(lattice: SubBoxLattice) -> dict[str, np.ndarray]:
    """Return the lower corners of cubes in cells as index columns."""
    return {
        f"corner_{letter}": edges for letter, edges in zip(AXIS_NAMES, lattice.corners().T.copy())
    }


def _count_columns(files: BoxFiles, box: int, lattice: SubBoxLattice) -> dict[str, np.ndarray]:
    """Return the number and the total volume of the voids centred in each cube."""
    tables = []
    for place in np.unique(lattice.chosen[:, 0]):
        voids = slab_voids(files, box, lattice, lattice.offsets[place])
        chosen = lattice.chosen[lattice.chosen[:, 0] == place, 1:]
        tables.append(count_voids(voids, chosen))
    return join_columns(tables)
