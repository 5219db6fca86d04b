"""Astrometric checks: whether the positions of a catalogue coincide with sources in an image.

A catalogue that counts pixels from 1 centres every stamp one pixel off, without any error. The
offset is measured from centroids of bright, isolated sources.
"""

import logging
import os
from typing import NamedTuple

import numpy as np
import pandas as pd
import sep
from scipy.spatial import cKDTree

from cosmodag.errors import InputError
from cosmodag.rejections import Rejections

ISOLATION = 14.0
"""Minimum distance in pixels to the nearest other object and to the edge of the image."""
APERTURE_RADIUS = 5.0
"""Radius in pixels of the aperture for the brightness; it must contain no bad pixel."""
WINDOW_SIGMA = 2.0
"""Standard deviation in pixels of the window of a centroid, about that of a point source."""
MAX_OFFSET = 3.0
"""Distance in pixels beyond which a centroid belongs to another source."""
MIN_SIGNAL_TO_NOISE = 15.0
"""Signal-to-noise ratio at which a centroid is accurate to about 0.2 pixels."""
MAX_SOURCES = 400
"""Number of brightest sources to measure; their median is accurate to 0.02 pixels."""
MIN_SOURCES = 8
"""Number of sources below which no offset is measured."""
TOLERANCE = 0.3
"""Largest difference in pixels between a median offset and a whole pixel that counts as one."""

logger = logging.getLogger(__name__)


class ShiftedCatalogueError(InputError):
    """A catalogue whose positions are a pixel off, probably as those of the whole survey."""


class AstrometricOffset(NamedTuple):
    """Median offset of catalogue positions from centroids of the light.

    Attributes
    ----------
    x, y : float
        Catalogue minus image in pixels.
    error : float
        Standard error of `x` and of `y` in pixels.
    n_sources : int
        Number of sources.
    """

    x: float
    y: float
    error: float
    n_sources: int


def check_positions(
    path: str | os.PathLike,
    catalogue: pd.DataFrame,
    image: np.ndarray,
    ivar: np.ndarray,
    *,
    first_pixel: int = 0,
) -> AstrometricOffset | None:
    """Check that the positions of a catalogue lie on the sources of an image.

    Parameters
    ----------
    path : path
        File of the catalogue, for messages.
    catalogue : pandas.DataFrame
        Columns bx, by (pixels from 0, inside the image) and optionally type ("PSF" for point
        sources). Give the complete catalogue, before any cut.
    image, ivar : numpy.ndarray, shape (H, W), float32
        Background-subtracted image in one band and its inverse variance, where 0 marks bad pixels.
    first_pixel : {0, 1}
        Index of the first pixel that was already subtracted from the positions, for messages.

    Returns
    -------
    AstrometricOffset or None
        None if there are too few bright, isolated sources.

    Raises
    ------
    ShiftedCatalogueError
        If positions lie one pixel off the sources in both x and y.
    """
    offset = measure_offset(catalogue, image, ivar)
    if offset is None:
        logger.info("%s: too few bright, isolated sources to check the positions", path)
        return None
    for pixel in (1, -1):
        if max(abs(offset.x - pixel), abs(offset.y - pixel)) <= TOLERANCE and offset.error < 0.1:
            cured = first_pixel + pixel
            cure = f"set `first_pixel: {cured}`, which subtracts {cured} from bx and by"
            if cured not in (0, 1):
                cure = "check that the catalogue and the image belong together"
            raise ShiftedCatalogueError(
                f"{path}: bx and by are ({offset.x:+.2f}, {offset.y:+.2f}) pixels off the centroids"
                f" of {offset.n_sources} sources with `first_pixel: {first_pixel}`; {cure}"
            )
    if max(abs(offset.x), abs(offset.y)) > max(TOLERANCE, 5 * offset.error):
        logger.warning(
            "%s: bx and by are (%+.2f, %+.2f) pixels off the centroids of %d sources",
            path,
            offset.x,
            offset.y,
            offset.n_sources,
        )
    return offset


def inside_image(
    path: str | os.PathLike,
    catalogue: pd.DataFrame,
    shape: tuple[int, ...],
    rejections: Rejections,
    *,
    columns: tuple[str, str] = ("bx", "by"),
) -> pd.DataFrame:
    """Return the objects of a catalogue that lie inside an image.

    Parameters
    ----------
    path : path
        File of the catalogue, for messages.
    catalogue : pandas.DataFrame
        Columns of positions in pixels from 0.
    shape : tuple of int
        Height and width of the image in pixels.
    rejections : Rejections
        Gets the objects outside.
    columns : tuple of str
        Names of the columns of positions in x and y.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InputError
        If too many positions lie outside.
    """
    height, width = shape
    x, y = (catalogue[name] for name in columns)
    inside = (x.between(-0.5, width - 0.5) & y.between(-0.5, height - 0.5)).to_numpy()
    if inside.all():
        return catalogue
    for row in np.flatnonzero(~inside):
        rejections.add(
            path,
            f"row {row}",
            f"{columns[0]} {x.iloc[row]:.1f}, {columns[1]} {y.iloc[row]:.1f} lie outside the image "
            f"of {width}×{height} pixels",
        )
    rejections.check(
        path,
        len(catalogue),
        f"give the catalogue of this brick, with {columns[0]} and {columns[1]} in pixels",
    )
    return catalogue[inside].reset_index(drop=True)


def measure_offset(
    catalogue: pd.DataFrame, image: np.ndarray, ivar: np.ndarray
) -> AstrometricOffset | None:
    """Measure the median offset of catalogue positions from bright, isolated sources.

    Centroids are weighted by a Gaussian window that is centred iteratively, as XWIN_IMAGE of
    SExtractor [1]_. Only point sources are used if there are enough of them.

    Parameters
    ----------
    catalogue, image, ivar
        As for `check_positions`.

    Returns
    -------
    AstrometricOffset or None
        None if there are too few bright, isolated sources.

    References
    ----------
    .. [1] Bertin & Arnouts 1996, A&AS 117, 393; computed with `sep`.
    """
    positions = catalogue[["bx", "by"]].to_numpy(np.float64)
    image = np.ascontiguousarray(image, np.float32)
    bad = ~(np.asarray(ivar) > 0)
    isolated = np.flatnonzero(_is_isolated(positions, image.shape))
    rows = isolated[_is_bright(positions[isolated], image, ivar, bad)]
    points = rows[_is_point_source(catalogue)[rows]]
    rows = points if len(points) >= MIN_SOURCES else rows
    if len(rows) < MIN_SOURCES:
        return None
    x, y = positions[rows].T
    centre_x, centre_y, flag = sep.winpos(image, x, y, WINDOW_SIGMA, mask=bad)
    offset = np.column_stack([x - centre_x, y - centre_y])
    offset = offset[(flag == 0) & (np.hypot(*offset.T) < MAX_OFFSET)]
    if len(offset) < max(MIN_SOURCES, len(rows) / 2):
        return None
    median = np.median(offset, axis=0)
    spread = 1.4826 * np.median(np.abs(offset - median), axis=0).max()
    error = 1.2533 * spread / np.sqrt(len(offset))  # of the median of Gaussian offsets
    return AstrometricOffset(float(median[0]), float(median[1]), float(error), len(offset))


def _is_isolated(positions: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return which positions (N, 2) are far from other objects and from the edge, (N,) bool."""
    if len(positions) < 2:
        return np.zeros(len(positions), bool)
    nearest = cKDTree(positions).query(positions, k=2)[0][:, 1]
    height, width = shape
    edge = np.minimum(positions, [width - 1, height - 1] - positions).min(axis=1)
    return (nearest > ISOLATION) & (edge > ISOLATION)


def _is_bright(
    positions: np.ndarray, image: np.ndarray, ivar: np.ndarray, bad: np.ndarray
) -> np.ndarray:
    """Return which positions (N, 2) are bright and free of bad pixels, (N,) bool."""
    x, y = positions.T
    flux = sep.sum_circle(image, x, y, APERTURE_RADIUS, subpix=1)[0]
    masked = sep.sum_circle(bad.astype(np.float32), x, y, APERTURE_RADIUS, subpix=1)[0] > 0
    height, width = image.shape
    row = np.clip(np.rint(y), 0, height - 1).astype(int)
    column = np.clip(np.rint(x), 0, width - 1).astype(int)
    noise = np.sqrt(np.pi * APERTURE_RADIUS**2 / np.where(masked, 1, np.asarray(ivar)[row, column]))
    signal = np.where(masked, -np.inf, flux / noise)
    limit = np.sort(signal)[-MAX_SOURCES] if len(signal) > MAX_SOURCES else MIN_SIGNAL_TO_NOISE
    return signal >= max(limit, MIN_SIGNAL_TO_NOISE)


def _is_point_source(catalogue: pd.DataFrame) -> np.ndarray:
    """Return which objects have a type of point source, (N,) bool."""
    if "type" not in catalogue:
        return np.zeros(len(catalogue), bool)
    return catalogue["type"].isin(["PSF", "SIMP"]).to_numpy()
