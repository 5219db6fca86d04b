"""Inference of void maps of the slabs of a box."""

import dataclasses
import functools
from collections.abc import Sequence

import h5py
import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.table import Table
from tqdm import tqdm

from cosmodag.cutouts.window_sums import transverse_axes
from cosmodag.errors import InputError
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.voids.cutouts.slab_maps import project_inputs
from cosmodag.voids.grids.box_grid import BoxGrid
from cosmodag.voids.prediction.box_prediction import BoxInput, BoxPrediction
from cosmodag.voids.prediction.overlapping_windows import average_windows, tile
from cosmodag.voids.prediction.void_images import LENGTH_UNIT, layer_image
from cosmodag.voids.prediction.void_maps import VoidMaps, pixel_means
from cosmodag.voids.prediction.void_regions import find_map_voids


class SlabPrediction(BoxPrediction):
    """Maps of the slabs of a box along one or more lines of sight."""

    KIND = "void_maps"
    LAYERS = "slabs"

    def voids(self, threshold: float, divide: float | None = None) -> pd.DataFrame:
        """Return the voids of each slab, see `find_map_voids`."""
        return find_map_voids(self.maps, threshold, divide)

    def write(self, file: h5py.File) -> None:
        """Write one group per line of sight, named after it."""
        for each in self.maps:
            group = file.create_group(each.letter)
            rows, columns = each.transverse
            group.attrs.update(
                rows=rows, columns=columns, pixel_size=each.pixel_size, corner=each.corner
            )
            for name in ("probability", "overdensity"):
                values = getattr(each, name)
                group.create_dataset(
                    name, data=values, chunks=(1, *values.shape[1:]), compression="gzip"
                )
            group["lower"], group["upper"] = each.lower, each.upper

    def images(self) -> list[fits.ImageHDU | fits.BinTableHDU]:
        """Return an image (slab, row, column) for each line of sight, and a table of its slabs.

        The extensions ``PROBABILITY_Z`` and ``SLABS_Z`` contain the maps and the faces of the slabs
        for a line of sight along z.
        """
        hdus = []
        for each in self.maps:
            name = each.letter.upper()
            image = layer_image(each, f"PROBABILITY_{name}")
            line_of_sight = ("AXIS", each.letter, "line of sight")
            image.header.append(line_of_sight)
            if len(each) > 1 and not np.isclose(each.lower[-1] - each.lower[-2], each.depth):
                image.header["OVERLAP"] = (True, f"last slab begins at {each.lower[-1]:g}")
            table = fits.table_to_hdu(Table({"lower": each.lower, "upper": each.upper}))
            table.name = f"SLABS_{name}"
            table.header.extend([LENGTH_UNIT, line_of_sight])
            hdus += [image, table]
        return hdus


@dataclasses.dataclass(frozen=True)
class SlabInput(BoxInput):
    """How the input of a run of void maps was made from galaxies.

    Attributes
    ----------
    axes : tuple of int
        Lines of sight to predict; the others are those of `BoxInput`.
    """

    axes: tuple[int, ...] = (2,)

    PIXELS = "pixels"
    LENGTHS = ("side", "depth", "layers", "factor")
    OPTIONAL = ("margin_depth", "input_factor")

    @property
    def window_axes(self) -> set[int]:
        """Axes across the lines of sight."""
        return {other for axis in self.axes for other in transverse_axes(axis)}

    def along(self, axes: Sequence[int] | None) -> "SlabInput":
        """Return the input for other lines of sight; None stands for z alone."""
        if axes is None:
            return self
        is_list = isinstance(axes, list | tuple) and all(type(axis) is int for axis in axes)
        if not is_list or not axes or not set(axes) <= {0, 1, 2} or len(set(axes)) < len(axes):
            raise InputError(
                f"axes {axes!r}: give a list of different numbers of 0, 1 and 2, such as [2]"
            )
        return dataclasses.replace(self, axes=tuple(axes))

    def predict(self, run: TrainedRun, grid: BoxGrid) -> SlabPrediction:
        """Predict the void maps of all slabs, slab by slab."""
        offsets = {axis: slab_offsets(grid.cells[axis], self.shape.depth) for axis in self.axes}
        total = sum(map(len, offsets.values()))
        with tqdm(total=total, desc="void maps", unit="slab", disable=None) as bar:
            return SlabPrediction(
                [self._predict_axis(run, grid, axis, offsets[axis], bar) for axis in self.axes]
            )

    def overdensity(self, x: np.ndarray) -> np.ndarray:
        """Return the overdensity in each pixel of maps, averaged over their layers."""
        inside = x[..., self.shape.within]
        factor = self.shape.factor // self.shape.input_factor
        return pixel_means(inside, (factor, factor, inside.shape[-1]))[..., 0]

    def _predict_axis(
        self, run: TrainedRun, grid: BoxGrid, axis: int, offsets: np.ndarray, bar: tqdm
    ) -> VoidMaps:
        """Predict the maps of the slabs along one line of sight."""
        shape = self.shape
        transverse = list(transverse_axes(axis))
        tilings = [
            tile(grid.cells[other] // shape.factor, shape.pixels, periodic=grid.periodic)
            for other in transverse
        ]
        rows, columns = (tiling.length for tiling in tilings)
        probability = np.empty((len(offsets), rows, columns), np.float32)
        overdensity = np.empty_like(probability)
        planes = project_inputs(
            [grid.mass, *grid.fields],
            grid.mean_mass,
            shape,
            axis=axis,
            offsets=offsets.tolist(),
            margin=shape.side if grid.periodic else 0,
        )
        step = shape.input_factor
        factor = shape.factor // step
        for slab, cells in enumerate(planes):
            plane = cells[::step, ::step]
            probability[slab] = average_windows(
                tilings,
                factor,
                functools.partial(_window, plane, shape.x_side),
                run.probability,
                batch=run.batch_length,
            )
            overdensity[slab] = self.overdensity(plane[: rows * factor, : columns * factor])
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


def _window(plane: np.ndarray, side: int, corner: Sequence[int]) -> np.ndarray:
    """Return the part of a plane that one window covers."""
    i, j = corner
    return plane[i : i + side, j : j + side]


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
