"""Voids as connected regions of a map where the probability is above a threshold."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cosmodag.voids.finders.underdense_regions import label_regions
from cosmodag.voids.prediction.void_maps import VoidMaps

COLUMNS = (
    *("axis", "slab", "lower", "upper", "x", "y", "z", "area", "effective_radius"),
    *("ellipticity", "mean_probability", "maximum_probability", "at_edge"),
)
"""Columns of the catalogue; `lower` and `upper` are the faces of the slab."""


def find_regions(maps: Sequence[VoidMaps], threshold: float) -> pd.DataFrame:
    """Return the catalogue of the voids in the maps of a box.

    Pixels that share a side are connected, also through opposite sides of a periodic map.

    Parameters
    ----------
    maps : sequence of VoidMaps
        Maps along one or more lines of sight.
    threshold : float
        Probability from which a pixel is part of a void.

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
    tables = [_slab_regions(each, slab, threshold) for each in maps for slab in range(len(each))]
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def _slab_regions(maps: VoidMaps, slab: int, threshold: float) -> pd.DataFrame:
    """Return the voids in one map."""
    probability = maps.probability[slab]
    labels, count = label_regions((probability >= threshold)[..., None], periodic=maps.periodic)
    pixels = np.stack(np.nonzero(labels[..., 0]), axis=1)
    region = labels[pixels[:, 0], pixels[:, 1], 0] - 1
    n_pixels = np.bincount(region, minlength=count)
    inside = probability[pixels[:, 0], pixels[:, 1]]
    maximum = np.zeros(count)
    np.maximum.at(maximum, region, inside)
    edge = ((pixels == 0) | (pixels == np.array(probability.shape) - 1)).any(axis=1)
    centre, ellipticity = _shapes(pixels, region, n_pixels, maps, probability.shape)
    area = n_pixels * maps.pixel_size.prod()
    letters = dict(zip(maps.transverse, (centre + maps.corner).T))
    table = pd.DataFrame(
        {
            "axis": maps.letter,
            "slab": slab,
            "lower": maps.lower[slab],
            "upper": maps.upper[slab],
            maps.letter: (maps.lower[slab] + maps.upper[slab]) / 2,
            **letters,
            "area": area,
            "effective_radius": np.sqrt(area / np.pi),
            "ellipticity": ellipticity,
            "mean_probability": np.bincount(region, inside, count) / n_pixels,
            "maximum_probability": maximum,
            "at_edge": np.bincount(region, edge, count).astype(bool) & (not maps.periodic),
        }
    )
    return table.sort_values("area", ascending=False, kind="stable")


def _shapes(
    pixels: np.ndarray,
    region: np.ndarray,
    n_pixels: np.ndarray,
    maps: VoidMaps,
    shape: tuple[int, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the centre (regions, 2) in Mpc/h from the corner, and the ellipticity, of regions.

    In a periodic map pixels are placed next to the circular mean of their region. No pixel of a
    region that is shorter than half the map is on the other side of it.
    """

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(region, values, len(n_pixels)) / n_pixels

    place = (pixels + 0.5) * maps.pixel_size
    sides = np.array(shape) * maps.pixel_size
    if maps.periodic:
        phase = 2 * np.pi * place / sides
        sine, cosine = (
            np.stack([mean(wave[:, k]) for k in (0, 1)], axis=1)
            for wave in (np.sin(phase), np.cos(phase))
        )
        reference = np.arctan2(sine, cosine) / (2 * np.pi) * sides
        offset = place - reference[region]
        place = reference[region] + offset - sides * np.round(offset / sides)
    centre = np.stack([mean(place[:, k]) for k in (0, 1)], axis=1)
    offset = place - centre[region]
    # A pixel is a square and not a point, so that a single one has a round ellipse.
    rows, columns = (mean(offset[:, k] ** 2) + maps.pixel_size[k] ** 2 / 12 for k in (0, 1))
    mixed = mean(offset[:, 0] * offset[:, 1])
    middle, spread = (rows + columns) / 2, np.hypot((rows - columns) / 2, mixed)
    ellipticity = 1 - np.sqrt(np.maximum(middle - spread, 0) / (middle + spread))
    return centre % sides if maps.periodic else centre, ellipticity
