"""Depth, seeing and extinction at the positions of injections, detected or not."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.bricks.brick_images import (
    PIXEL_SCALE,
    check_plane,
    plane_shape,
    read_plane,
)

INVERSE_VARIANCE = "invvar"
"""Depth from the inverse variance of the pixels, not from a column of the catalogue."""
DEPTHS = (INVERSE_VARIANCE, "psfdepth", "galdepth")
"""What depths are taken from: images, or columns of Tractor catalogues."""
SIGNIFICANCE = 5
"""Signal-to-noise ratio of a source at the depth."""
FWHM_PER_SIGMA = 2.355
REACH = 2
"""Pixels from the central one that the inverse variance of an injection is the median of."""


def conditions_columns(bands: Sequence[str], depth: str) -> list[str]:
    """Return the columns of a Tractor catalogue that conditions are taken from.

    Parameters
    ----------
    bands : sequence of str
        Photometric bands.
    depth : str
        One of `DEPTHS`.

    Returns
    -------
    list of str
    """
    names = ["psfsize", "mw_transmission", *([depth] if depth != INVERSE_VARIANCE else [])]
    return [f"{name}_{band}" for name in names for band in bands]


def observing_conditions(
    positions: np.ndarray,
    detected: pd.DataFrame,
    ivar: dict[str, np.ndarray],
    *,
    bands: Sequence[str],
    depth: str,
) -> pd.DataFrame:
    """Return the observing conditions at positions of a brick.

    Seeing and extinction, and depths from columns, are those of the nearest detection.

    Parameters
    ----------
    positions : numpy.ndarray, shape (N, 2), float64
        x and y in pixels from 0.
    detected : pandas.DataFrame
        Tractor catalogue with at least one object, and the columns of `conditions_columns`.
    ivar : dict from str to numpy.ndarray, shape (H, W), float32
        Inverse variance of each band in nanomaggies^-2, 0 for bad pixels; empty if depths are from
        columns.
    bands : sequence of str
        Photometric bands.
    depth : str
        One of `DEPTHS`.

    Returns
    -------
    pandas.DataFrame
        One row per position: seeing_<band> (full width at half maximum in arcsec),
        mw_transmission_<band>, and depth_<band>: AB magnitude, corrected for extinction, of a
        source with a signal-to-noise ratio of 5; NaN on bad pixels. It is a point source, or with
        "galdepth" a galaxy as Tractor defines it.
    """
    rows = cKDTree(detected[["bx", "by"]].to_numpy(np.float64)).query(positions)[1]
    nearest = detected.iloc[rows]
    columns = {}
    for band in bands:
        seeing = nearest[f"psfsize_{band}"].to_numpy(np.float64)
        transmission = nearest[f"mw_transmission_{band}"].to_numpy(np.float64)
        if depth == INVERSE_VARIANCE:
            weight = _local_median(ivar[band], positions) / _noise_area(seeing)
        else:
            weight = nearest[f"{depth}_{band}"].to_numpy(np.float64)
        columns[f"seeing_{band}"] = np.where(seeing > 0, seeing, np.nan)
        columns[f"mw_transmission_{band}"] = transmission
        columns[f"depth_{band}"] = limiting_magnitude(weight, transmission)
    return pd.DataFrame(columns)


def limiting_magnitude(
    inverse_variance: np.ndarray, transmission: np.ndarray | float = 1.0
) -> np.ndarray:
    """Return the magnitude of a source with a signal-to-noise ratio of 5.

    Parameters
    ----------
    inverse_variance : numpy.ndarray, shape (N,), float64
        Inverse variance of the flux of such a source in nanomaggies^-2.
    transmission : numpy.ndarray, shape (N,), or float
        Transmission of Galactic dust, which is corrected for.

    Returns
    -------
    numpy.ndarray, shape (N,), float64
        AB magnitudes; NaN where the inverse variance is not above 0.

    Examples
    --------
    >>> limiting_magnitude(np.array([25.0, 0.0])).tolist()
    [22.5, nan]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        flux = SIGNIFICANCE / np.sqrt(inverse_variance) / transmission
        return np.where(inverse_variance > 0, 22.5 - 2.5 * np.log10(flux), np.nan)


def read_inverse_variances(
    files: BrickFiles, run: BrickFiles, bands: Sequence[str]
) -> dict[str, np.ndarray]:
    """Read the inverse variances of a brick before the injection, or else after it.

    Parameters
    ----------
    files, run : BrickFiles
        Paths of the brick, and of a run of injections into it.
    bands : sequence of str
        Photometric bands.

    Returns
    -------
    dict from str to numpy.ndarray, shape (H, W), float32
        Inverse variance of each band in nanomaggies^-2.

    Raises
    ------
    InputError
        If a plane is missing, damaged or invalid.
    """
    planes: dict[str, np.ndarray] = {}
    for band in bands:
        own = files if files.coadd("invvar", band).is_file() else run
        path = own.coadd("invvar", band)
        if not path.is_file():
            raise InputError(
                f"{path}: there is no such plane, which depths are taken from; fetch it, or set "
                "depth to psfdepth or galdepth"
            )
        own.verified(path)
        plane, _ = read_plane(path)
        check_plane(path, plane, "invvar")
        image = own.coadd("image", band)
        shape = plane_shape(image) if image.is_file() else plane.shape
        for other in (shape, *(each.shape for each in planes.values())):
            if plane.shape != other:
                raise InputError(
                    f"{path}: {plane.shape[1]}×{plane.shape[0]} pixels, but the other planes of "
                    f"the brick have {other[1]}×{other[0]}; fetch the files of the brick again"
                )
        planes[band] = plane
    return planes


def _noise_area(fwhm: np.ndarray) -> np.ndarray:
    """Return the pixels of background noise in the flux of a Gaussian point source, 4 pi sigma²."""
    return 4 * np.pi * (fwhm / FWHM_PER_SIGMA / PIXEL_SCALE) ** 2


def _local_median(plane: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the median of the good pixels around positions (N, 2); 0 on a bad pixel, (N,)."""
    height, width = plane.shape
    steps = np.arange(-REACH, REACH + 1)
    column, row = (np.rint(values).astype(int) for values in positions.T)
    rows = np.clip(row[:, None, None] + steps[:, None], 0, height - 1)
    columns = np.clip(column[:, None, None] + steps, 0, width - 1)
    around = plane[rows, columns].reshape(len(positions), steps.size**2).astype(np.float64)
    around[~(around > 0)] = np.nan
    centre = plane[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    result = np.zeros(len(positions))
    good = centre > 0
    result[good] = np.nanmedian(around[good], axis=1)
    return result
