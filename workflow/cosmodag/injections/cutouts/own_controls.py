"""Control experiments that are made of a survey's own images.

Nobody knows a fault of the injections of a real survey, or that they have none. In these controls
real objects are compared with other real objects of the same bricks, which are left as they are or
spoiled in a known way, so that a test shows with the survey's own noise, depth and objects what it
detects.
"""

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from scipy import ndimage

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_catalogues import read_simcat, read_tractor
from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.bricks.brick_images import PIXEL_SCALE, read_plane
from cosmodag.injections.cutouts.stamp_features import NEIGHBOUR_RADIUS
from cosmodag.injections.selection.brick_selection import INJECTED, REAL, has_neighbour
from cosmodag.rejections import Rejections

UNCHANGED, BLANK = "unchanged", "blank"
POSITION, IVAR, PSF, NOISE = "position", "ivar", "psf", "noise"
CONTROLS = (UNCHANGED, POSITION, IVAR, PSF, NOISE, BLANK)

IVAR_FACTOR = 0.8
"""Factor on inverse variances: errors overestimated by 12 %."""
BLUR = 1.05
"""Factor on the width of the point-spread function."""
FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))
CANDIDATES = 100
"""Random places that are examined per blank stamp."""


def control_objects(
    objects: pd.DataFrame, control: str, survey: Path, side: int, bands: Sequence[str]
) -> pd.DataFrame:
    """Return the objects of a control experiment, of both classes.

    Parameters
    ----------
    objects : pandas.DataFrame
        Selection with columns id, brick, run, label, bx, by and others.
    control : str
        One of `CONTROLS`. "blank" replaces injected objects by pairs of places without an object,
        one in the image before (label 0) and one in the image after the injection (label 1). The
        others divide the real objects into two halves by a hash of their ids.
    survey : pathlib.Path
        Folder of the survey.
    side : int
        Pixels per side of a stamp.
    bands : sequence of str
        Bands of the stamps.

    Returns
    -------
    pandas.DataFrame
        Columns as of `objects`.

    Raises
    ------
    InputError
        If the control is not known, or a class has no object.
    """
    if control not in CONTROLS:
        raise InputError(f"control {control!r}: choose from {', '.join(CONTROLS)}")
    if control == BLANK:
        injected = objects[objects["label"] == INJECTED]
        parts = [
            _blank_places(rows, BrickFiles(survey, brick, run), side, bands)
            for (brick, run), rows in injected.groupby(["brick", "run"], sort=True)
        ]
        chosen = pd.concat(parts, ignore_index=True)
    else:
        chosen = objects[objects["label"] == REAL].reset_index(drop=True)
        halves = [zlib.crc32(f"control {name}".encode()) & 1 for name in chosen["id"]]
        chosen["label"] = np.array(halves, dtype=chosen["label"].dtype)
        if control == POSITION:
            chosen["bx"] += chosen["label"]
    for label in (REAL, INJECTED):
        if not (chosen["label"] == label).any():
            raise InputError(
                f"{survey}: too few objects or places for both classes of the control {control!r}; "
                "widen the cuts or add bricks"
            )
    return chosen


def spoil(
    planes: np.ndarray, objects: pd.DataFrame, control: str, bands: Sequence[str], brick: str
) -> None:
    """Spoil the stamps of class 1 of a control experiment in place.

    Parameters
    ----------
    planes : numpy.ndarray, shape (2B, N, S, S), float32
        Stamps: image (nanomaggies) and inverse variance (nanomaggies^-2) of each band.
    objects : pandas.DataFrame, N rows
        Columns label and, if the catalogue has them, psfsize_<band> (arcsec).
    control : str
        One of `CONTROLS`. "ivar" multiplies inverse variances by `IVAR_FACTOR`; "noise" adds noise
        so that its standard deviation doubles; "psf" widens the point-spread function by the factor
        `BLUR` with a Gaussian and adds the noise that this removes. Others leave the stamps.
    bands : sequence of str
        Names of the B bands.
    brick : str
        Name of the brick, from which the random noise is drawn.
    """
    rows = np.flatnonzero(objects["label"].to_numpy() == INJECTED)
    rng = np.random.default_rng(zlib.crc32(f"{control} {brick}".encode()))
    for number, band in enumerate(bands):
        image, ivar = (planes[2 * number + plane, rows] for plane in (0, 1))
        if control == IVAR:
            planes[2 * number + 1, rows] = ivar * np.float32(IVAR_FACTOR)
        elif control == NOISE:
            planes[2 * number, rows] = _with_noise(image, ivar, 3.0, rng)
        elif control == PSF:
            sigma = _psf_sigma(objects, band) * np.sqrt(BLUR**2 - 1)
            blurred = ndimage.gaussian_filter(image, (0, sigma, sigma), mode="nearest")
            blurred[ivar <= 0] = image[ivar <= 0]
            removed = 1 - _noise_kept(sigma)
            planes[2 * number, rows] = _with_noise(blurred, ivar, removed, rng)


def _with_noise(
    image: np.ndarray, ivar: np.ndarray, variance: float, rng: np.random.Generator
) -> np.ndarray:
    """Return images with noise of a variance in units of that of the pixels; none in bad ones."""
    error = np.sqrt(variance / np.where(ivar > 0, ivar, np.inf))
    return image + error * rng.standard_normal(image.shape, np.float32)


def _psf_sigma(objects: pd.DataFrame, band: str) -> float:
    """Return the standard deviation of the point-spread function of a brick in pixels."""
    fwhm = np.median(objects.get(f"psfsize_{band}", pd.Series([np.nan])))
    fwhm = fwhm if np.isfinite(fwhm) and fwhm > 0 else 1.4
    return float(fwhm / FWHM_PER_SIGMA / PIXEL_SCALE)


def _noise_kept(sigma: float) -> float:
    """Return the fraction of the variance of white noise that a Gaussian filter leaves."""
    point = np.zeros((33, 33))
    point[16, 16] = 1
    return float((ndimage.gaussian_filter(point, sigma) ** 2).sum())


def _blank_places(
    injected: pd.DataFrame, run: BrickFiles, side: int, bands: Sequence[str]
) -> pd.DataFrame:
    """Return pairs of places without an object, with the other columns of injected objects."""
    plane, header = read_plane(run.coadd("image", bands[0]))
    usable = Rejections("objects", 0.99)  # the selection has listed the others
    sources = [
        read_tractor(files.verified(files.tractor), ["bx", "by"], rejections=usable)
        for files in (run._replace(run=None), run)
    ]
    truth = read_simcat(run.verified(run.simcat), bands=(), rejections=usable)
    truth = truth[["x", "y"]].to_numpy(np.float64)
    known = [truth, *(each[["bx", "by"]].to_numpy(np.float64) for each in sources)]
    rng = np.random.default_rng(zlib.crc32(f"{BLANK} {run.brick} {run.run}".encode()))
    first, last = side / 2, np.array(plane.shape[::-1]) - side / 2 - 1
    if (last <= first).any():
        return injected.iloc[:0]
    places = rng.uniform(first, last, (2 * CANDIDATES * len(injected), 2))
    taken = has_neighbour(places, np.concatenate(known), NEIGHBOUR_RADIUS)
    # Stamps after the injection must not contain more objects than those before it.
    taken |= has_neighbour(places, truth, side / np.sqrt(2) + NEIGHBOUR_RADIUS)
    places = places[~taken]
    count = min(len(injected), len(places) // 2)
    rows = injected.iloc[:count]
    parts = []
    for label, name in ((REAL, ""), (INJECTED, run.run)):
        x, y = places[label * count : (label + 1) * count].T
        ra, dec = WCS(header).all_pix2world(x, y, 0) if count else (x, y)
        ids = [f"{run.brick}/{name or 'real'}/{BLANK}-{run.run}-{n}" for n in range(count)]
        columns = {"id": ids, "run": name, "label": label, "bx": x, "by": y, "ra": ra, "dec": dec}
        parts.append(rows.assign(**columns))
    return pd.concat(parts)
