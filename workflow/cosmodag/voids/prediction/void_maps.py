"""Maps of the probability of a void in the slabs of a box."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from cosmodag.cutouts.sub_box_lattice import AXIS_NAMES
from cosmodag.cutouts.window_sums import transverse_axes
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.voids.cutouts.map_shape import MapShape
from cosmodag.voids.cutouts.slab_maps import project_inputs
from cosmodag.voids.grids.box_grid import BoxGrid
from cosmodag.voids.prediction.overlapping_windows import predict_map, tile


@dataclass(frozen=True)
class VoidMaps:
    """Maps of all slabs of a box along one line of sight.

    Attributes
    ----------
    axis : int
        Line of sight; the other axes become rows and columns, see `transverse_axes`.
    probability : numpy.ndarray, shape (slabs, rows, columns), float32
        Probability of a void.
    overdensity : numpy.ndarray, shape (slabs, rows, columns), float32
        Galaxy overdensity, averaged over the depth of the slab and over each pixel.
    lower, upper : numpy.ndarray, shape (slabs,), float64
        Faces of the slabs along the line of sight in Mpc/h, in the coordinates of the catalogue.
        The last slab ends at the end of the box and may overlap the one before.
    pixel_size : numpy.ndarray, shape (2,), float64
        Sides of a pixel along rows and columns in Mpc/h.
    corner : numpy.ndarray, shape (2,), float64
        Lower corner of the first pixel along rows and columns in Mpc/h.
    periodic : bool
        Whether the maps are periodic.
    """

    axis: int
    probability: np.ndarray
    overdensity: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    pixel_size: np.ndarray
    corner: np.ndarray
    periodic: bool

    @property
    def letter(self) -> str:
        """Name of the line of sight."""
        return AXIS_NAMES[self.axis]

    @property
    def transverse(self) -> tuple[str, str]:
        """Names of the axes along rows and columns."""
        rows, columns = transverse_axes(self.axis)
        return AXIS_NAMES[rows], AXIS_NAMES[columns]

    def __len__(self) -> int:
        return len(self.lower)


def predict_box(
    run: TrainedRun, grid: BoxGrid, shape: MapShape, axes: Sequence[int]
) -> list[VoidMaps]:
    """Predict the void maps of all slabs of a box, slab by slab.

    Parameters
    ----------
    run : TrainedRun
        Run of void maps.
    grid : BoxGrid
        Galaxies of the box.
    shape : MapShape
        Lengths of the windows of the run in cells.
    axes : sequence of int
        Lines of sight.

    Returns
    -------
    list of VoidMaps
        One for each line of sight.
    """
    offsets = {axis: slab_offsets(grid.cells[axis], shape.depth) for axis in axes}
    total = sum(map(len, offsets.values()))
    with tqdm(total=total, desc="void maps", unit="slab", disable=None) as bar:
        return [_predict_axis(run, grid, shape, axis, offsets[axis], bar) for axis in axes]


def slab_offsets(cells: int, depth: int) -> np.ndarray:
    """Return the lower edges in cells of the fewest slabs that cover a line of sight.

    Parameters
    ----------
    cells, depth : int
        Length of the line of sight and of a slab in cells.

    Returns
    -------
    numpy.ndarray, shape (slabs,), int64

    Examples
    --------
    >>> slab_offsets(10, 4)
    array([0, 4, 6])
    """
    return np.minimum(np.arange(-(-cells // depth)) * depth, cells - depth)


def _predict_axis(
    run: TrainedRun, grid: BoxGrid, shape: MapShape, axis: int, offsets: np.ndarray, bar: tqdm
) -> VoidMaps:
    """Predict the maps of the slabs along one line of sight."""
    transverse = list(transverse_axes(axis))
    down, across = (
        tile(grid.cells[other] // shape.factor, shape.pixels, periodic=grid.periodic)
        for other in transverse
    )
    probability = np.empty((len(offsets), down.length, across.length), np.float32)
    overdensity = np.empty_like(probability)
    margin = shape.side if grid.periodic else 0
    planes = project_inputs(
        [grid.mass, *grid.fields],
        grid.mean_mass,
        shape,
        axis=axis,
        offsets=offsets.tolist(),
        margin=margin,
    )
    step = shape.input_factor
    factor = shape.factor // step
    for slab, cells in enumerate(planes):
        plane = cells[::step, ::step]
        probability[slab] = predict_map(
            plane, (down, across), factor, lambda x: run.predict(x)["probability"][:, 0]
        )
        inside = plane[: down.length * factor, : across.length * factor, shape.within]
        overdensity[slab] = pixel_means(inside, factor)
        bar.update()
    lower = grid.origin[axis] + offsets * grid.cell_size[axis]
    return VoidMaps(
        axis=axis,
        probability=probability,
        overdensity=overdensity,
        lower=lower,
        upper=lower + shape.depth * grid.cell_size[axis],
        pixel_size=shape.factor * grid.cell_size[transverse],
        corner=grid.origin[transverse],
        periodic=grid.periodic,
    )


def pixel_means(planes: np.ndarray, factor: int) -> np.ndarray:
    """Return the means of planes over all layers and over each pixel of a map.

    Parameters
    ----------
    planes : numpy.ndarray, shape (…, rows, columns, layers)
        Values in cells; rows and columns are multiples of `factor`.
    factor : int
        Cells per pixel along each axis.

    Returns
    -------
    numpy.ndarray, shape (…, rows / factor, columns / factor)
    """
    *more, rows, columns, _ = planes.shape
    blocks = planes.mean(axis=-1).reshape(*more, rows // factor, factor, columns // factor, factor)
    return blocks.mean(axis=(-3, -1))
