"""Maps of sub-boxes: projected galaxy overdensity and the voids along the line of sight."""

import dataclasses
import os
from collections.abc import Sequence

import h5py
from tqdm import tqdm

from cosmodag.cutouts.box_files import BoxFiles, open_boxes
from cosmodag.cutouts.examples_file import create_examples, join_columns, write_index
from cosmodag.cutouts.sub_box_index import index_columns
from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry, SubBoxLattice, sub_box_lattices
from cosmodag.cutouts.survey_channels import SELECTION
from cosmodag.errors import InputError
from cosmodag.hdf5 import create_file
from cosmodag.threads import numba_threads
from cosmodag.voids.cutouts.box_attributes import box_attributes
from cosmodag.voids.cutouts.map_shape import MapShape
from cosmodag.voids.cutouts.slab_maps import project_slabs
from cosmodag.voids.cutouts.slab_voids import count_voids

EXAMPLES_PER_WRITE = 32
"""Examples in memory before they are written; it bounds the memory at any size of the lattice."""


def cut_sub_boxes(
    grid_file: str | os.PathLike,
    labels_file: str | os.PathLike,
    output: str | os.PathLike,
    geometry: SubBoxGeometry,
    *,
    layers: int = 1,
    factor: int = 4,
    margin_depth: int = 0,
    input_factor: int = 1,
    labels: Sequence[str] | None = None,
    threads: int | None = None,
) -> int:
    """Cut sub-boxes out of grids and write their maps as an examples file.

    The input of an example is the galaxy overdensity averaged over the depth of the sub-box, with
    one channel per layer, then each field of the grid file, averaged alike. Its target consists of
    two maps per label with `factor` cells per pixel: the fraction of the sight line inside voids,
    and the cloud-in-cell map of the void centres within the depth. The index contains the number
    and the total volume of the voids centred in the sub-box. Rows and columns of input and target
    are (y, z), (x, z) or (x, y) for a line of sight along x, y or z.

    Parameters
    ----------
    grid_file, labels_file : path-like
        Grid file of the galaxies and labels file of the same boxes.
    output : path-like
        Examples file to write.
    geometry : SubBoxGeometry
        Size and spacing of the sub-boxes.
    layers : int
        Number of layers of equal depth, one input channel each.
    factor : int
        Cells per pixel of the target maps along each side.
    margin_depth : int
        Cells by which the input reaches beyond the sub-box at both ends of the line of sight, in
        further layers; boxes must be periodic.
    input_factor : int
        Cells per pixel of the input maps along each side.
    labels : sequence of str, optional
        Labels to use as targets; all labels of the file by default.
    threads : int, optional
        Threads of the projection; numba's number of threads by default.

    Returns
    -------
    int
        Number of examples.

    Raises
    ------
    InputError
        The files disagree, sub-boxes do not fit into the box, a length does not divide by the parts
        that it is cut into, or margins do not suit the box.

    Examples
    --------
    The published protocol, 22³ = 10,648 sub-boxes of a periodic grid of 1050³ cells:

    >>> geometry = SubBoxGeometry(
    ...     side=224, depth=224, stride=37, stride_depth=37, positions=(22, 22, 22)
    ... )
    >>> cut_sub_boxes("grid.h5", "labels.h5", "examples.h5", geometry)  # doctest: +SKIP
    10648
    """
    shape = MapShape(geometry.side, geometry.depth, layers, factor, margin_depth, input_factor)
    with open_boxes(grid_file, labels_file, labels) as files, numba_threads(threads):
        if SELECTION in files.fields:
            raise InputError(
                f"{grid_file}: its boxes are observed by a survey, which has no common line of "
                "sight of maps; cut cubes"
            )
        if margin_depth and not files.periodic:
            raise InputError(
                f"{grid_file}: its boxes are not periodic, so nothing is known beyond their faces; "
                "set margin_depth to 0"
            )
        if margin_depth and shape.input_depth > min(files.cells):
            raise InputError(
                f"margin_depth {margin_depth}: with both margins the input is {shape.input_depth} "
                f"cells deep, but {grid_file} has {min(files.cells)}; choose less"
            )
        lattices = sub_box_lattices(files, geometry)
        with create_file(output, "examples", inputs=[grid_file, labels_file]) as file:
            return _write_examples(file, files, lattices, shape)


def _write_examples(
    file: h5py.File, files: BoxFiles, lattices: list[SubBoxLattice], shape: MapShape
) -> int:
    """Write all examples and their index, and return the number of examples."""
    channels = shape.x_channels(files.fields)
    x, y = create_examples(
        file,
        experiment="voids",
        count=len(files.boxes) * sum(len(lattice) for lattice in lattices),
        x_shape=(shape.x_side, shape.x_side, len(channels)),
        y_shape=(shape.pixels, shape.pixels, 2 * len(files.labels)),
        x_channels=channels,
        y_channels=[
            f"{quantity}_{label}" for label in files.labels for quantity in ("fraction", "centres")
        ],
    )
    file.attrs.update(
        dataclasses.asdict(shape), **({"fields": files.fields} if files.fields else {})
    )
    file.attrs["source"] = files.grid.attrs.get("source", "")
    file.attrs.update(box_attributes(files))
    projections = [(box, lattice) for box in range(len(files.boxes)) for lattice in lattices]
    tables, first = [], 0
    for box, lattice in tqdm(projections, desc="sub-boxes", unit="projection", disable=None):
        counts = []
        for slab in project_slabs(files, box, lattice, shape):
            for start in range(0, len(slab), EXAMPLES_PER_WRITE):
                stop = min(start + EXAMPLES_PER_WRITE, len(slab))
                rows = slice(first + start, first + stop)
                x[rows], y[rows] = slab.maps(slice(start, stop))
            first += len(slab)
            counts.append(count_voids(slab.voids, slab.places))
        tables.append(index_columns(files, box, lattice) | join_columns(counts))
    write_index(file, join_columns(tables))
    return first
