"""Maps of sub-boxes: projected galaxy overdensity beside the voids behind it."""

import dataclasses
import os
from collections.abc import Sequence

import h5py
from tqdm import tqdm

from cosmodag.cutouts.box_files import BoxFiles, open_boxes
from cosmodag.cutouts.examples_file import create_examples, join_columns, write_index
from cosmodag.cutouts.sub_box_index import index_columns
from cosmodag.cutouts.sub_box_plan import Lattice, plan_sub_boxes
from cosmodag.files import whole_file
from cosmodag.threads import numba_threads
from cosmodag.voids.cutouts.slab_maps import SubBoxShape, count_voids, slabs_of

WRITTEN_AT_ONCE = 32
"""Examples gathered before they are written: bounds the memory at any size of the lattice."""


def cut_boxes(
    grid_file: str | os.PathLike,
    labels_file: str | os.PathLike,
    output: str | os.PathLike,
    *,
    side: int,
    depth: int,
    stride: int,
    stride_depth: int | None = None,
    axes: Sequence[int] = (2,),
    layers: int = 1,
    factor: int = 4,
    labels: Sequence[str] | None = None,
    positions: Sequence[int] | None = None,
    wrap: bool = False,
    regions: Sequence[int] | None = None,
    buffer: float = 0.0,
    maximum: int | None = None,
    threads: int | None = None,
) -> int:
    """Cut overlapping or disjoint sub-boxes out of grids and write them as an examples file.

    An example is the galaxy overdensity averaged over the depth of the sub-box (`layers` parts of
    it, one channel each), beside two maps for each label at 1/`factor` of the resolution: the
    fraction of the sight line that lies inside voids, and the cloud-in-cell map of void centres
    within the depth. Number and summed volume of the voids centred in the sub-box go to the index.
    Input and target have the same rows and columns: (y, z), (x, z) or (x, y) for a line of sight
    along x, y or z.

    The published protocol is a periodic 1050³ grid with `side=224, depth=224, stride=37,
    stride_depth=37, positions=[22, 22, 22]`: 10,648 sub-boxes. In a grid of 420³ cells the same
    side, depth and strides give 6³ = 216.

    Parameters
    ----------
    grid_file : path
        Grid file of the galaxies.
    labels_file : path
        Labels file of the same boxes.
    output : path
        Examples file to write.
    side : int
        Side of a map in cells.
    depth : int
        Depth of a sub-box along the line of sight in cells.
    stride : int
        Distance between neighbours across the line of sight in cells.
    stride_depth : int, optional
        Distance between neighbours along the line of sight in cells; `depth` by default.
    axes : sequence of int
        Lines of sight.
    layers : int
        Equal parts of the depth, one input channel each.
    factor : int
        Cells to a pixel of the target maps, along each side.
    labels : sequence of str, optional
        Labels to learn; all of the labels file by default.
    positions : sequence of int, shape (3,), optional
        Positions along x, y and z; as many as fit by default.
    wrap : bool
        Let sub-boxes pass the end of a periodic box and go on at its beginning.
    regions : sequence of int, shape (3,), optional
        Cut each box into so many disjoint regions along x, y and z, each a group of its own.
        Sub-boxes that lie in more than one are dropped.
    buffer : float
        Smallest distance between sub-boxes of different regions in Mpc/h.
    maximum : int, optional
        Keep at most so many sub-boxes of each box, evenly spaced.
    threads : int, optional
        Threads of the projection.

    Returns
    -------
    int
        Number of examples written.

    Raises
    ------
    InputError
        The files disagree, sub-boxes do not fit, or a length does not divide as it must.
    """
    shape = SubBoxShape(side, depth, layers, factor)
    with open_boxes(grid_file, labels_file, labels) as files, numba_threads(threads):
        lattices = plan_sub_boxes(
            files,
            side=side,
            depth=depth,
            stride=stride,
            stride_depth=depth if stride_depth is None else stride_depth,
            axes=axes,
            wrap=wrap,
            positions=positions,
            regions=regions,
            buffer=buffer,
            maximum=maximum,
        )
        with whole_file(output) as partial, h5py.File(partial, "w") as file:
            return _fill(file, files, lattices, shape, wrap=wrap, named_regions=regions is not None)


def _fill(
    file: h5py.File,
    files: BoxFiles,
    lattices: list[Lattice],
    shape: SubBoxShape,
    *,
    wrap: bool,
    named_regions: bool,
) -> int:
    """Write all examples and their index; give their number."""
    x, y = create_examples(
        file,
        experiment="voids",
        count=len(files.boxes) * sum(len(lattice.chosen) for lattice in lattices),
        x_shape=(shape.side, shape.side, shape.layers),
        y_shape=(shape.pixels, shape.pixels, 2 * len(files.labels)),
        x_channels=shape.x_channels,
        y_channels=[
            f"{quantity}_{label}" for label in files.labels for quantity in ("fraction", "centres")
        ],
    )
    file.attrs.update(dataclasses.asdict(shape))
    file.attrs["source"] = files.grid.attrs.get("source", "")
    file.attrs["cell_size"] = files.cell_size
    projections = [(box, lattice) for box in range(len(files.boxes)) for lattice in lattices]
    parts, first = [], 0
    for box, lattice in tqdm(projections, desc="sub-boxes", unit="projection", disable=None):
        counts = []
        for slab in slabs_of(files, box, lattice, shape, wrap=wrap):
            for start in range(0, len(slab), WRITTEN_AT_ONCE):
                stop = min(start + WRITTEN_AT_ONCE, len(slab))
                here = slice(first + start, first + stop)
                x[here], y[here] = slab.maps(slice(start, stop))
            first += len(slab)
            counts.append(count_voids(slab.voids, slab.places))
        parts.append(
            index_columns(files, box, lattice, shape.side, shape.depth, named_regions=named_regions)
            | join_columns(counts)
        )
    write_index(file, join_columns(parts))
    return first
