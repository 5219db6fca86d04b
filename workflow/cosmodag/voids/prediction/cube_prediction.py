"""Inference of the cube of the probability of a void in a box."""

import math
from collections.abc import Mapping, Sequence

import h5py
import numpy as np
import pandas as pd
from astropy.io import fits
from tqdm import tqdm

from cosmodag.cutouts.cube_reader import cube_channels
from cosmodag.cutouts.known_pixels import LEAST_KNOWN
from cosmodag.errors import InputError
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.voids.cutouts.map_shape import MapShape
from cosmodag.voids.grids.box_grid import BoxGrid
from cosmodag.voids.prediction.box_prediction import BoxInput, BoxPrediction
from cosmodag.voids.prediction.overlapping_windows import average_windows, tile
from cosmodag.voids.prediction.void_images import layer_image
from cosmodag.voids.prediction.void_maps import VoidMaps, pixel_means
from cosmodag.voids.prediction.void_regions import find_cube_voids

CHUNK = 64
"""Largest side of a chunk of the file in voxels."""
LARGEST_SHARE = 0.5
"""Share of the volume of all regions from which the largest is warned of."""


class CubePrediction(BoxPrediction):
    """Cube of a box, as the maps of its layers of voxels along x: rows are y and columns z."""

    KIND = "void_cube"
    LAYERS = "layers of voxels"

    @property
    def cube(self) -> VoidMaps:
        """Layers of voxels along x; its arrays have the shape (nx, ny, nz)."""
        (cube,) = self.maps
        return cube

    def voids(self, threshold: float, divide: float | None = None) -> pd.DataFrame:
        """Return the voids of the cube, see `find_cube_voids`."""
        return find_cube_voids(self.cube, threshold, divide)

    def warnings(self, voids: pd.DataFrame) -> list[str]:
        """Return a warning where most of the volume is one region."""
        share = float(voids["volume"].max() / voids["volume"].sum()) if len(voids) else 0.0
        if share < LARGEST_SHARE:
            return []
        return [
            f"the largest of {len(voids)} regions has {share:.0%} of their volume: voids that "
            "touch are one; divide them, or set a higher threshold"
        ]

    def write(self, file: h5py.File) -> None:
        """Write datasets (nx, ny, nz), with side and place of the voxels as attributes."""
        file.attrs.update(
            voxel_size=self.cube.voxel_size, corner=[self.cube.lower[0], *self.cube.corner]
        )
        for name in ("probability", "overdensity"):
            values = getattr(self.cube, name)
            chunks = tuple(min(CHUNK, length) for length in values.shape)
            file.create_dataset(name, data=values, chunks=chunks, compression="gzip")

    def images(self) -> list[fits.ImageHDU | fits.BinTableHDU]:
        """Return one image (x, y, z), ``PROBABILITY``."""
        return [layer_image(self.cube, "PROBABILITY")]


class CubeInput(BoxInput):
    """How the input of a run on cubes was made from galaxies."""

    PIXELS = "voxels"
    LENGTHS = ("side", "factor")

    @staticmethod
    def window(lengths: Mapping[str, int]) -> MapShape:
        """Return the lengths of a cube."""
        return MapShape(depth=lengths["side"], **lengths)

    @property
    def window_axes(self) -> set[int]:
        """All axes."""
        return {0, 1, 2}

    def along(self, axes: Sequence[int] | None) -> "CubeInput":
        """Return the input as it is, and refuse lines of sight, which cubes do not have."""
        if axes is not None:
            raise InputError(
                f"axes {axes!r}: the run was trained on cubes, which have no line of sight; "
                "leave axes out"
            )
        return self

    def predict(self, run: TrainedRun, grid: BoxGrid) -> CubePrediction:
        """Predict the cube of the whole box, window by window."""
        side, factor = self.shape.side, self.shape.factor
        tilings = [
            tile(cells // factor, self.shape.pixels, periodic=grid.periodic) for cells in grid.cells
        ]
        meshes, mean_mass = [grid.mass, *grid.fields], grid.mean_mass
        total = math.prod(map(len, tilings))
        with tqdm(total=total, desc="void cube", unit="window", disable=None) as bar:

            def predict(windows: np.ndarray) -> np.ndarray:
                probability = run.probability(windows)
                bar.update(len(windows))
                return probability

            probability = average_windows(
                tilings,
                factor,
                lambda corner: cube_channels(meshes, mean_mass, corner, side),
                predict,
                batch=run.batch_length,
            )
        voxel = factor * grid.cell_size
        lower = grid.origin[0] + voxel[0] * np.arange(len(probability))
        cube = VoidMaps(
            axis=0,
            probability=probability,
            overdensity=pixel_means(grid.mass, (factor,) * 3) / np.float32(mean_mass) - 1,
            lower=lower,
            upper=lower + voxel[0],
            pixel_size=voxel[1:],
            corner=grid.origin[1:],
            periodic=grid.periodic,
        )
        known = None
        if grid.known is not None:
            known = pixel_means(grid.known, (factor,) * 3) >= LEAST_KNOWN
        return CubePrediction([cube.within(known)])

    def overdensity(self, x: np.ndarray) -> np.ndarray:
        """Return the overdensity in each voxel of cubes."""
        return pixel_means(x[..., 0], (self.shape.factor,) * 3)
