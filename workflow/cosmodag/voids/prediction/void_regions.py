"""Voids as regions of a map or a cube where the probability is above a threshold."""

from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np
import pandas as pd
import scipy.ndimage

from cosmodag.voids.finders.flooding import flood
from cosmodag.voids.finders.region_shapes import RegionShapes, measure_regions
from cosmodag.voids.finders.underdense_regions import label_regions
from cosmodag.voids.prediction.void_maps import VoidMaps

OF_PROBABILITY = ("mean_probability", "maximum_probability", "at_edge")
MAP_COLUMNS = (
    *("axis", "slab", "lower", "upper", "x", "y", "z", "area", "effective_radius", "ellipticity"),
    *OF_PROBABILITY,
)
"""Columns of the catalogue of maps; `lower` and `upper` are the faces of the slab."""
CUBE_COLUMNS = ("x", "y", "z", "volume", "effective_radius", "ellipticity", *OF_PROBABILITY)
"""Columns of the catalogue of a cube."""


class Regions(NamedTuple):
    """Regions of layers of a box, from the largest on.

    Attributes
    ----------
    shapes : RegionShapes
        Centres in Mpc/h from the lower corner of the layers, numbers of pixels, and covariances,
        along layers, rows and columns.
    columns : dict from str to numpy.ndarray, shape (M,)
        The columns `OF_PROBABILITY` of the catalogue.
    """

    shapes: RegionShapes
    columns: dict[str, np.ndarray]


def find_map_voids(
    maps: Sequence[VoidMaps], threshold: float, divide: float | None = None
) -> pd.DataFrame:
    """Return the catalogue of the voids in the maps of slabs of a box.

    Pixels that share a side are connected, also through opposite sides of a periodic map.

    Parameters
    ----------
    maps : sequence of VoidMaps
        Maps along one or more lines of sight.
    threshold : float
        Probability from which a pixel is part of a void.
    divide : float, optional
        Standard deviation in Mpc/h of the Gaussian that smooths the probability. Regions are
        divided at its ridges; without it they are not.

    Returns
    -------
    pandas.DataFrame
        One row per void, in the order of lines of sight and slabs, in a slab from the largest on:

        - `axis`, name of the line of sight, and `slab`, number of the map from 0;
        - `lower`, `upper`, faces of the slab along the line of sight in Mpc/h;
        - `x`, `y`, `z`, centre in Mpc/h: centre of area, and the middle of the slab;
        - `area` in (Mpc/h)², and `effective_radius` in Mpc/h of the circle of equal area;
        - `ellipticity`, 1 - b/a of the ellipse of equal second moments;
        - `mean_probability` and `maximum_probability` of its pixels;
        - `at_edge`, whether it touches the edge of an open box, which may cut it off.
    """
    tables = [
        _map_voids(each, slab, threshold, divide) for each in maps for slab in range(len(each))
    ]
    return pd.concat(tables, ignore_index=True)[list(MAP_COLUMNS)]


def find_cube_voids(cube: VoidMaps, threshold: float, divide: float | None = None) -> pd.DataFrame:
    """Return the catalogue of the voids in a cube.

    Voxels that share a face are connected, also through opposite faces of a periodic box.

    Parameters
    ----------
    cube : VoidMaps
        Layers of voxels.
    threshold : float
        Probability from which a voxel is part of a void.
    divide : float, optional
        As in `find_map_voids`.

    Returns
    -------
    pandas.DataFrame
        One row per void, from the largest on:

        - `x`, `y`, `z`, centre of volume in Mpc/h. It has little meaning for a region that spans a
          periodic box;
        - `volume` in (Mpc/h)³, and `effective_radius` in Mpc/h of the sphere of equal volume;
        - `ellipticity`, see `cosmodag.voids.finders.region_shapes.RegionShapes`;
        - `mean_probability` and `maximum_probability` of its voxels;
        - `at_edge`, whether it touches the edge of an open box or of a survey, which may cut it
          off.
    """
    shapes, columns = _find_regions(cube, slice(None), threshold, divide, axes=(0, 1, 2))
    volume = shapes.n_cells * cube.voxel_size.prod()
    table = pd.DataFrame(
        {
            **_centres(cube, shapes, cube.lower[0]),
            "volume": volume,
            "effective_radius": np.cbrt(volume * 3 / (4 * np.pi)),
            "ellipticity": shapes.ellipticity,
            **columns,
        }
    )
    return table[list(CUBE_COLUMNS)]


def _map_voids(maps: VoidMaps, slab: int, threshold: float, divide: float | None) -> pd.DataFrame:
    """Return the voids in the map of one slab."""
    layers = slice(slab, slab + 1)
    shapes, columns = _find_regions(maps, layers, threshold, divide, axes=(1, 2))
    area = shapes.n_cells * maps.pixel_size.prod()
    least, largest = np.linalg.eigvalsh(shapes.covariance[:, 1:, 1:]).T
    return pd.DataFrame(
        {
            "axis": maps.letter,
            "slab": slab,
            "lower": maps.lower[slab],
            "upper": maps.upper[slab],
            **_centres(maps, shapes, maps.lower[slab]),
            "area": area,
            "effective_radius": np.sqrt(area / np.pi),
            "ellipticity": 1 - np.sqrt(np.maximum(least, 0) / largest),
            **columns,
        }
    )


def _centres(maps: VoidMaps, shapes: RegionShapes, lower: float) -> dict[str, np.ndarray]:
    """Return the centres of regions in Mpc/h by the name of the axis."""
    names = (maps.letter, *maps.transverse)
    return dict(zip(names, (shapes.centre + np.array([lower, *maps.corner])).T))


def _find_regions(
    maps: VoidMaps, layers: slice, threshold: float, divide: float | None, *, axes: tuple[int, ...]
) -> Regions:
    """Find the regions of some layers.

    The edges of the box are those along `axes`, of 0 (layers), 1 (rows) and 2 (columns).
    """
    probability, voxel = maps.probability[layers], maps.voxel_size
    inside = probability >= threshold
    if divide is None:
        regions, count = label_regions(inside, periodic=maps.periodic)
        regions -= 1
    else:
        scale = [divide / voxel[axis] if axis in axes else 0.0 for axis in range(3)]
        mode = "wrap" if maps.periodic else "nearest"
        known = np.nan_to_num(probability)
        outside = 1 - scipy.ndimage.gaussian_filter(known, scale, mode=mode)
        basins = flood(outside, lowest_ridge=0.0, inside=inside, periodic=maps.periodic)
        regions, count = basins.rows, len(basins.minimum)
    shapes = measure_regions(regions, count, voxel * regions.shape, periodic=maps.periodic)
    total, maximum = np.zeros(count), np.zeros(count)
    at_edge = np.zeros(count, bool)
    _add_pixels(regions, probability, axes, total, maximum, at_edge)
    beside = scipy.ndimage.binary_dilation(np.isnan(probability))
    at_edge[np.unique(regions[beside & (regions >= 0)])] = True
    order = np.argsort(-shapes.n_cells, kind="stable")
    n_cells = shapes.n_cells[order]
    return Regions(
        RegionShapes(
            shapes.centre[order],
            n_cells,
            # A pixel has an extent, so that a single one is round.
            shapes.covariance[order] + np.diag(voxel**2 / 12),
        ),
        {
            "mean_probability": total[order] / n_cells,
            "maximum_probability": maximum[order],
            "at_edge": at_edge[order] & (not maps.periodic),
        },
    )


@numba.njit(cache=True, nogil=True)
def _add_pixels(regions, probability, axes, total, maximum, at_edge):
    """Add the probabilities of the pixels of each region, and note whether one is at an edge."""
    for i, j, k in np.ndindex(regions.shape):
        region = regions[i, j, k]
        if region >= 0:
            total[region] += probability[i, j, k]
            maximum[region] = max(maximum[region], probability[i, j, k])
            place = (i, j, k)
            for axis in axes:
                if place[axis] == 0 or place[axis] == regions.shape[axis] - 1:
                    at_edge[region] = True
