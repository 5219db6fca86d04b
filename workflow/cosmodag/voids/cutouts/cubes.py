"""Lists of cubes, which are cut out of grids and masks when they are read."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from cosmodag.cutouts.box_files import BoxFiles, open_boxes
from cosmodag.cutouts.examples_file import describe_examples, join_columns, write_index
from cosmodag.cutouts.sub_box_index import index_columns
from cosmodag.cutouts.sub_box_plan import Lattice, plan_sub_boxes
from cosmodag.files import whole_file
from cosmodag.voids.cutouts.slab_maps import SubBoxShape, count_voids, voids_at


def list_cubes(
    grid_file: str | os.PathLike,
    labels_file: str | os.PathLike,
    output: str | os.PathLike,
    *,
    side: int,
    stride: int | None = None,
    factor: int = 1,
    labels: Sequence[str] | None = None,
    positions: Sequence[int] | None = None,
    wrap: bool = False,
    regions: Sequence[int] | None = None,
    buffer: float = 0.0,
    maximum: int | None = None,
) -> int:
    """Write an examples file that lists cubes without holding them.

    A cube is a sub-box as deep as it is wide. Its input is the galaxy overdensity, its target the
    fraction of each `factor`³ cells inside voids. The file remembers where the grid and the labels
    lie relative to itself; `cosmodag.cutouts.cube_reader` cuts the cubes out of them.

    Parameters
    ----------
    grid_file, labels_file, output : path
    side : int
        In cells.
    stride : int, optional
        Distance between neighbours along each axis in cells; `side` by default.
    factor : int
        Cells to a voxel of the target along each axis.
    labels, positions, wrap, regions, buffer, maximum
        As for `cosmodag.voids.cutouts.sub_boxes.cut_boxes`.

    Returns
    -------
    int
        Number of cubes.

    Raises
    ------
    InputError
        The files disagree, cubes do not fit, or `side` does not divide by `factor`.
    """
    stride = side if stride is None else stride
    shape = SubBoxShape(side, side, factor=factor)
    with open_boxes(grid_file, labels_file, labels) as files:
        lattices = plan_sub_boxes(
            files,
            side=side,
            depth=side,
            stride=stride,
            stride_depth=stride,
            axes=[2],
            wrap=wrap,
            positions=positions,
            regions=regions,
            buffer=buffer,
            maximum=maximum,
        )
        columns = join_columns(
            [
                index_columns(files, box, lattice, side, side, named_regions=regions is not None)
                | {f"corner_{letter}": lattice.corners()[:, k] for k, letter in enumerate("xyz")}
                | _counts(files, box, lattice, shape)
                for box, lattice in itertools.product(range(len(files.boxes)), lattices)
            ]
        )
        with whole_file(output) as partial, h5py.File(partial, "w") as file:
            describe_examples(
                file,
                experiment="voids",
                x_channels=["overdensity"],
                y_channels=[f"fraction_{label}" for label in files.labels],
            )
            file.attrs.update(
                cubes=True, side=side, factor=factor, labels=files.labels, cell_size=files.cell_size
            )
            folder = Path(output).resolve().parent
            file.attrs["grid_file"] = os.path.relpath(Path(grid_file).resolve(), folder)
            file.attrs["labels_file"] = os.path.relpath(Path(labels_file).resolve(), folder)
            write_index(file, columns)
    return len(columns["id"])


def _counts(
    files: BoxFiles, box: int, lattice: Lattice, shape: SubBoxShape
) -> dict[str, np.ndarray]:
    parts = []
    for place in np.unique(lattice.chosen[:, 0]):
        voids = voids_at(files, box, lattice, lattice.offsets[place], shape)
        chosen = lattice.chosen[lattice.chosen[:, 0] == place, 1:]
        parts.append(count_voids(voids, chosen))
    return join_columns(parts)
