"""Whether the positions of a catalogue are those of the sources in an image.

Catalogues that count pixels from 1 pass for others and put every stamp one pixel off, so they are
found by the light itself: centroids of bright, isolated sources are compared with their positions.
"""

import logging
import os
from typing import NamedTuple

import numpy as np
import pandas as pd
import sep
from scipy.spatial import cKDTree

from cosmodag.errors import InputError

ISOLATION = 14.0
"""Pixels to the nearest object and to the edge, for the light in between to be one source's."""
RADIUS = 5.0
"""Pixels of the aperture in which brightness is measured and no pixel may be bad."""
WINDOW = 2.0
"""Standard deviation in pixels of the window of a centroid: about that of a point source."""
FARTHEST = 3.0
"""Pixels from a position beyond which a centroid is another source's."""
FAINTEST = 15.0
"""Signal-to-noise of a source whose centroid is good to about 0.2 pixels."""
BRIGHTEST = 400
"""Sources that are measured, the brightest first: the median of these is good to 0.02 pixels."""
FEWEST = 8
"""Point sources, or else sources of all types, below which nothing is said."""
TOLERANCE = 0.3
"""Pixels that a median shift may differ from a whole pixel to count as one."""

logger = logging.getLogger(__name__)


class Shift(NamedTuple):
    """Positions of a catalogue minus centroids of the light: medians over `count` sources.

    `x`, `y` and the standard error `error` of either are in pixels.
    """

    x: float
    y: float
    error: float
    count: int


def check_positions(
    path: str | os.PathLike,
    catalogue: pd.DataFrame,
    image: np.ndarray,
    ivar: np.ndarray,
    *,
    first_pixel: int = 0,
) -> Shift | None:
    """Check that the positions of a catalogue lie in an image and on its sources.

    Parameters
    ----------
    path
        File of the catalogue, for messages.
    catalogue
        Columns bx, by (pixels from 0) and, if there is one, type ("PSF" for points). The catalogue
        before any cut serves best.
    image, ivar : numpy.ndarray, shape (H, W), float32
        One band and its inverse variance, where 0 marks bad pixels; without the sky's background.
    first_pixel : {0, 1}
        What was already taken off the positions, for the cure.

    Returns
    -------
    Shift or None
        None where too few bright, isolated sources are there to tell.

    Raises
    ------
    InputError
        Positions lie off the image, or one pixel beside the light in x and in y.
    """
    check_inside(path, catalogue, image.shape)
    shift = measure_shift(catalogue, image, ivar)
    if shift is None:
        logger.info("%s: too few bright, isolated sources to check the positions", path)
        return None
    for pixel in (1, -1):
        if max(abs(shift.x - pixel), abs(shift.y - pixel)) <= TOLERANCE and shift.error < 0.1:
            counted = first_pixel + pixel
            cure = f"set `first_pixel: {counted}`, which takes {counted} off"
            if counted not in (0, 1):
                cure = "do the catalogue and the image belong together?"
            raise InputError(
                f"{path}: bx and by lie ({shift.x:+.2f}, {shift.y:+.2f}) pixels beside the light "
                f"of {shift.count} sources with `first_pixel: {first_pixel}`; {cure}"
            )
    if max(abs(shift.x), abs(shift.y)) > max(TOLERANCE, 5 * shift.error):
        logger.warning(
            "%s: bx and by lie (%+.2f, %+.2f) pixels beside the light of %d sources",
            path,
            shift.x,
            shift.y,
            shift.count,
        )
    return shift


def check_inside(path: str | os.PathLike, catalogue: pd.DataFrame, shape: tuple[int, int]) -> None:
    """Check that positions bx, by lie in an image of `shape` (H, W), else raise InputError."""
    height, width = shape
    bx, by = catalogue["bx"], catalogue["by"]
    outside = ~(bx.between(-0.5, width - 0.5) & by.between(-0.5, height - 0.5)).to_numpy()
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise InputError(
            f"{path}: {outside.sum()} of {len(outside)} objects ({100 * outside.mean():.3g} %) lie "
            f"off the image of {width}×{height} pixels, the first at bx {bx.iloc[row]:.1f}, by "
            f"{by.iloc[row]:.1f}; give bx and by in pixels of this brick, and its own catalogue"
        )


def measure_shift(catalogue: pd.DataFrame, image: np.ndarray, ivar: np.ndarray) -> Shift | None:
    """Measure how far positions lie from the light of bright, isolated sources.

    Centroids are weighted by a Gaussian window that moves along with them, as XWIN_IMAGE of
    SExtractor (Bertin and Arnouts 1996, A&AS 117, 393), by way of `sep`. Point sources alone are
    used where there are enough. Parameters are those of `check_positions`.
    """
    positions = catalogue[["bx", "by"]].to_numpy(np.float64)
    image = np.ascontiguousarray(image, np.float32)
    bad = ~(np.asarray(ivar) > 0)
    alone = np.flatnonzero(_isolated(positions, image.shape))
    rows = alone[_bright(positions[alone], image, ivar, bad)]
    points = rows[_points(catalogue)[rows]]
    rows = points if len(points) >= FEWEST else rows
    if len(rows) < FEWEST:
        return None
    x, y = positions[rows].T
    centre_x, centre_y, flag = sep.winpos(image, x, y, WINDOW, mask=bad)
    offset = np.column_stack([x - centre_x, y - centre_y])
    offset = offset[(flag == 0) & (np.hypot(*offset.T) < FARTHEST)]
    if len(offset) < max(FEWEST, len(rows) / 2):
        return None
    middle = np.median(offset, axis=0)
    spread = 1.4826 * np.median(np.abs(offset - middle), axis=0).max()
    error = 1.2533 * spread / np.sqrt(len(offset))  # of a median of Gaussian offsets
    return Shift(*map(float, middle), float(error), len(offset))


def _isolated(positions: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Which positions (N, 2) have neither another object nor the edge nearby, (N,) bool."""
    if len(positions) < 2:
        return np.zeros(len(positions), bool)
    nearest = cKDTree(positions).query(positions, k=2)[0][:, 1]
    height, width = shape
    edge = np.minimum(positions, [width - 1, height - 1] - positions).min(axis=1)
    return (nearest > ISOLATION) & (edge > ISOLATION)


def _bright(positions: np.ndarray, image, ivar, bad) -> np.ndarray:
    """Which positions (N, 2) are the brightest and have no bad pixel about them, (N,) bool."""
    x, y = positions.T
    light = sep.sum_circle(image, x, y, RADIUS, subpix=1)[0]
    spoilt = sep.sum_circle(bad.astype(np.float32), x, y, RADIUS, subpix=1)[0] > 0
    height, width = image.shape
    row = np.clip(np.rint(y), 0, height - 1).astype(int)
    column = np.clip(np.rint(x), 0, width - 1).astype(int)
    noise = np.sqrt(np.pi * RADIUS**2 / np.where(spoilt, 1, np.asarray(ivar)[row, column]))
    signal = np.where(spoilt, -np.inf, light / noise)
    limit = np.sort(signal)[-BRIGHTEST] if len(signal) > BRIGHTEST else FAINTEST
    return signal >= max(limit, FAINTEST)


def _points(catalogue: pd.DataFrame) -> np.ndarray:
    if "type" not in catalogue:
        return np.zeros(len(catalogue), bool)
    return catalogue["type"].isin(["PSF", "SIMP"]).to_numpy()
