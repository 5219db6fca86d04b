"""What the sub-boxes of a box see of one of its meshes, and of the voids in it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cosmodag.cutouts.sub_box_lattice import AXIS_NAMES
from cosmodag.cutouts.window_sums import transverse_axes
from cosmodag.evaluation.baselines.features import blocks
from cosmodag.voids.finders.void_catalogue import VoidCatalogue


def map_mesh(
    mesh: np.ndarray,
    index: pd.DataFrame,
    map_shape: tuple[int, ...],
    cells: Sequence[int],
) -> np.ndarray:
    """Average a mesh over each pixel of the maps of sub-boxes, as target maps are.

    Parameters
    ----------
    mesh : numpy.ndarray, shape (mx, my, mz)
        Values of a periodic box.
    index : pandas.DataFrame, N rows
        Index of sub-boxes of this box.
    map_shape : tuple of int
        Shape of a map: two axes if the line of sight is averaged over, three for cubes.
    cells : sequence of int, shape (3,)
        Cells of the galaxy grid, a multiple of those of the mesh.

    Returns
    -------
    numpy.ndarray, shape (N, *map_shape), float32
        Mean of each pixel or voxel.
    """
    places = _cells_of(index, mesh.shape, cells)
    maps = np.empty((len(index), *map_shape), np.float32)
    planes: dict[tuple[int, bytes], np.ndarray] = {}
    for row, (along, axis) in enumerate(zip(places, index["axis"])):
        if len(map_shape) == 3:
            window = mesh[np.ix_(*along)]
        else:
            depth = along[axis]
            key = (axis, depth.tobytes())
            if key not in planes:
                planes[key] = mesh.take(depth, axis).mean(axis, dtype=np.float64)
            window = planes[key][np.ix_(*(along[other] for other in transverse_axes(axis)))]
        maps[row] = blocks(window, window.shape[0] // map_shape[0]).mean(-1)
    return maps


def count_voids(voids: VoidCatalogue, index: pd.DataFrame) -> dict[str, np.ndarray]:
    """Count the voids whose centres lie in sub-boxes.

    Parameters
    ----------
    voids : VoidCatalogue, M voids
        Voids of a box.
    index : pandas.DataFrame, N rows
        Index of sub-boxes of this box.

    Returns
    -------
    dict from str to numpy.ndarray, shape (N,), float64
        `count` and `volume`, their total volume in (Mpc/h)³.
    """
    inside = np.ones((len(index), len(voids)), bool)
    for axis, letter in enumerate(AXIS_NAMES):
        lower, upper, size = (
            index[f"{edge}_{letter}"].to_numpy(np.float64)[:, np.newaxis]
            for edge in ("lower", "upper", "box_size")
        )
        inside &= (voids.position[:, axis] - lower) % size < upper - lower
    return {"count": inside.sum(1).astype(np.float64), "volume": inside @ voids.volume}


def _cells_of(
    index: pd.DataFrame, mesh_shape: Sequence[int], cells: Sequence[int]
) -> list[list[np.ndarray]]:
    """Return the mesh cell of each grid cell of each sub-box, along x, y and z."""
    along_axes = []
    for letter, coarse, fine in zip(AXIS_NAMES, mesh_shape, cells):
        size = index[f"box_size_{letter}"].to_numpy(np.float64) / fine
        lower, upper = (
            np.rint(index[f"{edge}_{letter}"].to_numpy(np.float64) / size).astype(int)
            for edge in ("lower", "upper")
        )
        ratio = fine // coarse
        along_axes.append([np.arange(i, j) % fine // ratio for i, j in zip(lower, upper)])
    return [list(along) for along in zip(*along_axes)]
